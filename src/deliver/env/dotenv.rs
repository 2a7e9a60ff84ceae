//! `.env` files: single quotes, with the escapes `\'` and `\\`, as python-dotenv and similar readers have them; nothing is
//! expanded.

use super::escaped;

pub(super) fn line(name: &str, value: &str) -> String {
    format!("{name}='{}'", escaped(value, &['\\', '\'']))
}
