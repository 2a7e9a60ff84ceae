//! docker's `--env-file`: everything after the first `=` is the value, byte for byte. There is no quoting; a value without a
//! line end needs none.

pub(super) fn line(name: &str, value: &str) -> String {
    format!("{name}={value}")
}
