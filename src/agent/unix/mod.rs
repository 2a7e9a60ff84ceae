//! An agent on Unix: it lives in a folder of this user's, serves over a socket there, and ends when a signal says so.

mod instance;
mod serve;
mod signals;

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use crate::error::Result;

pub use instance::AgentInstance;

/// Says where there is no agent: not on this system.
///
/// # Errors
/// Never.
pub fn supported() -> Result<()> {
    Ok(())
}

/// What a file or a folder is told apart by from another that takes its place.
pub(super) fn number(meta: &Metadata) -> u64 {
    meta.ino()
}

/// What is another after a change.
pub(super) type State = [u64; 4];

pub(super) fn state(meta: &Metadata) -> State {
    [meta.ino(), meta.len(), meta.mtime().cast_unsigned(), meta.mtime_nsec().cast_unsigned()]
}

/// Whether everybody has folders in there, as in `/tmp`, and nobody may take another's.
pub(super) fn is_everybodys(meta: &Metadata) -> bool {
    meta.mode() & 0o1002 == 0o1002
}

/// The name of this host, as a file name.
pub(super) fn host() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '_' }).collect()
}
