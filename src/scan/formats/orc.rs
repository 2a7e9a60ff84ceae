//! ORC with zlib ("ORC Specification v1", "Compression"): chunks of deflated data without a header of their own, each behind
//! three bytes with its length. What other codecs leave is found without this reader.

use std::io;

use flate2::bufread::DeflateDecoder;

use super::deflate;
use super::format::{Format, Visitor};
use super::stream::{Section, Stream, drain};

const MAGIC: &[u8] = b"ORC";

/// The length of a chunk, with a bit that says that it is stored as it is.
const HEADER: usize = 3;

/// How many bytes behind a header tell whether deflated data follows.
const CHECKED: usize = 64;

/// The longest end of a file that is no chunk: its postscript and the length of it.
const END: usize = 256;

pub(super) const FORMAT: Format = Format { matches: |head, _| head.starts_with(MAGIC), read };

fn read(stream: &mut dyn Stream, _: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    stream.consume(MAGIC.len());
    let mut has_chunks = false;
    while let Some((len, is_stored)) = chunk(stream.peek(HEADER + CHECKED)?) {
        stream.consume(HEADER);
        let mut section = Section::new(stream, len);
        if is_stored {
            visitor.stored(b"chunk", &mut section)?;
        } else {
            match visitor.unpacked(b"chunk", &mut DeflateDecoder::new(&mut section as &mut dyn Stream)) {
                Ok(()) => has_chunks = true,
                // Another codec, or none.
                Err(error) if !has_chunks && error.kind() != io::ErrorKind::FileTooLarge => return Ok(()),
                Err(error) => return Err(broken(error)),
            }
        }
        drain(&mut section)?;
    }
    let is_end = stream.peek(END + 1)?.len() <= END;
    if has_chunks && !is_end { Err(broken(io::ErrorKind::InvalidData.into())) } else { Ok(()) }
}

/// The length of the chunk that begins here, and whether it is stored; `None`: there is none.
fn chunk(bytes: &[u8]) -> Option<(u64, bool)> {
    let ([a, b, c], data) = bytes.split_first_chunk::<HEADER>()?;
    let header = u32::from_le_bytes([*a, *b, *c, 0]);
    let (len, is_stored) = (header >> 1, header & 1 == 1);
    (len > 0 && !data.is_empty() && (is_stored || deflate::may_begin(data))).then_some((len.into(), is_stored))
}

fn broken(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::FileTooLarge => error,
        _ => io::Error::other("is a broken ORC file: the rest of it is not unpacked"),
    }
}
