//! A stream that is searched as it is read, in a buffer of fixed size. What stands across the end of one piece and the
//! beginning of the next is kept until both are there.

use std::io::{self, BufRead, Read};

use zeroize::Zeroizing;

use crate::patterns::FastScan;

use super::layer::{Hit, Layer};

/// So many bytes are read and searched at once: what the caches nearest to a core hold.
const PIECE: usize = 256 * 1024;

/// So many hits wait to be taken.
const MOST: usize = 100_000;

/// So many bytes before a place tell whether a word begins there.
const BEHIND: usize = 8;

/// A page: the kernel copies to the beginning of one quicker than to anywhere else.
const PAGE: usize = 4096;

/// A buffer for a tap, to be used again; wiped when dropped.
pub(super) struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    pub(super) fn new(scanner: &FastScan) -> Buffer {
        let kept = (scanner.lookahead() + BEHIND).next_multiple_of(PAGE);
        Buffer(Zeroizing::new(vec![0; PIECE.max(4 * kept) + kept + PAGE]))
    }

    /// From the beginning of a page on.
    fn pages(&mut self) -> &mut [u8] {
        let first = self.0.as_ptr().align_offset(PAGE).min(PAGE);
        &mut self.0[first..]
    }
}

/// See the file's head.
pub(super) struct Tap<'a> {
    from: &'a mut dyn Read,
    scanner: &'a FastScan,
    buffer: &'a mut [u8],
    /// Where the buffer's first byte would be in the stream; it may be before its beginning.
    origin: u64,
    /// From here on the buffer holds the stream, up to there.
    first: usize,
    filled: usize,
    /// What stands before here has been read.
    read: usize,
    /// What begins before here has been searched for.
    searched: usize,
    hits: Vec<Hit>,
    /// Traces and likenesses that are too many to be kept.
    more: (u64, u64),
    end: Option<io::Result<()>>,
}

impl<'a> Tap<'a> {
    /// The stream begins at this place of what it is a part of.
    pub(super) fn new(scanner: &'a FastScan, buffer: &'a mut Buffer, from: &'a mut dyn Read, start: u64) -> Tap<'a> {
        let (buffer, hits) = (buffer.pages(), Vec::new());
        Tap {
            from,
            scanner,
            buffer,
            origin: start,
            first: 0,
            filled: 0,
            read: 0,
            searched: 0,
            hits,
            more: (0, 0),
            end: None,
        }
    }

    /// How many traces and likenesses were found that nobody can take any more.
    pub(super) fn more(&self) -> (u64, u64) {
        self.more
    }

    /// Makes room, fills it, and searches.
    fn refill(&mut self) {
        let kept = self.read.min(self.searched.saturating_sub(BEHIND)).max(self.first);
        // It ends where a page does.
        let len = self.filled - kept;
        let first = len.next_multiple_of(PAGE) - len;
        self.buffer.copy_within(kept..self.filled, first);
        self.origin = self.origin.wrapping_add(kept as u64).wrapping_sub(first as u64);
        self.filled = first + len;
        self.read = self.read - kept + first;
        self.searched = self.searched - kept + first;
        self.first = first;
        while self.filled < self.buffer.len() && self.end.is_none() {
            match self.from.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.end = Some(Ok(())),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.end = Some(Err(error)),
            }
        }
        self.search();
    }

    fn search(&mut self) {
        let until = match self.end {
            Some(_) => self.filled,
            None => self.filled.saturating_sub(self.scanner.lookahead()).max(self.searched),
        };
        // From a little before, to see what stands there.
        let first = self.searched.saturating_sub(BEHIND).max(self.first);
        for found in self.scanner.find(&self.buffer[first..self.filled]) {
            let start = first + found.range.start;
            if (self.searched..until).contains(&start) {
                let (at, len) = (self.origin.wrapping_add(start as u64), found.range.len() as u64);
                // A token that is known is not to be lost among many that are not.
                let room = if found.token.is_some() { MOST } else { MOST / 2 };
                match (self.hits.len() < room, found.token) {
                    (true, token) => self.hits.push(Hit { at, len, encoding: found.encoding, token }),
                    (false, Some(_)) => self.more.0 += 1,
                    (false, None) => self.more.1 += 1,
                }
            }
        }
        self.searched = until;
    }
}

impl Read for Tap<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let read = bytes.len().min(into.len());
        into[..read].copy_from_slice(&bytes[..read]);
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Tap<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, read: usize) {
        self.read += read;
    }
}

impl Layer for Tap<'_> {
    fn peek(&mut self, wanted: usize) -> io::Result<&[u8]> {
        if self.filled - self.read < wanted && self.end.is_none() {
            self.refill();
        }
        if self.read == self.filled {
            // What came before it has been read: now the error is.
            if let Some(Err(error)) = &self.end {
                return Err(io::Error::new(error.kind(), error.to_string()));
            }
        }
        Ok(&self.buffer[self.read..self.filled])
    }

    fn position(&self) -> u64 {
        self.origin.wrapping_add(self.read as u64)
    }

    fn take_hits(&mut self, from: u64) -> Vec<Hit> {
        // What stands before here may not all be searched for yet.
        if self.searched < self.read && self.end.is_none() {
            self.refill();
        }
        let here = self.position();
        // They are in order.
        let first = self.hits.partition_point(|hit| hit.at < from);
        let last = self.hits.partition_point(|hit| hit.at < here);
        self.hits.drain(first..last.max(first)).collect()
    }
}
