//! What tells files, folders and hosts apart.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// The number that tells a file or folder from another at the same path.
pub(in crate::agent) fn file_number(meta: &Metadata) -> u64 {
    meta.ino()
}

/// File fingerprint: inode, size, mtime in seconds and nanoseconds.
pub(in crate::agent) type FileFingerprint = [u64; 4];

pub(in crate::agent) fn fingerprint(meta: &Metadata) -> FileFingerprint {
    [meta.ino(), meta.len(), meta.mtime().cast_unsigned(), meta.mtime_nsec().cast_unsigned()]
}

/// Whether every user may create files in a folder and replace only their own, as in `/tmp`: world-writable and sticky.
pub(in crate::agent) fn is_shared_folder(meta: &Metadata) -> bool {
    meta.mode() & 0o1002 == 0o1002
}

/// The name of this host, with `_` for characters that do not belong in a file name.
pub(in crate::agent) fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '_' }).collect()
}
