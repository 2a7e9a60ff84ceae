//! How far a search has come, for another thread to show.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};

/// The files and bytes that were searched so far.
#[derive(Debug, Default)]
pub struct Progress {
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Progress {
    /// Files and bytes so far.
    pub fn so_far(&self) -> (u64, u64) {
        (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    pub(super) fn add_file(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_bytes(&self, read: usize) {
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
    }
}

/// A source whose bytes are counted as they are read.
pub(super) struct CountingReader<'a, R> {
    source: R,
    progress: &'a Progress,
    /// How many bytes were read.
    pub(super) bytes: u64,
}

impl<'a, R> CountingReader<'a, R> {
    pub(super) fn new(source: R, progress: &'a Progress) -> CountingReader<'a, R> {
        CountingReader { source, progress, bytes: 0 }
    }
}

impl<R: Read> Read for CountingReader<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.bytes += read as u64;
        self.progress.add_bytes(read);
        Ok(read)
    }
}
