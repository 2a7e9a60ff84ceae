//! PNG (W3C, "Portable Network Graphics Specification", third edition): chunks of text, and pixels that are one zlib stream in
//! several chunks.

use std::io::{self, Read};

use flate2::read::ZlibDecoder;

use super::format::{Format, Visitor};
use super::stream::{Section, Stream, skip};

const MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The length and the type before the data of a chunk, and the checksum behind it.
const HEADER: usize = 8;
const CHECKSUM: u64 = 4;

const PIXELS: [u8; 4] = *b"IDAT";
const END: [u8; 4] = *b"IEND";

pub(super) const FORMAT: Format = Format { matches: |head, _| head.starts_with(MAGIC), read };

fn read(stream: &mut dyn Stream, _: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    stream.consume(MAGIC.len());
    loop {
        let (len, kind) = chunk(stream.peek(HEADER)?).ok_or_else(broken)?;
        stream.consume(HEADER);
        if kind == PIXELS {
            let mut pixels = Pixels { stream, left: len };
            visitor.unpacked(&PIXELS, &mut ZlibDecoder::new(&mut pixels)).map_err(pixels_broken)?;
            io::copy(&mut pixels, &mut io::sink())?;
        } else {
            let mut section = Section::new(stream, len);
            visitor.stored(&kind, &mut section)?;
            if section.is_truncated() {
                return Err(broken());
            }
        }
        if !skip(stream, CHECKSUM)? {
            return Err(broken());
        }
        if kind == END {
            return Ok(());
        }
    }
}

/// The length and the type of a chunk.
fn chunk(header: &[u8]) -> Option<(u64, [u8; 4])> {
    let (len, rest) = header.split_first_chunk()?;
    Some((u32::from_be_bytes(*len).into(), *rest.first_chunk()?))
}

/// The data of chunks of pixels that follow each other.
struct Pixels<'a> {
    stream: &'a mut dyn Stream,
    /// How many bytes of the present chunk are left.
    left: u64,
}

impl Read for Pixels<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            let between = CHECKSUM as usize + HEADER;
            let next = self.stream.peek(between)?.get(CHECKSUM as usize..).and_then(chunk);
            let Some((len, _)) = next.filter(|(_, kind)| *kind == PIXELS) else { return Ok(0) };
            self.stream.consume(between);
            self.left = len;
        }
        let read = Section::new(self.stream, self.left).read(into)?;
        self.left -= read as u64;
        if read == 0 && !into.is_empty() { Err(broken()) } else { Ok(read) }
    }
}

fn broken() -> io::Error {
    io::Error::other("is a broken PNG picture: its rest is not unpacked")
}

fn pixels_broken(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::FileTooLarge { error } else { broken() }
}
