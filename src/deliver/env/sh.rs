//! POSIX shells: within single quotes everything but a single quote stands for itself (XCU, section 2.2.2).

pub(super) fn line(name: &str, value: &str) -> String {
    format!("export {name}='{}'", value.replace('\'', r"'\''"))
}
