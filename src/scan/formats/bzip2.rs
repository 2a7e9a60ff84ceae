//! Bzip2.

use std::io;

use bzip2::bufread::BzDecoder;

use super::compressed::{Compression, Decoder};
use super::stream::Stream;

pub(super) struct Bzip2;

impl Compression for Bzip2 {
    const NAME: &'static str = "bzip2";
    const MAGIC: &'static [u8] = b"BZh";
    const SUFFIXES: &'static [(&'static str, &'static str)] =
        &[(".tbz2", ".tar"), (".tbz", ".tar"), (".bz2", ""), (".bz", "")];

    fn open<'a>(stream: &'a mut dyn Stream) -> io::Result<Box<dyn Decoder<'a> + 'a>> {
        Ok(Box::new(BzDecoder::new(stream)))
    }
}

impl<'a> Decoder<'a> for BzDecoder<&'a mut dyn Stream> {
    fn into_stream(self: Box<Self>) -> &'a mut dyn Stream {
        self.into_inner()
    }
}
