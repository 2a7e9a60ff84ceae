//! Atomic writes: a temporary file, 0600, is written beside the target and renamed over it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::access::Symlinks;
use super::folder::{create_parent, exclusive_folder};
use super::{system, temporary};

/// Writes a file atomically, and creates its folder, 0700, where it is missing. An existing file keeps its owner, mode and
/// extended attributes. A symbolic link is followed: its target is replaced.
///
/// # Errors
/// The folder or the file cannot be created or replaced.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create_parent(path)?;
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let former = match system::options(Symlinks::Follow).read(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        former => Some(former?),
    };
    replace(&path, bytes, |file| {
        if let Some(former) = &former {
            system::copy_metadata(file, former)?;
        }
        // Before the rename: after a power failure the name must not lead to an incomplete file.
        file.sync_all()
    })
}

/// Writes a file that only co-cred reads, like [`write()`], but without a sync, and without following a link.
///
/// # Errors
/// Another user owns its folder or may write to it, or the write fails.
pub fn write_own(path: &Path, bytes: &[u8]) -> io::Result<()> {
    exclusive_folder(path)?;
    replace(path, bytes, File::flush)
}

/// Removes a file that [`write_own`] wrote; it is no error where there is none.
///
/// # Errors
/// Another user owns its folder or may write to it, or the file cannot be removed.
pub fn remove_own(path: &Path) -> io::Result<()> {
    exclusive_folder(path)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn replace(path: &Path, bytes: &[u8], finish: impl Fn(&mut File) -> io::Result<()>) -> io::Result<()> {
    path.parent().into_iter().for_each(temporary::remove_all_stale);
    let mut file = temporary::create_beside(path)?;
    file.write_all(bytes)?;
    finish(file.as_file_mut())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
