//! JSON: one object on one line.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::deliver::Assignment;

pub(super) fn object(all: &[Assignment]) -> Zeroizing<String> {
    let object: BTreeMap<&str, &str> = all.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
    let mut text = serde_json::to_string(&object).unwrap_or_default();
    text.push('\n');
    Zeroizing::new(text)
}
