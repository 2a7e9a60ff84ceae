//! What is special about files on Unix: holes, paths that are bytes, special files.

use std::ffi::OsStr;
use std::fs::{File, FileType, Metadata};
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

/// How many bytes of a file are stored: fewer than its size where it has holes.
pub(super) fn stored_size(meta: &Metadata) -> u64 {
    meta.blocks().saturating_mul(512)
}

/// The first range of data at or after an offset; `None`: the file ends before.
pub(super) fn next_data(file: &File, from: u64) -> io::Result<Option<Range<u64>>> {
    let Some(start) = seek_to(file, SeekFrom::Data(from))? else { return Ok(None) };
    Ok(seek_to(file, SeekFrom::Hole(start))?.map(|end| start..end))
}

fn seek_to(file: &File, place: SeekFrom) -> io::Result<Option<u64>> {
    match seek(file, place) {
        Ok(start) => Ok(Some(start)),
        Err(Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A fingerprint that differs after a change of the file: size, modification and status change times.
pub(super) fn fingerprint(meta: &Metadata) -> (u64, [i64; 4]) {
    (meta.len(), [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()])
}

/// The path that Git writes as these bytes.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// Whether symbolic links point at each other.
pub(super) fn is_link_loop(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::LOOP)
}

/// What a special file is called.
pub(super) fn special_name(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}
