//! JSON: one object on one line.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::deliver::Assignment;

use super::format::{Format, Layout};

pub(super) const FORMAT: Format = Format { word: "json", help: "one JSON object", layout: Layout::Together(object) };

pub(super) fn object(all: &[Assignment]) -> Zeroizing<String> {
    let object: BTreeMap<&str, &str> = all.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
    let mut text = serde_json::to_string(&object).unwrap_or_default();
    text.push('\n');
    Zeroizing::new(text)
}
