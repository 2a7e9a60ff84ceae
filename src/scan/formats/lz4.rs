//! LZ4 frames.

use std::io;

use lz4_flex::frame::FrameDecoder;

use super::compressed::{Compression, Decoder};
use super::stream::Stream;

pub(super) struct Lz4;

impl Compression for Lz4 {
    const NAME: &'static str = "lz4";
    const MAGIC: &'static [u8] = b"\x04\x22\x4d\x18";
    /// It may have blocks of up to 4 MiB, but its header has a checksum.
    const WINDOW: usize = 32 * 1024;
    const SUFFIXES: &'static [(&'static str, &'static str)] = &[(".lz4", "")];

    fn open<'a>(stream: &'a mut dyn Stream) -> io::Result<Box<dyn Decoder<'a> + 'a>> {
        Ok(Box::new(FrameDecoder::new(stream)))
    }
}

impl<'a> Decoder<'a> for FrameDecoder<&'a mut dyn Stream> {
    fn into_stream(self: Box<Self>) -> &'a mut dyn Stream {
        (*self).into_inner()
    }
}
