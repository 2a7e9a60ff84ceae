//! A JSON object whose values stay raw text: keys that this version does not know are written back unchanged. The text is
//! wiped when dropped, since it may hold a token. Keys are written in alphabetical order.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// The JSON text of a value.
pub(super) type RawText = Zeroizing<String>;

#[derive(Clone, Default)]
pub(super) struct RawObject(BTreeMap<String, RawText>);

impl RawObject {
    /// Parses an object; none where the text is something else.
    pub(super) fn parse(text: &[u8]) -> Option<RawObject> {
        let values: BTreeMap<String, &RawValue> = serde_json::from_slice(text).ok()?;
        Some(RawObject(values.into_iter().map(|(key, value)| (key, text_of(value))).collect()))
    }

    /// Removes and decodes a value; none where it is missing or `null`.
    ///
    /// # Errors
    /// The value has another type.
    pub(super) fn take<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, serde_json::Error> {
        self.0.remove(key).map_or(Ok(None), |text| serde_json::from_str(&text))
    }

    /// Removes an array and returns its elements; empty where it is missing.
    ///
    /// # Errors
    /// The value is no array.
    pub(super) fn take_elements(&mut self, key: &str) -> Result<Vec<RawText>, serde_json::Error> {
        let Some(text) = self.0.remove(key) else { return Ok(Vec::new()) };
        let elements: Vec<&RawValue> = serde_json::from_str(&text)?;
        Ok(elements.into_iter().map(text_of).collect())
    }

    /// Sets a value.
    pub(super) fn with(mut self, key: &str, value: &impl Serialize) -> Result<RawObject, serde_json::Error> {
        self.0.insert(key.to_owned(), Zeroizing::new(serde_json::to_string(value)?));
        Ok(self)
    }
}

impl Serialize for RawObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, text) in &self.0 {
            map.serialize_entry(key, as_value(text).map_err(S::Error::custom)?)?;
        }
        map.end()
    }
}

/// Raw text as a value that serialises to it.
pub(super) fn as_value(text: &RawText) -> Result<&RawValue, serde_json::Error> {
    serde_json::from_str(text)
}

fn text_of(value: &RawValue) -> RawText {
    Zeroizing::new(value.get().to_owned())
}
