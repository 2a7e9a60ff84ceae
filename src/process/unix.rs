//! A pipe on Unix: one descriptor, looked at and not waited for.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::process::ChildStdout;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

/// The signals that this process ignores: those that its parent ignored, as `nohup` does.
#[derive(Clone, Copy, Debug)]
pub struct Ignored(u64);

impl Ignored {
    /// As Linux shows them (proc(5), SigIgn): bit `n - 1` for signal `n`. No other system tells without `unsafe`: there, none
    /// is ignored.
    pub fn now() -> Ignored {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        Ignored(mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default())
    }

    /// Whether a signal is among them.
    pub fn has(self, signal: i32) -> bool {
        self.0 >> (signal - 1) & 1 == 1
    }
}

/// What a program prints: reading never waits.
#[derive(Debug)]
pub(super) struct Pipe(File);

impl Pipe {
    pub(super) fn new(pipe: ChildStdout) -> io::Result<Pipe> {
        let pipe = OwnedFd::from(pipe);
        rustix::fs::fcntl_setfl(&pipe, OFlags::NONBLOCK)?;
        Ok(Pipe(File::from(pipe)))
    }

    /// Waits until there is something to read, or its end; returns whether that is so.
    pub(super) fn wait(&mut self, time: Duration) -> bool {
        let time = Timespec::try_from(time).ok();
        // That it fails makes the next reading come sooner.
        poll(&mut [PollFd::new(&self.0, PollFlags::IN)], time.as_ref()) != Ok(0)
    }
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}
