//! Staged copies: a rewritten copy beside a file, which then replaces the file. A signal handler can remove all of them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

use super::system;
use super::temporary::create_beside;

/// The copies that have not replaced their file yet.
static STAGED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn staged() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    STAGED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A copy that is about to replace a file; it is removed when dropped.
#[derive(Debug)]
pub struct StagedCopy {
    file: NamedTempFile,
    path: PathBuf,
    _registered: Registration,
}

impl StagedCopy {
    /// Replaces the file with the copy.
    ///
    /// # Errors
    /// The file is in use, or cannot be written.
    pub fn replace_original(self) -> io::Result<()> {
        system::replace_with(self.file, &self.path)
    }
}

/// Creates a copy beside the open file `former` at `path`, with its owner, mode and attributes; `fill` writes the content.
///
/// # Errors
/// The copy cannot be created or written, `fill` fails, or the attributes cannot be copied.
pub fn stage_copy(path: &Path, former: &File, fill: impl FnOnce(&File) -> io::Result<()>) -> io::Result<StagedCopy> {
    let (file, registered) = Registration::create(path)?;
    fill(file.as_file())?;
    system::copy_metadata(file.as_file(), former)?;
    file.as_file().sync_all()?;
    Ok(StagedCopy { file, path: path.to_path_buf(), _registered: registered })
}

/// Removes every staged copy and blocks the creation of others, for a process that is about to end.
pub fn remove_staged_copies() {
    let copies = staged();
    for copy in copies.iter() {
        let _ = std::fs::remove_file(copy);
    }
    std::mem::forget(copies);
}

/// The entry of a copy in [`STAGED`], removed when dropped.
#[derive(Debug)]
struct Registration(PathBuf);

impl Registration {
    fn create(path: &Path) -> io::Result<(NamedTempFile, Registration)> {
        // Locked during creation: every copy that exists is registered.
        let mut staged = staged();
        let file = create_beside(path)?;
        staged.insert(file.path().to_path_buf());
        let registered = Registration(file.path().to_path_buf());
        Ok((file, registered))
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        staged().remove(&self.0);
    }
}
