//! Another program's file, changed where it must be and left as it is everywhere else.

use std::fs;
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

/// What a file would hold after a change; none where it makes no difference.
///
/// # Errors
/// As [`read`], or what the change finds wrong.
pub(super) fn attempt(
    path: &Path,
    change: impl FnOnce(&mut Map<String, Value>) -> Result<(), String>,
) -> Result<Option<Map<String, Value>>> {
    let former = read(path)?;
    let mut changed = former.clone();
    change(&mut changed).map_err(|why| unusable(path, &why))?;
    Ok((changed != former).then_some(changed))
}

/// Changes a file that holds one JSON object, keeping the order of its keys; whole or not at all, and only where the
/// change makes a difference, which is returned. A file that is not there is an empty object, and an empty object that is
/// left over is a file that is not there.
///
/// # Errors
/// As [`attempt`], or it cannot be written.
pub(super) fn json(path: &Path, change: impl FnOnce(&mut Map<String, Value>) -> Result<(), String>) -> Result<bool> {
    let Some(changed) = attempt(path, change)? else { return Ok(false) };
    if changed.is_empty() && path.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
        return fs::remove_file(path).map(|()| true).map_err(|error| unwritable(path, error));
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
