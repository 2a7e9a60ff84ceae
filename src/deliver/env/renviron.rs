//! R's `.Renviron` files (?readRenviron). Within single quotes, a backslash is literal, and a single quote ends them. `${...}` is
//! expanded even there, before quotes are removed, so a `${` is split.

pub(super) fn line(name: &str, value: &str) -> String {
    format!("{name}='{}'", value.replace('\'', r#"'"'"'"#).replace("${", "$''{"))
}
