//! The socket file of an agent: removed when the agent ends, and only if it is still the agent's own.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// A socket's path, and the file that was created there.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode of our socket, once it is bound.
    identity: OnceLock<(u64, u64)>,
    /// Held by work that the end of the process must not interrupt.
    exit_lock: Mutex<()>,
}

impl SocketFile {
    pub(super) fn new(path: &Path) -> SocketFile {
        SocketFile { path: path.to_path_buf(), identity: OnceLock::new(), exit_lock: Mutex::new(()) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the socket, for this user only.
    pub(super) fn bind(&self) -> io::Result<UnixListener> {
        let listener = UnixListener::bind(&self.path)?;
        if let Some(identity) = identity(&self.path) {
            self.identity.get_or_init(|| identity);
        }
        fs::set_permissions(&self.path, Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    /// Removes the socket, unless another agent has created one at the same path.
    pub(super) fn remove(&self) {
        if self.identity.get().is_some_and(|ours| identity(&self.path).as_ref() == Some(ours)) {
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Removes the socket and ends the process, even while another thread waits for a deployment.
    pub(super) fn exit(&self) -> ! {
        self.remove();
        let _no_work = self.exit_lock();
        std::process::exit(0)
    }

    /// As long as the guard is held, [`SocketFile::exit`] waits.
    pub(super) fn exit_lock(&self) -> MutexGuard<'_, ()> {
        self.exit_lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Device and inode of a file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}
