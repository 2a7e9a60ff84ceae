//! A reader that searches a stream as it is read, in a buffer of fixed size. A match that begins at the end of one piece is
//! found once the next piece is there.

use std::io::{self, BufRead, Read};

use zeroize::Zeroizing;

use crate::patterns::Matcher;

use super::formats::Stream;
use super::matches::{PendingMatches, StreamMatch};

/// How many bytes are read and searched at once: what the fastest caches of a core hold.
const PIECE: usize = 256 * 1024;

/// The size of a page: the kernel copies faster to the beginning of one.
const PAGE: usize = 4096;

/// The buffer of a reader, to be used again. Wiped when dropped.
pub(super) struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    pub(super) fn new(scanner: &Matcher) -> Buffer {
        let kept = (scanner.lookahead() + scanner.lookbehind()).next_multiple_of(PAGE);
        Buffer(Zeroizing::new(vec![0; PIECE.max(4 * kept) + kept + PAGE]))
    }

    /// The part from the beginning of a page on.
    fn pages(&mut self) -> &mut [u8] {
        let first = self.0.as_ptr().align_offset(PAGE).min(PAGE);
        &mut self.0[first..]
    }
}

/// A stream that is searched as it is read. All matches that begin before its position are in `matches`.
pub(super) struct ScanReader<'a> {
    source: &'a mut dyn Read,
    scanner: &'a Matcher,
    matches: &'a PendingMatches,
    buffer: &'a mut [u8],
    /// The offset in the stream of the first byte of the buffer. It may be before the beginning, so it wraps.
    origin: u64,
    /// The buffer holds the stream from `first` to `filled`.
    first: usize,
    filled: usize,
    /// The bytes before this were read.
    read: usize,
    /// All matches that begin before this were found.
    searched: usize,
    end: Option<io::Result<()>>,
}

impl<'a> ScanReader<'a> {
    /// A reader of a source whose first byte has the offset `start`.
    pub(super) fn new(
        scanner: &'a Matcher,
        buffer: &'a mut Buffer,
        source: &'a mut dyn Read,
        start: u64,
        matches: &'a PendingMatches,
    ) -> ScanReader<'a> {
        let buffer = buffer.pages();
        ScanReader {
            source,
            scanner,
            matches,
            buffer,
            origin: start,
            first: 0,
            filled: 0,
            read: 0,
            searched: 0,
            end: None,
        }
    }

    /// Moves what is still needed to the front, fills the buffer, and searches it.
    fn refill(&mut self) {
        let kept = self.read.min(self.searched.saturating_sub(self.scanner.lookbehind())).max(self.first);
        // What is kept ends where a page does.
        let len = self.filled - kept;
        let first = len.next_multiple_of(PAGE) - len;
        self.buffer.copy_within(kept..self.filled, first);
        self.origin = self.origin.wrapping_add(kept as u64).wrapping_sub(first as u64);
        self.filled = first + len;
        self.read = self.read - kept + first;
        self.searched = self.searched - kept + first;
        self.first = first;
        while self.filled < self.buffer.len() && self.end.is_none() {
            match self.source.read(&mut self.buffer[self.filled..]) {
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
        let first = self.searched.saturating_sub(self.scanner.lookbehind()).max(self.first);
        for found in self.scanner.find(&self.buffer[first..self.filled]) {
            let start = first + found.range.start;
            if (self.searched..until).contains(&start) {
                self.matches.push(StreamMatch {
                    start: self.origin.wrapping_add(start as u64),
                    len: found.range.len() as u64,
                    encoding: found.encoding,
                    token: found.token,
                    extent: found.extent,
                    is_signed_url: found.is_signed_url,
                });
            }
        }
        self.searched = until;
    }
}

/// Reads until a buffer is full or the source ends; returns how many bytes.
pub(super) fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

impl Read for ScanReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let read = bytes.len().min(into.len());
        into[..read].copy_from_slice(&bytes[..read]);
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for ScanReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, read: usize) {
        self.read += read;
        // One refill is enough: the buffer is several times as long as what stays unsearched at its end.
        if self.searched < self.read && self.end.is_none() {
            self.refill();
        }
    }
}

impl Stream for ScanReader<'_> {
    fn peek(&mut self, wanted: usize) -> io::Result<&[u8]> {
        if self.filled - self.read < wanted && self.end.is_none() {
            self.refill();
        }
        if self.read == self.filled {
            // An error is reported once all bytes before it were read.
            if let Some(Err(error)) = &self.end {
                return Err(io::Error::new(error.kind(), error.to_string()));
            }
        }
        Ok(&self.buffer[self.read..self.filled])
    }

    fn position(&self) -> u64 {
        self.origin.wrapping_add(self.read as u64)
    }
}
