//! R's `.Renviron` files (?readRenviron). Within single quotes everything but a single quote stands for itself, a backslash
//! too; `${...}` is expanded even there, before quotes are taken away, and so must not stand there in one piece.

pub(super) fn line(name: &str, value: &str) -> String {
    format!("{name}='{}'", value.replace('\'', r#"'"'"'"#).replace("${", "$''{"))
}
