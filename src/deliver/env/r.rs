//! R: a string constant in double quotes, where `\\` and `\"` are escapes (?Quotes).

use super::escaped;

pub(super) fn line(name: &str, value: &str) -> String {
    format!("Sys.setenv({name} = \"{}\")", escaped(value, &['\\', '"']))
}
