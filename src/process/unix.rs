//! A non-blocking pipe on Unix, and the signals that this process ignores.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::process::ChildStdout;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

/// The signals that this process ignores: those that its parent ignored, as `nohup` does.
#[derive(Clone, Copy, Debug)]
pub struct IgnoredSignals(u64);

impl IgnoredSignals {
    /// As Linux shows them (proc(5), SigIgn): bit `n - 1` is signal `n`. Elsewhere they cannot be read without `unsafe`, and
    /// none counts as ignored.
    pub fn now() -> IgnoredSignals {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        IgnoredSignals(mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default())
    }

    /// Whether a signal is ignored.
    pub fn contains(self, signal: i32) -> bool {
        self.0 >> (signal - 1) & 1 == 1
    }
}

/// The output of a program. Reading does not block: it gives [`io::ErrorKind::WouldBlock`].
#[derive(Debug)]
pub(super) struct Pipe(File);

impl Pipe {
    pub(super) fn new(pipe: ChildStdout) -> io::Result<Pipe> {
        let pipe = OwnedFd::from(pipe);
        rustix::fs::fcntl_setfl(&pipe, OFlags::NONBLOCK)?;
        Ok(Pipe(File::from(pipe)))
    }

    /// Waits until a read does not block; returns false where that took longer than the timeout.
    pub(super) fn wait(&mut self, timeout: Duration) -> bool {
        let timeout = Timespec::try_from(timeout).ok();
        // An error ends the wait early, which does no harm: the next read blocks no more than this one.
        poll(&mut [PollFd::new(&self.0, PollFlags::IN)], timeout.as_ref()) != Ok(0)
    }
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}
