//! Reads of regular files: at most `limit` bytes, without blocking, into memory that is wiped when dropped.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::access::{Access, Symlinks};
use super::system;

/// The UTF-8 byte order mark.
pub const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The bytes of a file, wiped when dropped, and who may use the file.
#[derive(Debug)]
pub struct Contents {
    /// The bytes, no more than the limit of the read.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Users other than the owner may read the file.
    pub shared: bool,
    /// The file is owned by this user or by root.
    pub owned: bool,
    /// The file is owned by this user or by root and writable for the owner only: a command in it may be run.
    pub trusted: bool,
}

/// Why a file could not be read. Its `Display` follows the path in a message.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The file does not exist.
    NotFound,
    /// A folder above it cannot be entered by this user, so it is unknown whether the file exists.
    Hidden,
    /// The file exists, but this user may not read it.
    Denied,
    /// The file exists, but cannot be used, with the reason.
    Unusable(String),
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReadError::NotFound => f.write_str("does not exist"),
            ReadError::Hidden | ReadError::Denied => f.write_str("may not be read by this user (permission denied)"),
            ReadError::Unusable(reason) => f.write_str(reason),
        }
    }
}

/// Reads a regular file of at most `limit` bytes. Symbolic links are followed; FIFOs and devices are refused without
/// blocking. A leading byte order mark, as some editors and PowerShell write one, is left out.
///
/// # Errors
/// [`ReadError`]; a dangling link is `Unusable`, not `NotFound`.
pub fn read(path: &Path, limit: usize) -> Result<Contents, ReadError> {
    let (file, meta) = open(path, Symlinks::Follow)?;
    let Access { owned, shared, trusted, .. } = system::access(&meta);
    let mut bytes = read_whole(file, &meta, limit)?;
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(Contents { bytes, shared, owned, trusted })
}

/// Reads a file that co-cred itself wrote. None unless it is a regular file, owned by this user and without permissions
/// for other users.
pub fn read_own(path: &Path, limit: usize) -> Option<Zeroizing<Vec<u8>>> {
    let (file, meta) = open(path, Symlinks::Refuse).ok()?;
    if system::access(&meta).private { read_whole(file, &meta, limit).ok() } else { None }
}

/// Opens a regular file for reading, without blocking on a FIFO or a device.
///
/// # Errors
/// [`ReadError`].
pub fn open(path: &Path, links: Symlinks) -> Result<(File, fs::Metadata), ReadError> {
    let file = system::options(links).read(true).open(path).map_err(|error| read_error(path, &error))?;
    let meta = file.metadata().map_err(|error| read_error(path, &error))?;
    match system::is_regular(&file, &meta, links) {
        true => Ok((file, meta)),
        false if meta.is_dir() => Err(ReadError::Unusable("is a folder, not a file".into())),
        false => Err(ReadError::Unusable("is not a regular file".into())),
    }
}

fn read_whole(file: File, meta: &fs::Metadata, limit: usize) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    // Some file systems, procfs for one, report a size of 0.
    let size = usize::try_from(meta.len()).ok().filter(|size| (1..=limit).contains(size)).unwrap_or(limit);
    // Full capacity up front: a reallocation would leave an unwiped copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
    file.take(size as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| ReadError::Unusable(format!("cannot be read ({})", describe(&error))))?;
    match bytes.len() > size {
        true if size < limit => Err(ReadError::Unusable("grew while it was read".into())),
        true => Err(ReadError::Unusable(format!("is larger than {} KiB", limit / 1024))),
        false => Ok(bytes),
    }
}

fn read_error(path: &Path, error: &io::Error) -> ReadError {
    let exists = || fs::symlink_metadata(path).is_ok();
    match error.kind() {
        io::ErrorKind::NotFound if exists() => ReadError::Unusable("is a dangling symbolic link".into()),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ReadError::NotFound,
        io::ErrorKind::PermissionDenied if exists() => ReadError::Denied,
        io::ErrorKind::PermissionDenied => ReadError::Hidden,
        _ => ReadError::Unusable(format!("cannot be opened ({})", describe(error))),
    }
}

/// The system's text for an error, in lower case and without its number, such as "input/output error".
pub fn describe(error: &io::Error) -> String {
    let Some(code) = error.raw_os_error() else { return error.to_string() };
    let text = io::Error::from_raw_os_error(code).to_string();
    let mut letters = text.split(" (os error").next().unwrap_or_default().chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
