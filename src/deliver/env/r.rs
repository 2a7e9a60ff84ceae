//! R: a string constant in double quotes, where `\\` and `\"` are escapes (?Quotes).

use super::escaped;
use super::format::{Format, Layout};

pub(super) const FORMAT: Format = Format { word: "r", help: "R", layout: Layout::Evaluated(line) };

fn line(name: &str, value: &str) -> String {
    // A name that begins with _ is an R name only in backticks (?Quotes).
    let name = if name.starts_with('_') { format!("`{name}`") } else { name.to_owned() };
    format!("Sys.setenv({name} = \"{}\")", escaped(value, &['\\', '"']))
}
