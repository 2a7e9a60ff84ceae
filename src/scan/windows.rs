//! What is special about files on Windows. Holes are read as zeros.

use std::fs::{File, FileType, Metadata};
use std::io;
use std::ops::Range;
use std::os::windows::fs::MetadataExt;
use std::path::PathBuf;

/// How many bytes of a file are stored: taken to be all of them.
pub(super) fn stored_size(meta: &Metadata) -> u64 {
    meta.len()
}

/// The first range of data at or after an offset; `None`: the file ends before.
pub(super) fn next_data(file: &File, from: u64) -> io::Result<Option<Range<u64>>> {
    let end = file.metadata()?.len();
    Ok((from < end).then_some(from..end))
}

/// A fingerprint that differs after a change of the file: size and modification time.
pub(super) fn fingerprint(meta: &Metadata) -> (u64, u64) {
    (meta.len(), meta.last_write_time())
}

/// Windows keeps such attributes in streams, which are not searched.
pub(super) fn extended_attributes(_: &File) -> io::Result<Vec<Vec<u8>>> {
    Ok(Vec::new())
}

/// The path that Git writes as these bytes: UTF-8, with slashes.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).as_ref())
}

/// Whether symbolic links point at each other (ERROR_CANT_RESOLVE_FILENAME).
pub(super) fn is_link_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(1921)
}

/// What a special file is called.
pub(super) fn special_name(_: FileType) -> &'static str {
    "a device"
}
