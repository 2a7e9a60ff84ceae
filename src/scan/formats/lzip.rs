//! Lzip.

use std::io;

use lzma_rust2::LzipReader;

use super::compressed::{Compression, Decoder, MAX_WINDOW};
use super::stream::Stream;

pub(super) struct Lzip;

/// The size of the dictionary is a power of two, less some sixteenths of it, in the byte behind the magic (the manual of lzip,
/// "File format").
fn dictionary(coded: u8) -> u64 {
    let size = 1_u64 << (coded & 0x1f);
    size - size / 16 * u64::from(coded >> 5)
}

impl Compression for Lzip {
    const NAME: &'static str = "lzip";
    const MAGIC: &'static [u8] = b"LZIP\x01";
    /// The reader goes from one member to the next.
    const HAS_MEMBERS: bool = false;
    const SUFFIXES: &'static [(&'static str, &'static str)] = &[(".tlz", ".tar"), (".lz", "")];

    fn may_begin(bytes: &[u8]) -> bool {
        // From 4 KiB to 512 MiB.
        let is_size = |coded: &u8| (12..=29).contains(&(coded & 0x1f));
        bytes.starts_with(Self::MAGIC) && bytes.get(Self::MAGIC.len()).is_some_and(is_size)
    }

    fn open<'a>(stream: &'a mut dyn Stream) -> io::Result<Box<dyn Decoder<'a> + 'a>> {
        let coded = stream.peek(Self::MAGIC.len() + 1)?.get(Self::MAGIC.len()).copied().unwrap_or_default();
        match dictionary(coded) > MAX_WINDOW {
            true => Err(io::ErrorKind::OutOfMemory.into()),
            false => Ok(Box::new(LzipReader::new(stream))),
        }
    }
}

impl<'a> Decoder<'a> for LzipReader<&'a mut dyn Stream> {
    fn into_stream(self: Box<Self>) -> &'a mut dyn Stream {
        self.into_inner()
    }
}
