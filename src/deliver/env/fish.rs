//! fish: within single quotes, `\'` and `\\` are the only escapes (fish-language(1), "Quotes").

use super::escaped;
use super::format::{Format, Layout};

pub(super) const FORMAT: Format = Format { word: "fish", help: "fish", layout: Layout::Evaluated(line) };

fn line(name: &str, value: &str) -> String {
    format!("set -gx {name} '{}'", escaped(value, &['\\', '\'']))
}
