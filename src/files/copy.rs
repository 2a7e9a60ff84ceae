//! Copies that are to take a file's place. A signal that ends the program removes those that have not done so.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

use super::{beside, system};

/// The copies that have not taken their place.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is to take another's place; it is gone when dropped.
#[derive(Debug)]
pub struct Copy {
    file: NamedTempFile,
    path: PathBuf,
    _noted: Noted,
}

impl Copy {
    /// Takes the place.
    pub fn take_place(self) -> io::Result<()> {
        system::take_place(self.file, &self.path)
    }
}

/// A file beside one that is open, with its owner, its mode and its attributes; `fill` writes what it holds.
pub fn copy_beside(path: &Path, former: &File, fill: impl FnOnce(&File) -> io::Result<()>) -> io::Result<Copy> {
    let (file, noted) = Noted::beside(path)?;
    fill(file.as_file())?;
    system::take_after(file.as_file(), former)?;
    file.as_file().sync_all()?;
    Ok(Copy { file, path: path.to_path_buf(), _noted: noted })
}

/// Removes every copy that has not taken its place, and lets no other be made: for a program that is about to end.
pub fn abandon_copies() {
    let copies = unfinished();
    for copy in copies.iter() {
        let _ = std::fs::remove_file(copy);
    }
    std::mem::forget(copies);
}

/// A copy that is known to be unfinished, until this is dropped.
#[derive(Debug)]
struct Noted(PathBuf);

impl Noted {
    fn beside(path: &Path) -> io::Result<(NamedTempFile, Noted)> {
        // Held while it is made: none is made that is not noted.
        let mut unfinished = unfinished();
        let file = beside(path)?;
        unfinished.insert(file.path().to_path_buf());
        let noted = Noted(file.path().to_path_buf());
        Ok((file, noted))
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        unfinished().remove(&self.0);
    }
}
