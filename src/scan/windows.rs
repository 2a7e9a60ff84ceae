//! Files on Windows. Where one has holes, they are read as the zeros that they are.

use std::fs::{File, FileType, Metadata};
use std::io;
use std::os::windows::fs::MetadataExt;
use std::path::PathBuf;

/// How much of a file is stored: all of it, as far as is asked.
pub(super) fn stored(meta: &Metadata) -> u64 {
    meta.len()
}

/// Where data begins, and where it ends; `None`: the file ends before.
pub(super) fn data(file: &File, from: u64) -> io::Result<Option<(u64, u64)>> {
    let end = file.metadata()?.len();
    Ok((from < end).then_some((from, end)))
}

/// What is another after a change.
pub(super) fn state(meta: &Metadata) -> (u64, u64) {
    (meta.len(), meta.last_write_time())
}

/// A path as Git has it: UTF-8, with slashes.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).as_ref())
}

/// Whether a link leads round in a circle (ERROR_CANT_RESOLVE_FILENAME).
pub(super) fn is_circle(error: &io::Error) -> bool {
    error.raw_os_error() == Some(1921)
}

/// What it is that is no file, no folder and no link.
pub(super) fn word(_: FileType) -> &'static str {
    "a device"
}
