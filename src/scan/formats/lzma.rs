//! LZMA without a container ("lzma alone"): what `xz --format=lzma` and Python's `lzma.FORMAT_ALONE` write.

use std::io;

use lzma_rust2::LzmaReader;

use super::compressed::{self, Compression, Decoder, MAX_WINDOW};
use super::format::Format;
use super::stream::Stream;

pub(super) struct Lzma;

/// The properties, the size of the dictionary, and the size of the content.
const HEADER: usize = 13;

/// The size of a content that ends with a mark, and the largest that `xz` takes for one.
const UNKNOWN: u64 = u64::MAX;
const MAX_SIZE: u64 = 1 << 38;

/// Recognised by what its header may hold, as `xz` does, since it has no magic number.
pub(super) const FORMAT: Format = Format { matches: |head, _| is_header(head), ..compressed::format::<Lzma>() };

fn is_header(head: &[u8]) -> bool {
    let Some(header) = head.first_chunk::<HEADER>().filter(|header| header.starts_with(Lzma::MAGIC)) else {
        return false;
    };
    let [_, a, b, c, d, size @ ..] = *header;
    let (dictionary, size) = (u32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(size));
    let is_usual = dictionary.is_power_of_two() || dictionary.is_multiple_of(3) && (dictionary / 3).is_power_of_two();
    // The first byte of the data is 0.
    is_usual && dictionary >= 4096 && (size == UNKNOWN || size < MAX_SIZE) && head.get(HEADER) == Some(&0)
}

impl Compression for Lzma {
    const NAME: &'static str = "lzma";
    /// The properties that every program chooses: lc = 3, lp = 0, pb = 2.
    const MAGIC: &'static [u8] = &[0x5d];
    const HAS_MEMBERS: bool = false;
    const SUFFIXES: &'static [(&'static str, &'static str)] = &[(".tlz", ".tar"), (".lzma", "")];

    fn open<'a>(stream: &'a mut dyn Stream) -> io::Result<Box<dyn Decoder<'a> + 'a>> {
        let kibibytes = (MAX_WINDOW >> 10) as u32;
        Ok(Box::new(LzmaReader::new_mem_limit(stream, kibibytes, None)?))
    }
}

impl<'a> Decoder<'a> for LzmaReader<&'a mut dyn Stream> {
    fn into_stream(self: Box<Self>) -> &'a mut dyn Stream {
        self.into_inner()
    }
}
