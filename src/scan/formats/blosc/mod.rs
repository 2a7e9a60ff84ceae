//! Chunks of Blosc 1 (its `README_CHUNK_FORMAT.rst`): what Zarr and PyTables compress arrays with, in blocks that are shuffled.

mod blosclz;

use std::io::{self, Read};

use flate2::bufread::ZlibDecoder;
use ruzstd::decoding::FrameDecoder;
use zeroize::Zeroizing;

use super::bytes::u32_at;
use super::embedded::{Embedded, Start};
use super::format::Visitor;
use super::shuffle::{unshuffle_bits, unshuffle_bytes};
use super::stream::{Section, Stream};

/// The version of the format, and that of its codecs.
const VERSIONS: [u8; 2] = [2, 1];

const HEADER: usize = 16;

/// The largest chunk and the largest block that are unpacked.
const MAX_CHUNK: usize = 8 << 20;
const MAX_BLOCK: usize = 4 << 20;

/// How many places of blocks are looked at to recognise a chunk.
const MAX_SEEN: usize = 100;

/// Blocks of short elements are split into a stream for each byte of an element, where these are long enough.
const MAX_SPLITS: usize = 16;
const MIN_SPLIT: usize = 128;

pub(super) const EMBEDDED: Embedded = Embedded {
    is_split: true,
    ..Embedded::certain(
        "Blosc",
        &[Start::new(&VERSIONS)],
        |bytes| Header::parse(bytes).is_some_and(|header| header.has_blocks(bytes)),
        read,
    )
};

/// The header of a chunk.
#[derive(Clone, Copy)]
struct Header {
    flags: u8,
    element: usize,
    /// The lengths of the array, of a block, and of the chunk.
    len: usize,
    block: usize,
    packed: usize,
}

impl Header {
    /// `None`: it is no header, or that of an array that is stored as it is.
    fn parse(bytes: &[u8]) -> Option<Header> {
        let header = bytes.first_chunk::<HEADER>().filter(|header| header.starts_with(&VERSIONS))?;
        let number = |at: usize| usize::try_from(u32_at(header, at)?).ok();
        let (flags, element) = (header[2], usize::from(header[3]));
        let (len, block, packed) = (number(4)?, number(8)?, number(12)?);
        let is_stored = flags & 2 != 0;
        let is_whole = element > 0 && len.is_multiple_of(element) && (block.is_multiple_of(element) || block == len);
        let is_sane = flags & 8 == 0 && flags >> 5 <= 4 && is_whole && (1..=len).contains(&block);
        let has_size = packed > HEADER && packed <= len + HEADER + 4 * len.div_ceil(block.max(1)) + len / 128 + 64;
        (is_sane && has_size && !is_stored).then_some(Header { flags, element, len, block, packed })
    }

    fn blocks(&self) -> usize {
        self.len.div_ceil(self.block)
    }

    /// Whether the places of blocks follow the header, as far as they are seen: one block begins behind the last place, with the
    /// length of a stream.
    fn has_blocks(&self, bytes: &[u8]) -> bool {
        let first = HEADER + 4 * self.blocks();
        let seen = self.blocks().min(MAX_SEEN);
        let place = |block: usize| u32_at(bytes, HEADER + 4 * block).map(|place| place as usize);
        let is_place = |block: usize| place(block).is_some_and(|place| (first..self.packed).contains(&place));
        let stream = u32_at(bytes, first).map(|len| len as usize);
        let is_stream = match stream {
            Some(len) => (1..=self.block).contains(&len) && first + 4 + len <= self.packed,
            // Too many blocks to see their first.
            None => self.blocks() > MAX_SEEN,
        };
        is_stream && (0..seen).all(is_place) && (0..seen).any(|block| place(block) == Some(first))
    }

    /// How many streams a block of this length has.
    fn splits(&self, len: usize) -> usize {
        let is_split = self.flags & 0x10 == 0
            && self.element <= MAX_SPLITS
            && self.block / self.element >= MIN_SPLIT
            && len == self.block;
        if is_split { self.element } else { 1 }
    }

    fn unshuffle(&self, block: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
        match (self.flags & 1 != 0, self.flags & 4 != 0) {
            (true, _) if self.element > 1 => unshuffle_bytes(&block, self.element),
            (_, true) if block.len() >= self.element => unshuffle_bits(&block, self.element),
            _ => block,
        }
    }
}

fn read(stream: &mut dyn Stream, name: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    let header = Header::parse(stream.peek(HEADER)?).ok_or(io::ErrorKind::InvalidData)?;
    if header.packed > MAX_CHUNK || header.block > MAX_BLOCK {
        return Err(io::Error::other("has a chunk of Blosc that is too large to be unpacked"));
    }
    let mut chunk = Zeroizing::new(Vec::with_capacity(header.packed));
    Section::new(stream, header.packed as u64).read_to_end(&mut chunk)?;
    let blocks = Blocks { chunk: &chunk, header, next: 0, block: Zeroizing::default(), read: 0 };
    visitor.unpacked(name.as_bytes(), &mut { blocks })
}

/// The array, block by block.
struct Blocks<'a> {
    chunk: &'a [u8],
    header: Header,
    next: usize,
    block: Zeroizing<Vec<u8>>,
    read: usize,
}

impl Read for Blocks<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.read == self.block.len() {
            if self.next == self.header.blocks() {
                return Ok(0);
            }
            self.block = self.unpack(self.next).ok_or_else(broken)?;
            (self.read, self.next) = (0, self.next + 1);
        }
        let left = &self.block[self.read..];
        let read = left.len().min(into.len());
        into[..read].copy_from_slice(&left[..read]);
        self.read += read;
        Ok(read)
    }
}

impl Blocks<'_> {
    fn unpack(&self, block: usize) -> Option<Zeroizing<Vec<u8>>> {
        let Header { flags, len, block: size, .. } = self.header;
        let len = size.min(len - block * size);
        let splits = self.header.splits(len);
        let mut rest = self.chunk.get(u32_at(self.chunk, HEADER + 4 * block)? as usize..)?;
        let mut unpacked = Zeroizing::new(vec![0; len]);
        for part in unpacked.chunks_exact_mut((len / splits).max(1)).take(splits) {
            let packed = rest.get(4..)?.get(..u32_at(rest, 0)? as usize)?;
            rest = &rest[4 + packed.len()..];
            match packed.len() == part.len() {
                true => part.copy_from_slice(packed),
                false => decompress(flags >> 5, packed, part)?,
            }
        }
        Some(self.header.unshuffle(unpacked))
    }
}

/// Decompresses a stream of one of the codecs, by its number. `None`: it is broken, or the codec is not known.
fn decompress(codec: u8, packed: &[u8], into: &mut [u8]) -> Option<()> {
    match codec {
        0 => blosclz::decompress(packed, into),
        1 => lz4_flex::block::decompress_into(packed, into).ok().map(drop),
        3 => ZlibDecoder::new(packed).read_exact(into).ok(),
        4 => FrameDecoder::new().decode_all(packed, into).ok().map(drop),
        _ => None,
    }
}

fn broken() -> io::Error {
    io::Error::other("is a broken chunk of Blosc, or of a codec that is not known: it is not unpacked")
}
