//! The folder that a file is written to: created where it is missing, and checked for its owner.

use std::fs;
use std::io;
use std::path::Path;

use super::system;

/// Whether this process is root and the folder, or its nearest ancestor that exists, belongs to another user. That user
/// could neither use nor replace a file that root creates there.
pub fn is_foreign(folder: &Path) -> bool {
    folder.ancestors().find_map(|folder| fs::metadata(folder).ok()).is_some_and(|meta| system::is_foreign(&meta))
}

/// Creates the folder of a file, 0700, where it is missing.
///
/// # Errors
/// It cannot be created, belongs to another user, or grants other users any permission.
pub fn private_folder(path: &Path) -> io::Result<()> {
    let access = system::access(&create_parent_metadata(path)?);
    if access.private { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// The same, for a folder that other users may read and enter, but not write to.
pub(super) fn exclusive_folder(path: &Path) -> io::Result<()> {
    let access = system::access(&create_parent_metadata(path)?);
    if access.exclusive { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

fn create_parent_metadata(path: &Path) -> io::Result<fs::Metadata> {
    let meta = fs::symlink_metadata(create_parent(path)?)?;
    if meta.is_dir() { Ok(meta) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

/// Creates the folder of a file, 0700, where it is missing, and returns it. Root writes to no other user's folder.
pub(super) fn create_parent(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    if is_foreign(folder) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "its folder is another user's, and this is root"));
    }
    system::make_folders(folder)?;
    Ok(folder)
}
