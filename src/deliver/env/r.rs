//! R: a string constant in double quotes, where `\\` and `\"` are escapes (?Quotes).

use super::escaped;

pub(super) fn line(name: &str, value: &str) -> String {
    // A name that begins with _ is an R name only in backticks (?Quotes).
    let name = if name.starts_with('_') { format!("`{name}`") } else { name.to_owned() };
    format!("Sys.setenv({name} = \"{}\")", escaped(value, &['\\', '"']))
}
