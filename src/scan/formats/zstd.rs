//! Zstandard (RFC 8878).

use std::io;

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::compressed::{Compression, Decoder, MAX_WINDOW};
use super::stream::Stream;

pub(super) struct Zstd;

impl Compression for Zstd {
    const NAME: &'static str = "zstd";
    const MAGIC: &'static [u8] = b"\x28\xb5\x2f\xfd";
    /// A block has up to 128 KiB.
    const WINDOW: usize = 132 * 1024;
    const SUFFIXES: &'static [(&'static str, &'static str)] = &[(".tzst", ".tar"), (".zst", ""), (".zstd", "")];

    fn open<'a>(stream: &'a mut dyn Stream) -> io::Result<Box<dyn Decoder<'a> + 'a>> {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        let opened = StreamingDecoder::new_with_decoder(stream, decoder).map_err(|error| match error {
            FrameDecoderError::WindowSizeTooBig { .. } => io::ErrorKind::OutOfMemory.into(),
            error => io::Error::other(error),
        });
        Ok(Box::new(opened?))
    }
}

impl<'a> Decoder<'a> for StreamingDecoder<&'a mut dyn Stream, FrameDecoder> {
    fn into_stream(self: Box<Self>) -> &'a mut dyn Stream {
        self.into_inner()
    }
}
