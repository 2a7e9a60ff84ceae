//! Xz.

use std::io;

use lzma_rust2::XzReader;

use super::compressed::{Compression, Decoder, MAX_WINDOW};
use super::stream::Stream;

pub(super) struct Xz;

impl Compression for Xz {
    const NAME: &'static str = "xz";
    const MAGIC: &'static [u8] = b"\xfd7zXZ\0";
    const SUFFIXES: &'static [(&'static str, &'static str)] = &[(".txz", ".tar"), (".xz", "")];

    fn open<'a>(stream: &'a mut dyn Stream) -> io::Result<Box<dyn Decoder<'a> + 'a>> {
        let kibibytes = (MAX_WINDOW >> 10) as u32;
        Ok(Box::new(XzReader::new_mem_limit(stream, false, kibibytes)))
    }
}

impl<'a> Decoder<'a> for XzReader<&'a mut dyn Stream> {
    fn into_stream(self: Box<Self>) -> &'a mut dyn Stream {
        self.into_inner()
    }
}
