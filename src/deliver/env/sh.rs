//! POSIX shells: `export` with single quotes.

use crate::deliver::quoted;

pub(super) fn line(name: &str, value: &str) -> String {
    format!("export {name}={}", quoted(value))
}
