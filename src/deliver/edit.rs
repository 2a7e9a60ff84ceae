//! Edits another program's JSON file: changes members of its object, and keeps every other byte, including duplicate keys,
//! long numbers and whitespace.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files::{self, Lock, ReadError};

use super::object::EMPTY;

/// The largest size of such a file in bytes, before and after the change.
const LIMIT: usize = 1024 * 1024;

/// How long to wait for another `setup`.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Locks out every other `setup` of this user until it is dropped. None where there is no folder for the lock; without effect
/// where the file system has no locks.
///
/// # Errors
/// Another `setup` does not end.
pub(super) fn lock(env: &Env) -> Result<Option<File>> {
    let Some(path) = env.config_dir().map(|folder| folder.join("setup.lock")) else { return Ok(None) };
    let Ok(file) = files::open_lock(&path) else { return Ok(None) };
    match files::acquire(&file, TIMEOUT) {
        Ok(Lock::Busy) => Err(Error::new(Reason::Unreadable, "another co-cred setup is running, and does not end")
            .hint(format!("end the process that has {} open, and try again", path.display()))),
        _ => Ok(Some(file)),
    }
}

/// Reads a file; an empty object if there is no file.
///
/// # Errors
/// It cannot be read.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>> {
    match files::read(path, LIMIT) {
        Ok(contents) if contents.bytes.trim_ascii().is_empty() => Ok(Zeroizing::new(EMPTY.to_owned())),
        Ok(contents) => match std::str::from_utf8(&contents.bytes) {
            Ok(text) => Ok(Zeroizing::new(text.to_owned())),
            Err(_) => Err(unusable(path, "is not a JSON object")),
        },
        Err(ReadError::NotFound) => Ok(Zeroizing::new(EMPTY.to_owned())),
        Err(trouble) => Err(unusable(path, &trouble.to_string())),
    }
}

/// The content of a file after a change; none if it makes no difference.
///
/// # Errors
/// As [`read`], the change fails, or the content would be too large to be read again.
pub(super) fn attempt(
    path: &Path,
    change: impl FnOnce(&str) -> Result<String, String>,
) -> Result<Option<Zeroizing<String>>> {
    let former = read(path)?;
    let changed = Zeroizing::new(change(&former).map_err(|why| unusable(path, &why))?);
    match changed.len() > LIMIT {
        true => Err(unusable(path, &format!("would be larger than {} KiB", LIMIT / 1024))),
        false => Ok((changed != former).then_some(changed)),
    }
}

/// Changes a file atomically; returns whether the change made a difference. A private file that is left with an empty object
/// is removed, as if it had never existed.
///
/// # Errors
/// As [`attempt`], or it cannot be written.
pub(super) fn apply(path: &Path, change: impl FnOnce(&str) -> Result<String, String>) -> Result<bool> {
    let Some(changed) = attempt(path, change)? else { return Ok(false) };
    let written = match *changed == EMPTY && files::read_own(path, LIMIT).is_some() {
        true => fs::remove_file(path),
        false => files::write(path, changed.as_bytes()),
    };
    written.map(|()| true).map_err(|error| unwritable(path, error))
}

fn unusable(path: &Path, why: &str) -> Error {
    Error::new(Reason::Unreadable, format!("{} {why}; it was left as it is", path.display()))
        .hint("correct it, and try again")
}

/// A file that cannot be written.
pub(super) fn unwritable(path: &Path, error: std::io::Error) -> Error {
    Error::new(Reason::Unreadable, format!("{} cannot be written ({})", path.display(), error.kind()))
        .hint("check its folder's owner and mode, and the disk")
        .caused_by(error)
}
