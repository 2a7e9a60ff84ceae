//! Temporary files: a new file gets a name of co-cred's own, and is renamed into place once it is whole.
//!
//! A command that is killed leaves its temporary file behind, which may hold a token. The writer holds a lock on the file,
//! which the system releases when the writer ends: a file whose lock is free is left over, and is removed.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::{Links, names, system};

const PREFIX: &str = ".co-cred-";
const SUFFIX: &str = ".tmp";

/// How many random characters stand between prefix and suffix.
const RANDOM: usize = 6;

/// How often another name is tried where a sweep took the file.
const TRIES: usize = 16;

/// Where the file system has no locks, a file that was written to this long ago is left over.
const AGE: Duration = Duration::from_secs(60 * 60);

/// Whether a file of this name is a temporary file of co-cred's.
pub fn is_temporary(name: &OsStr) -> bool {
    let random = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
    random.is_some_and(|random| random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Whether this is a temporary file whose writer has ended.
pub fn is_left_over(path: &Path) -> bool {
    path.file_name().filter(|name| is_temporary(name)).and_then(|_| open(path)).is_some_and(|file| is_unlocked(&file))
}

/// Removes a temporary file whose writer has ended; returns whether it was one.
pub fn remove_left_over(path: &Path) -> bool {
    let file = path.file_name().filter(|name| is_temporary(name)).and_then(|_| open(path));
    // Its lock is held until it is removed: its writer may be about to take it.
    file.is_some_and(|file| is_unlocked(&file) && fs::remove_file(path).is_ok())
}

/// Removes the temporary files in a folder whose writers have ended.
pub fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_temporary(&entry.file_name()) {
            remove_left_over(&entry.path());
        }
    }
}

/// A new temporary file, 0600, which no sweep removes as long as it is open.
pub(super) fn create(folder: &Path) -> io::Result<NamedTempFile> {
    for _ in 0..TRIES {
        let mut name = tempfile::Builder::new();
        let file = name.prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM).tempfile_in(folder)?;
        match file.as_file().try_lock() {
            // A sweep may have removed it before it was locked.
            Ok(()) if names(file.as_file())? == 0 => {}
            Err(TryLockError::WouldBlock) => {}
            // The file system has no locks: its age keeps it.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

fn open(path: &Path) -> Option<File> {
    let file = system::options(Links::Refused).read(true).open(path).ok()?;
    let meta = file.metadata().ok()?;
    system::is_regular(&file, &meta, Links::Refused).then_some(file)
}

fn is_unlocked(file: &File) -> bool {
    let age = || file.metadata().ok()?.modified().ok()?.elapsed().ok();
    match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => age().is_some_and(|age| age > AGE),
    }
}
