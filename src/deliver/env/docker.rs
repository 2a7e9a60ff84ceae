//! docker's `--env-file`: everything after the first `=` is the value, byte for byte. There is no quoting; a value without a
//! line end needs none.

use super::format::{Format, Layout};

pub(super) const FORMAT: Format = Format { word: "docker", help: "docker run --env-file", layout: Layout::Lines(line) };

fn line(name: &str, value: &str) -> String {
    format!("{name}={value}")
}
