//! `.env` files: single quotes, with the escapes `\'` and `\\`, as python-dotenv and similar readers have them; nothing is
//! expanded.

use super::escaped;
use super::format::{Format, Layout};

pub(super) const FORMAT: Format = Format { word: "dotenv", help: "a .env file", layout: Layout::Lines(line) };

fn line(name: &str, value: &str) -> String {
    format!("{name}='{}'", escaped(value, &['\\', '\'']))
}
