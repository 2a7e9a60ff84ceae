//! Another program's file, changed where it must be and left as it is everywhere else.

use std::path::Path;

use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Serializer, Value};

use crate::error::{Error, Reason, Result};
use crate::files::{self, Trouble};

/// The most bytes that such a file may have.
const LIMIT: usize = 1024 * 1024;

/// The object that a file holds; an empty one where there is no file.
///
/// # Errors
/// It cannot be read, or holds something else.
pub(super) fn read(path: &Path) -> Result<Map<String, Value>> {
    match files::read(path, LIMIT) {
        Ok(contents) if contents.bytes.trim_ascii().is_empty() => Ok(Map::new()),
        Ok(contents) => serde_json::from_slice(&contents.bytes).map_err(|_| unusable(path, "is no JSON object")),
        Err(Trouble::Absent) => Ok(Map::new()),
        Err(trouble) => Err(unusable(path, &trouble.to_string())),
    }
}

/// Changes a file that holds one JSON object, keeping the order of its keys; whole or not at all, and only where the
/// change makes a difference, which is returned. A file that is not there is an empty object.
///
/// # Errors
/// As [`read`], what the change finds wrong with it, or it cannot be written.
pub(super) fn json(
    path: &Path,
    change: impl FnOnce(&mut Map<String, Value>) -> Result<(), &'static str>,
) -> Result<bool> {
    let former = read(path)?;
    let mut changed = former.clone();
    change(&mut changed).map_err(|why| unusable(path, why))?;
    if changed == former {
        return Ok(false);
    }
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b"\t"));
    let written = changed.serialize(&mut serializer).map_err(std::io::Error::from);
    text.push(b'\n');
    written.and_then(|()| files::write(path, &text)).map_err(|error| unwritable(path, error))?;
    Ok(true)
}

fn unusable(path: &Path, why: &str) -> Error {
    Error::new(Reason::Unreadable, format!("{} {why}; it was left as it is", path.display()))
        .hint("mend it, and try again")
}

/// A file that cannot be written.
pub(super) fn unwritable(path: &Path, error: std::io::Error) -> Error {
    Error::new(Reason::Unreadable, format!("{} cannot be written ({})", path.display(), error.kind()))
        .hint("check its folder's owner and mode, and the disk")
        .caused_by(error)
}
