//! R's `.Renviron` files (?readRenviron, and `Putenv` in R's `Renviron.c`). A quote does not count as one after a backslash, which
//! then is removed before a quote of the kind that is open. `${...}` is expanded even within quotes, before they are removed.
//!
//! So the value is in single quotes, but a single quote, with the backslashes before it, in double quotes; backslashes at the end
//! are in none, where all but the last remain; and a `${` is split.

use super::format::{Format, Layout};

pub(super) const FORMAT: Format = Format { word: "renviron", help: "R's .Renviron", layout: Layout::Lines(line) };

fn line(name: &str, value: &str) -> String {
    let (value, end) = split_backslashes(value);
    let quoted: String = value.split_inclusive('\'').map(single_quoted).collect();
    let end = if end.is_empty() { String::new() } else { format!("{end}\\") };
    format!("{name}='{}'{end}", quoted.replace("${", "$''{"))
}

/// What is written for a part of the value within single quotes; a quote is only at the part's end.
fn single_quoted(part: &str) -> String {
    let Some(before) = part.strip_suffix('\'') else { return part.to_owned() };
    let (text, backslashes) = split_backslashes(before);
    format!(r#"{text}'"{backslashes}'"'"#)
}

/// The text, and the backslashes at its end.
fn split_backslashes(text: &str) -> (&str, &str) {
    text.split_at(text.trim_end_matches('\\').len())
}
