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

    /// The size of the blocks follows, then a block or the end of the member: six bytes that say which.
    fn may_begin(bytes: &[u8]) -> bool {
        const BLOCK: &[u8] = b"\x31\x41\x59\x26\x53\x59";
        const END: &[u8] = b"\x17\x72\x45\x38\x50\x90";
        bytes.starts_with(Self::MAGIC)
            && matches!(bytes.get(3), Some(b'1'..=b'9'))
            && bytes.get(4..10).is_some_and(|next| next == BLOCK || next == END)
    }

    fn open<'a>(stream: &'a mut dyn Stream) -> io::Result<Box<dyn Decoder<'a> + 'a>> {
        Ok(Box::new(BzDecoder::new(stream)))
    }
}

impl<'a> Decoder<'a> for BzDecoder<&'a mut dyn Stream> {
    fn into_stream(self: Box<Self>) -> &'a mut dyn Stream {
        self.into_inner()
    }
}
