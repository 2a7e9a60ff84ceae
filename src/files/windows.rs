//! Files on Windows. Access lists are neither read nor written: by default only the user may access files below the user's
//! profile, and co-cred's own files are there.
//!
//! Files elsewhere are trusted as given, as Git and Docker do.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::windows::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use winapi_util::file::{information, typ};

use super::access::{Access, Identity, Symlinks};

/// Opens a link itself, not its target (CreateFile, FILE_FLAG_OPEN_REPARSE_POINT).
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// The server of a pipe may identify this user, but not act as this user (CreateFile, SECURITY_IDENTIFICATION).
const IDENTIFICATION: u32 = 0x0001_0000;

/// Access lists are not read: every file counts as private to this user.
pub(super) fn access(_: &Metadata) -> Access {
    Access { owned: true, shared: false, trusted: true, exclusive: true, private: true }
}

/// Whether an error means that the file system does not support locks.
pub(super) fn has_no_locks(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}

/// Options to open a file with. It cannot block: pipes have names of another form.
pub(super) fn options(links: Symlinks) -> OpenOptions {
    let mut options = OpenOptions::new();
    // If the path is a pipe after all, its server must not act as this user.
    options.security_qos_flags(IDENTIFICATION);
    if links == Symlinks::Refuse {
        options.custom_flags(OPEN_REPARSE_POINT);
    }
    options
}

/// Windows has no root user.
pub(super) fn is_foreign(_: &Metadata) -> bool {
    false
}

/// Creates a folder and its ancestors where they are missing; each inherits the access list of its parent.
pub(super) fn make_folders(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Whether an open file is a regular file on a disk; the metadata of a pipe look like those of a file. Where links are
/// refused, other reparse points (FILE_ATTRIBUTE_REPARSE_POINT), such as cloud placeholders, are refused too: they would
/// read as zeros.
pub(super) fn is_regular(file: &File, meta: &Metadata, links: Symlinks) -> bool {
    let is_whole = links == Symlinks::Follow || meta.file_attributes() & 0x400 == 0;
    meta.is_file() && is_whole && typ(file).is_ok_and(|kind| kind.is_disk())
}

/// Writes the content of a copy into its original, which keeps its access list and alternate streams: a renamed copy would
/// not have them. The original is opened so that no other process can write to it, and must have one name and the length
/// of the copy.
pub(super) fn replace_with(mut copy: NamedTempFile, path: &Path) -> io::Result<()> {
    /// Other processes may read the file, but not write or remove it (CreateFile, FILE_SHARE_READ).
    const READ: u32 = 1;
    let mut original = options(Symlinks::Refuse).read(true).write(true).share_mode(READ).open(path)?;
    let is_plain = is_regular(&original, &original.metadata()?, Symlinks::Refuse) && hard_links(&original)? == 1;
    if !is_plain || original.metadata()?.len() != copy.as_file().metadata()?.len() {
        return Err(io::ErrorKind::ResourceBusy.into());
    }
    copy.rewind()?;
    let done = io::copy(&mut copy, &mut original).and_then(|_| original.sync_all());
    if done.is_err() {
        // The original may be half written: keep the complete copy under a name that does not count as temporary.
        let _ = copy.persist_noclobber(path.with_extension("co-cred-redacted"));
    }
    done
}

/// Nothing to copy: a new file inherits the access list of its folder, and [`replace_with`] writes into the original.
pub(super) fn copy_metadata(_: &File, _: &File) -> io::Result<()> {
    Ok(())
}

/// Reads at an offset, and restores the file's position, which `seek_read` moves.
///
/// # Errors
/// The read fails.
pub fn read_at(mut file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    let position = file.stream_position()?;
    let read = file.seek_read(into, at);
    file.seek(SeekFrom::Start(position))?;
    read
}

/// Writes all bytes at an offset.
///
/// # Errors
/// The write fails, or the file system is full.
pub fn write_all_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.seek_write(bytes, at)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => {
                bytes = &bytes[written..];
                at += written as u64;
            }
        }
    }
    Ok(())
}

/// The identity of an open file.
///
/// # Errors
/// The system call fails.
pub fn identity(file: &File) -> io::Result<Identity> {
    information(file).map(|file| (file.volume_serial_number(), file.file_index()))
}

/// The number of hard links to an open file.
///
/// # Errors
/// The system call fails.
pub fn hard_links(file: &File) -> io::Result<u64> {
    information(file).map(|file| file.number_of_links())
}

/// The path of a log file, which another program may rotate.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
}

impl Log {
    /// Resolves a path.
    ///
    /// # Errors
    /// The folder does not exist, or cannot be opened.
    pub fn at(path: &Path) -> io::Result<Log> {
        let path = std::path::absolute(path)?;
        let path = fs::canonicalize(&path).unwrap_or(path);
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let name: OsString = name.to_owned();
        Ok(Log { path: fs::canonicalize(folder)?.join(name) })
    }

    /// Opens the file to append to, and creates it where it is missing. A reopen (`again`) refuses links and files with other
    /// names.
    ///
    /// # Errors
    /// The file cannot be opened, or is not one to append to.
    pub fn open(&self, again: bool) -> io::Result<File> {
        let file = options(Symlinks::Refuse).append(true).create(true).open(&self.path)?;
        if !file.metadata()?.is_file() || (again && hard_links(&file)? != 1) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(file)
    }

    /// Whether an open file is still the one at this path.
    pub fn holds(&self, file: &File) -> bool {
        let found = options(Symlinks::Refuse).read(true).open(&self.path).and_then(|found| identity(&found));
        found.is_ok_and(|found| identity(file).is_ok_and(|identity| identity == found))
    }
}
