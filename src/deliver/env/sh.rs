//! POSIX shells: `export` with single quotes.

use crate::deliver::quoted;

use super::format::{Format, Layout};

pub(super) const FORMAT: Format =
    Format { word: "sh", help: "POSIX shells, bash, zsh", layout: Layout::Evaluated(line) };

fn line(name: &str, value: &str) -> String {
    format!("export {name}={}", quoted(value))
}
