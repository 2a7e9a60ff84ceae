//! YAML as JSON data, as far as a slot file needs it: the first document. An alias becomes `null`, so that a file cannot
//! expand to more data than it has bytes.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};
use serde_json::{Map, Value};

/// The maximum nesting depth; no slot file is nested deeper.
const MAX_DEPTH: usize = 16;

/// A list or a mapping that has not ended yet.
enum Open {
    List(Vec<Value>),
    /// With the key of the next value.
    Mapping(Map<String, Value>, Option<String>),
}

/// Parses the first document; an empty file is `null`.
///
/// # Errors
/// The reason, which follows the file's name in a message.
pub fn read(text: &str) -> Result<Value, String> {
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| message(&error))?;
        let done = match event {
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Mapping(Map::new(), None));
                None
            }
            Event::Scalar(text, style, ..) => Some(scalar(&text, style)),
            Event::Alias(_) => Some(Value::Null),
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(Open::close),
            Event::DocumentEnd | Event::StreamEnd => break,
            _ => None,
        };
        if open.len() > MAX_DEPTH {
            return Err(format!("is nested too deeply (line {})", span.start.line()));
        }
        match (done, open.last_mut()) {
            (Some(done), Some(parent)) => parent.add(done),
            (Some(done), None) => return Ok(done),
            (None, _) => {}
        }
    }
    Ok(Value::Null)
}

impl Open {
    fn add(&mut self, value: Value) {
        match self {
            Open::List(list) => list.push(value),
            Open::Mapping(map, key) => match key.take() {
                Some(key) => drop(map.insert(key, value)),
                None => *key = Some(value.as_str().unwrap_or_default().to_owned()),
            },
        }
    }

    fn close(self) -> Value {
        match self {
            Open::List(list) => list.into(),
            Open::Mapping(map, _) => map.into(),
        }
    }
}

/// Quoted scalars are text; plain ones may be `null`, booleans or numbers (YAML 1.2.2, section 10.3).
fn scalar(text: &str, style: ScalarStyle) -> Value {
    let bare = || match text {
        "" | "~" => Some(Value::Null),
        text => serde_json::from_str(text).ok(),
    };
    Some(style).filter(|style| *style == ScalarStyle::Plain).and_then(|_| bare()).unwrap_or_else(|| text.into())
}

fn message(error: &ScanError) -> String {
    format!("is not valid YAML (line {}, column {})", error.marker().line(), error.marker().col() + 1)
}
