//! Gzip (RFC 1952).

use std::io;

use flate2::bufread::GzDecoder;

use super::compressed::{Compression, Decoder};
use super::deflate;
use super::stream::Stream;

pub(super) struct Gzip;

impl Compression for Gzip {
    const NAME: &'static str = "gzip";
    const MAGIC: &'static [u8] = &[0x1f, 0x8b, 8];
    const WINDOW: usize = deflate::WINDOW;
    const SUFFIXES: &'static [(&'static str, &'static str)] = &[(".tgz", ".tar"), (".gz", ""), (".bgz", "")];

    fn may_begin(bytes: &[u8]) -> bool {
        data(bytes).is_some_and(deflate::may_begin)
    }

    fn is_certain(bytes: &[u8]) -> bool {
        data(bytes).is_some_and(deflate::is_certain)
    }

    fn open<'a>(stream: &'a mut dyn Stream) -> io::Result<Box<dyn Decoder<'a> + 'a>> {
        Ok(Box::new(GzDecoder::new(stream)))
    }
}

/// What may be deflated data behind a header, its optional fields and the names in it (section 2.3); `None`: it is no header.
fn data(bytes: &[u8]) -> Option<&[u8]> {
    let (header, mut rest) = bytes.split_first_chunk::<10>().filter(|(header, _)| header.starts_with(Gzip::MAGIC))?;
    let flags = header[3];
    if flags & 0xe0 != 0 {
        return None;
    }
    if flags & 4 != 0 {
        let (len, extra) = rest.split_first_chunk()?;
        rest = extra.get(u16::from_le_bytes(*len).into()..).unwrap_or_default();
    }
    for _ in 0..(flags >> 3 & 1) + (flags >> 4 & 1) {
        let end = rest.iter().position(|byte| *byte == 0);
        rest = end.map_or(&[], |end| &rest[end + 1..]);
    }
    Some(if flags & 2 != 0 { rest.get(2..).unwrap_or_default() } else { rest })
}

impl<'a> Decoder<'a> for GzDecoder<&'a mut dyn Stream> {
    fn into_stream(self: Box<Self>) -> &'a mut dyn Stream {
        self.into_inner()
    }
}
