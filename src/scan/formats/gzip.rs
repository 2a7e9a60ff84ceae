//! Gzip: all members of a file as one content (RFC 1952, section 2.2).

use std::io::{self, Read};

use flate2::bufread::GzDecoder;

use super::format::{Format, Visitor};
use super::stream::Stream;

pub(super) const FORMAT: Format = Format { matches: |head, _| head.starts_with(&[0x1f, 0x8b, 8]), read };

fn read(stream: &mut dyn Stream, name: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    let mut members = Members { decoder: Some(GzDecoder::new(stream)) };
    visitor.unpacked(content_name(name).as_bytes(), &mut members)
}

/// The name of what is packed in a file of this name.
fn content_name(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or_default();
    let stem = file.strip_suffix(".gz").or_else(|| file.strip_suffix(".bgz")).map(str::to_owned);
    stem.or_else(|| Some(format!("{}.tar", file.strip_suffix(".tgz")?))).unwrap_or_else(|| "gzip".to_owned())
}

/// The content of all members. What follows the last one is padding, and is searched as it is.
struct Members<'a> {
    decoder: Option<GzDecoder<&'a mut dyn Stream>>,
}

impl Read for Members<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let read = decoder.read(into).map_err(broken)?;
            if read > 0 {
                return Ok(read);
            }
            self.decoder = self.decoder.take().map(GzDecoder::into_inner).and_then(next_member);
        }
        Ok(0)
    }
}

/// The member that begins here, if there is one.
fn next_member(stream: &mut dyn Stream) -> Option<GzDecoder<&mut dyn Stream>> {
    let begins = stream.peek(2).is_ok_and(|head| head.starts_with(&[0x1f, 0x8b]));
    begins.then(|| GzDecoder::new(stream))
}

fn broken(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), "is broken gzip: the rest of it cannot be unpacked")
}
