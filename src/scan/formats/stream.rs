//! What format readers read from: a stream with lookahead, or a section of one.

use std::io::{self, BufRead, Read};

/// A stream of bytes with lookahead.
pub(in crate::scan) trait Stream: BufRead {
    /// The next `wanted` bytes or more, fewer only at the end. They are not consumed. At most 128 KiB can be wanted.
    fn peek(&mut self, wanted: usize) -> io::Result<&[u8]>;

    /// The offset of the next byte from the beginning of the outermost stream.
    fn position(&self) -> u64;
}

/// Reads what is left.
pub(super) fn drain(stream: &mut dyn Stream) -> io::Result<()> {
    loop {
        match stream.fill_buf()?.len() {
            0 => return Ok(()),
            read => stream.consume(read),
        }
    }
}

/// Skips so many bytes; `false`: the stream ended before.
pub(super) fn skip(stream: &mut dyn Stream, len: u64) -> io::Result<bool> {
    let mut section = Section::new(stream, len);
    drain(&mut section)?;
    Ok(!section.is_truncated())
}

/// Skips the padding of an archive.
pub(in crate::scan) fn skip_zeros(stream: &mut dyn Stream) -> io::Result<()> {
    loop {
        let bytes = stream.fill_buf()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        if zeros == 0 {
            return Ok(());
        }
        stream.consume(zeros);
    }
}

/// The next bytes of a stream, up to a length.
pub(super) struct Section<'a> {
    stream: &'a mut dyn Stream,
    left: u64,
}

impl<'a> Section<'a> {
    pub(super) fn new(stream: &'a mut dyn Stream, len: u64) -> Section<'a> {
        Section { stream, left: len }
    }

    /// How many of `len` bytes belong to the section.
    fn clamp(&self, len: usize) -> usize {
        usize::try_from(self.left).unwrap_or(usize::MAX).min(len)
    }

    /// Whether the section was not read to its end: after [`drain`], the stream ended before the section did.
    pub(super) fn is_truncated(&self) -> bool {
        self.left > 0
    }
}

impl Read for Section<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let len = self.clamp(into.len());
        let read = self.stream.read(&mut into[..len])?;
        self.left -= read as u64;
        Ok(read)
    }
}

impl BufRead for Section<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let left = self.clamp(usize::MAX);
        let bytes = self.stream.fill_buf()?;
        Ok(&bytes[..bytes.len().min(left)])
    }

    fn consume(&mut self, read: usize) {
        self.left -= read as u64;
        self.stream.consume(read);
    }
}

impl Stream for Section<'_> {
    fn peek(&mut self, wanted: usize) -> io::Result<&[u8]> {
        let (wanted, left) = (self.clamp(wanted), self.clamp(usize::MAX));
        let bytes = self.stream.peek(wanted)?;
        Ok(&bytes[..bytes.len().min(left)])
    }

    fn position(&self) -> u64 {
        self.stream.position()
    }
}

/// Bytes that were peeked at.
pub(super) struct Slice<'a>(pub(super) &'a [u8]);

impl Read for Slice<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl BufRead for Slice<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.0)
    }

    fn consume(&mut self, read: usize) {
        self.0.consume(read);
    }
}

impl Stream for Slice<'_> {
    fn peek(&mut self, _: usize) -> io::Result<&[u8]> {
        Ok(self.0)
    }

    fn position(&self) -> u64 {
        0
    }
}
