//! `.env` files: single quotes, with `\'` and `\\` as python-dotenv and its kin read them; nothing is expanded.

use super::escaped;

pub(super) fn line(name: &str, value: &str) -> String {
    format!("{name}='{}'", escaped(value, &['\\', '\'']))
}
