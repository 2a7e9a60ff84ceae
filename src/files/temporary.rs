//! Temporary files: `.co-cred-XXXXXX.tmp` beside the target, renamed over it once complete.
//!
//! A killed process leaves its temporary file behind, which may hold a token. The writer holds a lock on the file, and the
//! system releases it when the process ends: a file whose lock is free is stale, and the next command removes it.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::access::Symlinks;
use super::system;

const PREFIX: &str = ".co-cred-";
const SUFFIX: &str = ".tmp";

/// Number of random characters between prefix and suffix.
const RANDOM: usize = 6;

/// Attempts to create a file, where another process removes it before it is locked.
const TRIES: usize = 16;

/// On a file system without locks, a file is stale when it was last written to this long ago.
const AGE: Duration = Duration::from_secs(60 * 60);

/// Whether a file name is that of a temporary file of co-cred.
pub fn is_temporary(name: &OsStr) -> bool {
    let random = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
    random.is_some_and(|random| random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Whether this is a temporary file whose writer has ended.
pub fn is_stale(path: &Path) -> bool {
    path.file_name().filter(|name| is_temporary(name)).and_then(|_| open(path)).is_some_and(|file| is_unlocked(&file))
}

/// Removes a temporary file whose writer has ended; returns whether it did.
pub fn remove_stale(path: &Path) -> bool {
    let file = path.file_name().filter(|name| is_temporary(name)).and_then(|_| open(path));
    // The lock is held until the file is removed: a new writer may be about to lock it.
    file.is_some_and(|file| is_unlocked(&file) && fs::remove_file(path).is_ok())
}

/// Removes all temporary files in a folder whose writers have ended.
pub fn remove_all_stale(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_temporary(&entry.file_name()) {
            remove_stale(&entry.path());
        }
    }
}

/// Creates a temporary file, 0600, in the folder of `path`, and locks it for as long as it is open.
pub(super) fn create_beside(path: &Path) -> io::Result<NamedTempFile> {
    // The parent of a bare name is an empty path.
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    create(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

fn create(folder: &Path) -> io::Result<NamedTempFile> {
    for _ in 0..TRIES {
        let mut name = tempfile::Builder::new();
        let file = name.prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM).tempfile_in(folder)?;
        match file.as_file().try_lock() {
            // Another process may have removed it before it was locked.
            Ok(()) if system::hard_links(file.as_file())? == 0 => {}
            Err(TryLockError::WouldBlock) => {}
            // Without locks, its age protects it.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

fn open(path: &Path) -> Option<File> {
    let file = system::options(Symlinks::Refuse).read(true).open(path).ok()?;
    let meta = file.metadata().ok()?;
    system::is_regular(&file, &meta, Symlinks::Refuse).then_some(file)
}

fn is_unlocked(file: &File) -> bool {
    let age = || file.metadata().ok()?.modified().ok()?.elapsed().ok();
    match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => age().is_some_and(|age| age > AGE),
    }
}
