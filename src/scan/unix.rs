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
use zeroize::Zeroizing;

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

/// The longest list of names and the longest value of an extended attribute: Linux allows no more.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
const MAX_ATTRIBUTE: usize = 64 * 1024;

/// Each extended attribute, as `NAME=VALUE`. None, where the file system has none.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub(super) fn extended_attributes(file: &File) -> io::Result<Vec<Zeroizing<Vec<u8>>>> {
    let (mut few, mut many) = ([0; 256], Vec::new());
    let listed = match rustix::fs::flistxattr(file, &mut few[..]) {
        Err(Errno::RANGE) => {
            many = vec![0; MAX_ATTRIBUTE];
            rustix::fs::flistxattr(file, many.as_mut_slice())
        }
        listed => listed,
    };
    let len = match listed {
        Ok(0) | Err(Errno::NOTSUP | Errno::PERM | Errno::ACCESS) => return Ok(Vec::new()),
        listed => listed?,
    };
    let names: &[u8] = if many.is_empty() { &few } else { &many };
    let mut value = Zeroizing::new(vec![0; MAX_ATTRIBUTE]);
    let names = names[..len].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let attribute = |name: &[u8]| match rustix::fs::fgetxattr(file, name, value.as_mut_slice()) {
        Ok(len) => Ok(Zeroizing::new([name, b"=", &value[..len]].concat())),
        // Only the system reads some.
        Err(Errno::NODATA | Errno::NOTSUP | Errno::PERM | Errno::ACCESS) => Ok(Zeroizing::new(name.to_vec())),
        Err(error) => Err(error.into()),
    };
    names.map(attribute).collect()
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(super) fn extended_attributes(_: &File) -> io::Result<Vec<Zeroizing<Vec<u8>>>> {
    Ok(Vec::new())
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
