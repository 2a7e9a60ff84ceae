//! Gzip (RFC 1952).

use std::io;

use flate2::bufread::GzDecoder;

use super::compressed::{Compression, Decoder};
use super::stream::Stream;

pub(super) struct Gzip;

impl Compression for Gzip {
    const NAME: &'static str = "gzip";
    const MAGIC: &'static [u8] = &[0x1f, 0x8b, 8];
    const SUFFIXES: &'static [(&'static str, &'static str)] = &[(".tgz", ".tar"), (".gz", ""), (".bgz", "")];

    fn open<'a>(stream: &'a mut dyn Stream) -> io::Result<Box<dyn Decoder<'a> + 'a>> {
        Ok(Box::new(GzDecoder::new(stream)))
    }
}

impl<'a> Decoder<'a> for GzDecoder<&'a mut dyn Stream> {
    fn into_stream(self: Box<Self>) -> &'a mut dyn Stream {
        self.into_inner()
    }
}
