//! A stream of bytes that is searched as it flows, or a part of one: what unpackers read from.

use std::io::{self, BufRead, Read};

use crate::patterns::Encoding;

/// What was found in a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// So many bytes from the layer's beginning.
    pub(super) at: u64,
    pub(super) len: u64,
    pub(super) encoding: Encoding,
    pub(super) token: Option<usize>,
}

/// See the file's head.
pub(super) trait Layer: BufRead {
    /// The next `wanted` bytes or more, fewer only at the end; they stay to be read. No more than a few hundred may be asked for.
    fn peek(&mut self, wanted: usize) -> io::Result<&[u8]>;

    /// Where it stands: so many bytes from the beginning of the layer that is searched.
    fn position(&self) -> u64;

    /// Takes away what was found from here on, up to where it stands now.
    fn take_hits(&mut self, from: u64) -> Vec<Hit>;
}

/// Reads what is left.
pub(super) fn drain(layer: &mut dyn Layer) -> io::Result<()> {
    loop {
        match layer.fill_buf()?.len() {
            0 => return Ok(()),
            read => layer.consume(read),
        }
    }
}

/// The next bytes of a layer, and no more.
pub(super) struct Part<'a> {
    of: &'a mut dyn Layer,
    left: u64,
}

impl<'a> Part<'a> {
    pub(super) fn new(of: &'a mut dyn Layer, len: u64) -> Part<'a> {
        Part { of, left: len }
    }

    /// So much of a piece is ours.
    fn ours(&self, len: usize) -> usize {
        usize::try_from(self.left).unwrap_or(usize::MAX).min(len)
    }

    /// The whole has an end where the part has none.
    pub(super) fn is_cut_off(&self) -> bool {
        self.left > 0
    }
}

impl Read for Part<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let room = self.ours(into.len());
        let read = self.of.read(&mut into[..room])?;
        self.left -= read as u64;
        Ok(read)
    }
}

impl BufRead for Part<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let bytes = self.of.fill_buf()?;
        Ok(&bytes[..bytes.len().min(left)])
    }

    fn consume(&mut self, read: usize) {
        self.left -= read as u64;
        self.of.consume(read);
    }
}

impl Layer for Part<'_> {
    fn peek(&mut self, wanted: usize) -> io::Result<&[u8]> {
        let wanted = self.ours(wanted);
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let bytes = self.of.peek(wanted)?;
        Ok(&bytes[..bytes.len().min(left)])
    }

    fn position(&self) -> u64 {
        self.of.position()
    }

    fn take_hits(&mut self, from: u64) -> Vec<Hit> {
        self.of.take_hits(from)
    }
}
