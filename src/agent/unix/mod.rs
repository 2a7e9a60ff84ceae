//! An agent on Unix: it lives in a folder of this user's, serves over a socket there, and ends when a signal says so.

mod home;
mod serve;

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::mpsc::Sender;

use crate::error::Result;

pub use home::Home;

use super::keeper::News;

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

/// Whether others may change files in a folder without a word to us: it lies on a file system of the network's, or of
/// another program's.
#[cfg(target_os = "linux")]
pub(super) fn is_silent(folder: &Path) -> bool {
    /// NFS, SMB, FUSE, 9P, Ceph (statfs(2)).
    const SILENT: [u64; 7] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546, 0x0102_1997, 0x00c3_6400];
    rustix::fs::statfs(folder).is_ok_and(|info| SILENT.contains(&(info.f_type as u64 & 0xffff_ffff)))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_silent(folder: &Path) -> bool {
    /// The file system is stored on this machine (statfs(2), MNT_LOCAL).
    const LOCAL: u32 = 0x1000;
    rustix::fs::statfs(folder).is_ok_and(|info| info.f_flags & LOCAL == 0)
}

/// Ends the agent when a signal asks for that.
///
/// # Errors
/// The system does not let it, or has no thread left.
pub(super) fn stop_on_signals(sender: Sender<News>) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let hand_on = move || {
        for _ in signals.forever() {
            let _ = sender.send(News::Stop);
        }
    };
    std::thread::Builder::new().spawn(hand_on).map(drop)
}
