//! docker's `--env-file`: all after the first `=` is the value, to the byte; there is no quoting, and none is needed
//! where a value has no line end.

pub(super) fn line(name: &str, value: &str) -> String {
    format!("{name}={value}")
}
