//! fish: within single quotes, `\'` and `\\` are the only escapes (fish-language(1), "Quotes").

use super::escaped;

pub(super) fn line(name: &str, value: &str) -> String {
    format!("set -gx {name} '{}'", escaped(value, &['\\', '\'']))
}
