//! Files as Unix keeps them: with holes, and with paths that are bytes.

use std::ffi::OsStr;
use std::fs::{File, FileType, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

/// How much of a file is stored: less than its size where it has holes.
pub(super) fn stored(meta: &Metadata) -> u64 {
    meta.blocks().saturating_mul(512)
}

/// Where data begins, and where it ends; `None`: the file ends before.
pub(super) fn data(file: &File, from: u64) -> io::Result<Option<(u64, u64)>> {
    let Some(start) = next(file, SeekFrom::Data(from))? else { return Ok(None) };
    Ok(next(file, SeekFrom::Hole(start))?.map(|end| (start, end)))
}

fn next(file: &File, what: SeekFrom) -> io::Result<Option<u64>> {
    match seek(file, what) {
        Ok(start) => Ok(Some(start)),
        Err(Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What is another after a change.
pub(super) fn state(meta: &Metadata) -> (u64, [i64; 4]) {
    (meta.len(), [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()])
}

/// A path as Git has it.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// Whether a link leads round in a circle.
pub(super) fn is_circle(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::LOOP)
}

/// What it is that is no file, no folder and no link.
pub(super) fn word(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}
