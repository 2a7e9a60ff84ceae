//! A pipe on Unix: one descriptor, looked at and not waited for.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::process::ChildStdout;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

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
