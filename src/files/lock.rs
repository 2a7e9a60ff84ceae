//! Lock files: advisory locks that co-cred's own processes hold against each other.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::access::Symlinks;
use super::folder::create_parent;
use super::system;

/// Pause between two attempts to take a lock.
const INTERVAL: Duration = Duration::from_millis(20);

/// The result of [`acquire`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Held until the file is closed.
    Held,
    /// Another process holds it.
    Busy,
    /// The file system does not support locks.
    Unsupported,
}

/// Opens a lock file, and creates it where it is missing. It is never written to and never replaced: a process that waits
/// for the lock waits for this inode.
///
/// # Errors
/// The folder cannot be created, or the file cannot be opened.
pub fn open_lock(path: &Path) -> io::Result<File> {
    create_parent(path)?;
    system::options(Symlinks::Refuse).read(true).append(true).create(true).open(path)
}

/// Takes an exclusive lock on a file, waiting up to `limit` for another process to release it.
///
/// # Errors
/// The lock fails for a reason that [`Lock`] does not list.
pub fn acquire(file: &File, limit: Duration) -> io::Result<Lock> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock::Held),
            Err(TryLockError::WouldBlock) if start.elapsed() >= limit => return Ok(Lock::Busy),
            Err(TryLockError::WouldBlock) => thread::sleep(INTERVAL),
            Err(TryLockError::Error(error)) if system::has_no_locks(&error) => return Ok(Lock::Unsupported),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}
