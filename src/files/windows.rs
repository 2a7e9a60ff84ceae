//! Files on Windows, where an access list says who may do what. None is read or written here: what lies below the user's
//! profile is that user's alone, as Windows makes it, and co-cred keeps what is its own there.
//!
//! So a file elsewhere is taken for what it is said to be, as Git and Docker do it.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::windows::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use winapi_util::file::{information, typ};

use super::{Identity, Links, Rights};

/// Opens a link itself, in place of what it leads to (CreateFile, FILE_FLAG_OPEN_REPARSE_POINT).
const THE_LINK_ITSELF: u32 = 0x0020_0000;

/// The other end may know who we are, and no more (CreateFile, SECURITY_IDENTIFICATION).
const IDENTIFICATION: u32 = 0x0001_0000;

/// Nobody but this user may do anything, as far as is looked.
pub(super) fn rights(_: &Metadata) -> Rights {
    Rights { owned: true, shared: false, trusted: true, closed: true, private: true }
}

/// Whether an error says that the file system has no locks.
pub(super) fn has_no_locks(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}

/// What a file is opened with. There is no waiting for one: a pipe has a name of another kind.
pub(super) fn options(links: Links) -> OpenOptions {
    let mut options = OpenOptions::new();
    // Whoever serves a pipe under a name that we are given is not to act as us.
    options.security_qos_flags(IDENTIFICATION);
    if links == Links::Refused {
        options.custom_flags(THE_LINK_ITSELF);
    }
    options
}

/// There is no root.
pub(super) fn is_foreign(_: &Metadata) -> bool {
    false
}

/// Makes a folder and those above it, where they are missing; it is closed to whom the one above it is.
pub(super) fn make_folders(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Whether it is a file, and nothing that could be waited for: a pipe may pass for one, but for its kind. What is opened as
/// the link itself and is one of another kind (FILE_ATTRIBUTE_REPARSE_POINT), as a file that lies in a cloud, would read
/// as zeros.
pub(super) fn is_regular(file: &File, meta: &Metadata, links: Links) -> bool {
    let is_whole = links == Links::Followed || meta.file_attributes() & 0x400 == 0;
    meta.is_file() && is_whole && typ(file).is_ok_and(|kind| kind.is_disk())
}

/// Puts what a copy holds in the place of what it is a copy of: that keeps its own access list and its other streams, which
/// a new file would not have. Nobody else can write there meanwhile, and it has neither another name nor another length.
pub(super) fn take_place(mut copy: NamedTempFile, path: &Path) -> io::Result<()> {
    /// Others may read it, and neither write nor remove it (CreateFile, FILE_SHARE_READ).
    const READ: u32 = 1;
    let mut place = options(Links::Refused).read(true).write(true).share_mode(READ).open(path)?;
    let is_it = is_regular(&place, &place.metadata()?, Links::Refused) && names(&place)? == 1;
    if !is_it || place.metadata()?.len() != copy.as_file().metadata()?.len() {
        return Err(io::ErrorKind::ResourceBusy.into());
    }
    copy.rewind()?;
    let done = io::copy(&mut copy, &mut place).and_then(|_| place.sync_all());
    if done.is_err() {
        // What was written so far is not undone. The whole of it stays beside, under a name that no sweep removes.
        let _ = copy.persist_noclobber(path.with_extension("co-cred-redacted"));
    }
    done
}

/// A new file has the rights that its folder gives, and a copy's attributes stay where they are: the file keeps its place.
pub(super) fn take_after(_: &File, _: &File) -> io::Result<()> {
    Ok(())
}

/// Reads from a place in a file, and leaves it standing where it stands.
pub fn read_at(mut file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    let here = file.stream_position()?;
    let read = file.seek_read(into, at);
    file.seek(SeekFrom::Start(here))?;
    read
}

/// Writes all of it to a place in a file.
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

/// What an open file is known by.
pub fn identity(file: &File) -> io::Result<Identity> {
    information(file).map(|file| (file.volume_serial_number(), file.file_index()))
}

/// How many names an open file has.
pub fn names(file: &File) -> io::Result<u64> {
    information(file).map(|file| file.number_of_links())
}

/// A file to be appended to, which may be moved away, to begin a new one.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
}

impl Log {
    /// Where a path leads at the moment.
    pub fn at(path: &Path) -> io::Result<Log> {
        let path = std::path::absolute(path)?;
        let path = fs::canonicalize(&path).unwrap_or(path);
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let name: OsString = name.to_owned();
        Ok(Log { path: fs::canonicalize(folder)?.join(name) })
    }

    /// Opens it to append to, made where it is missing. Whoever opens it again is given no link, and no file with other names.
    pub fn open(&self, again: bool) -> io::Result<File> {
        let file = options(Links::Refused).append(true).create(true).open(&self.path)?;
        if !file.metadata()?.is_file() || (again && names(&file)? != 1) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(file)
    }

    /// Whether a file is the one that stands there.
    pub fn holds(&self, file: &File) -> bool {
        let there = options(Links::Refused).read(true).open(&self.path).and_then(|there| identity(&there));
        there.is_ok_and(|there| identity(file).is_ok_and(|identity| identity == there))
    }
}
