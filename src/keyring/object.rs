//! A JSON object whose values stay the texts that they are: what this version does not know is written back unchanged.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// A value, as the text that it is.
pub(super) type Text = Zeroizing<String>;

#[derive(Clone, Default)]
pub(super) struct Object(BTreeMap<String, Text>);

impl Object {
    /// The object that a text is; none where it is something else.
    pub(super) fn parse(text: &[u8]) -> Option<Object> {
        let values: BTreeMap<String, &RawValue> = serde_json::from_slice(text).ok()?;
        Some(Object(values.into_iter().map(|(key, value)| (key, text_of(value))).collect()))
    }

    /// Takes a value out; none where it is missing or `null`.
    ///
    /// # Errors
    /// It is of another type.
    pub(super) fn take<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, serde_json::Error> {
        self.0.remove(key).map_or(Ok(None), |text| serde_json::from_str(&text))
    }

    /// Takes the elements of an array out; none where the value is missing.
    ///
    /// # Errors
    /// It is no array.
    pub(super) fn take_all(&mut self, key: &str) -> Result<Vec<Text>, serde_json::Error> {
        let Some(text) = self.0.remove(key) else { return Ok(Vec::new()) };
        let elements: Vec<&RawValue> = serde_json::from_str(&text)?;
        Ok(elements.into_iter().map(text_of).collect())
    }

    /// The same object with one more value.
    pub(super) fn with(mut self, key: &str, value: &impl Serialize) -> Result<Object, serde_json::Error> {
        self.0.insert(key.to_owned(), Zeroizing::new(serde_json::to_string(value)?));
        Ok(self)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, text) in &self.0 {
            map.serialize_entry(key, as_is(text).map_err(S::Error::custom)?)?;
        }
        map.end()
    }
}

/// A text as the value that it is.
pub(super) fn as_is(text: &Text) -> Result<&RawValue, serde_json::Error> {
    serde_json::from_str(text)
}

fn text_of(value: &RawValue) -> Text {
    Zeroizing::new(value.get().to_owned())
}
