//! Locks that commands hold against each other.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::{Links, folder_of, system};

/// How often a lock that is held is tried again.
const INTERVAL: Duration = Duration::from_millis(20);

/// What came of asking for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// It is held until the file is closed.
    Held,
    /// Another process holds it.
    Busy,
    /// The file system has no locks.
    Unsupported,
}

/// Opens a file to hold a lock on: made where it is missing, never written, and never replaced, since a process that waits
/// for the lock waits for this very file.
pub fn lock(path: &Path) -> io::Result<File> {
    folder_of(path)?;
    system::options(Links::Refused).read(true).append(true).create(true).open(path)
}

/// Takes the lock on a file, waiting at most so long for another process to release it.
pub fn hold(file: &File, limit: Duration) -> io::Result<Lock> {
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
