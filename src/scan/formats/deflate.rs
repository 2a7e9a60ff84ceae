//! Whether deflated data may begin here (RFC 1951): a cheap check, since two bytes of a header stand in much that is none. In
//! machine code they stand every hundred bytes.
//!
//! No deflated data that hold anything are refused: the first block is read as far as it can be read without its content.

/// How many bytes are tried out: more than a stored block has, since it needs no proof but its length.
pub(super) const WINDOW: usize = 68 * 1024;

/// How many bytes are looked at: more than most descriptions of codes have.
const CHECKED: usize = 512;

/// How many symbols with fixed codes are read.
const SYMBOLS: usize = 64;

/// The extra bits of length codes 257 to 285, and of distance codes 0 to 29, with the distance that each begins at
/// (section 3.2.5).
const LENGTH_BITS: [u8; 29] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BITS: [u8; 30] =
    [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];

/// In which order the lengths of the codes for lengths stand (section 3.2.7).
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The symbol that ends a block.
const END: usize = 256;

/// How many bits a code has at most, and a code for a length.
const MAX_BITS: usize = 15;
const MAX_LENGTH_BITS: usize = 7;

/// Whether these bytes may be the beginning of deflated data.
pub(super) fn may_begin(bytes: &[u8]) -> bool {
    let mut bits = Bits { bytes: &bytes[..bytes.len().min(CHECKED)], at: 0 };
    is_deflated(&mut bits).unwrap_or(true)
}

/// Whether the data has codes of its own: other blocks can be made of much that is none.
pub(super) fn is_certain(bytes: &[u8]) -> bool {
    let mut bits = Bits { bytes, at: 1 };
    bits.take(2) == Some(2)
}

/// `None`: the bytes end before it is known.
fn is_deflated(bits: &mut Bits) -> Option<bool> {
    let mut written = 0;
    for _ in 0..SYMBOLS {
        let is_last = bits.take(1)? == 1;
        let block = match bits.take(2)? {
            0 => return is_stored(bits),
            1 => fixed_block(bits, &mut written)?,
            2 => return is_dynamic(bits),
            _ => Block::Broken,
        };
        match block {
            Block::Broken => return Some(false),
            // What holds nothing need not be read.
            Block::Ended if is_last => return Some(written > 0),
            Block::Ended => {}
            Block::Longer => break,
        }
    }
    Some(true)
}

fn is_stored(bits: &mut Bits) -> Option<bool> {
    bits.at = bits.at.next_multiple_of(8);
    let (len, complement) = (bits.take(16)?, bits.take(16)?);
    Some(len ^ complement == 0xffff)
}

/// What is known of a block after its first symbols.
enum Block {
    /// It is none.
    Broken,
    /// All of it was read.
    Ended,
    Longer,
}

/// Whether the first symbols are such as there are, and point to what was written before.
fn fixed_block(bits: &mut Bits, written: &mut u32) -> Option<Block> {
    for _ in 0..SYMBOLS {
        match fixed_symbol(bits)? {
            ..END => *written += 1,
            END => return Some(Block::Ended),
            symbol => {
                let length = symbol - END - 1;
                let Some(extra) = LENGTH_BITS.get(length) else { return Some(Block::Broken) };
                let length = first_length(length) + bits.take((*extra).into())?;
                let code = bits.take_code(5)?;
                let Some(extra) = DISTANCE_BITS.get(code) else { return Some(Block::Broken) };
                if first_distance(code) + bits.take((*extra).into())? > *written {
                    return Some(Block::Broken);
                }
                *written += length;
            }
        }
    }
    Some(Block::Longer)
}

/// The length that a code begins at: four codes have one bit more than the four before.
fn first_length(code: usize) -> u32 {
    match code as u32 {
        28 => 258,
        code @ ..8 => 3 + code,
        code => 3 + ((4 + code % 4) << (code / 4 - 1)),
    }
}

/// The distance that a code begins at: each pair of codes has one bit more.
fn first_distance(code: usize) -> u32 {
    let code = code as u32;
    match code {
        0..4 => code + 1,
        _ => ((2 + (code & 1)) << (code / 2 - 1)) + 1,
    }
}

/// A symbol in the fixed codes (section 3.2.6).
fn fixed_symbol(bits: &mut Bits) -> Option<usize> {
    let code = bits.take_code(7)?;
    if code < 0x18 {
        return Some(END + code);
    }
    let code = code << 1 | bits.take_code(1)?;
    match code {
        0x30..0xc0 => Some(code - 0x30),
        0xc0..0xc8 => Some(280 + code - 0xc0),
        _ => Some(144 + (code << 1 | bits.take_code(1)?) - 0x190),
    }
}

/// Whether the codes that the block describes are such as there may be (section 3.2.7).
fn is_dynamic(bits: &mut Bits) -> Option<bool> {
    let (literals, distances, count) = (bits.take(5)? as usize, bits.take(5)? as usize, bits.take(4)? as usize + 4);
    if literals > 29 || distances > 29 {
        return Some(false);
    }
    let mut code_lengths = [0; ORDER.len()];
    for symbol in ORDER.iter().take(count) {
        code_lengths[*symbol] = bits.take(3)? as u8;
    }
    if unused(&code_lengths) != 0 {
        return Some(false);
    }
    let literals = END + 1 + literals;
    let mut lengths = [0; 288 + 32];
    let lengths = &mut lengths[..=literals + distances];
    if !read_lengths(bits, &Codes::new(&code_lengths), lengths)? {
        return Some(false);
    }
    let (literals, distances) = lengths.split_at(literals);
    Some(literals[END] != 0 && is_code(literals) && is_code(distances))
}

/// Whether codes of these lengths are complete. A single code need not be.
fn is_code(lengths: &[u8]) -> bool {
    match unused(lengths) {
        0 => true,
        unused => unused > 0 && lengths.iter().filter(|len| **len != 0).count() <= 1,
    }
}

/// How much of what codes can tell apart is unused by codes of these lengths, in parts of 2^15; negative: they are too many.
fn unused(lengths: &[u8]) -> i32 {
    let used = lengths.iter().filter(|len| **len != 0).map(|len| 1 << (MAX_BITS - usize::from(*len)));
    (1 << MAX_BITS) - used.sum::<i32>()
}

/// Reads lengths of codes; returns whether they are as many as there shall be.
fn read_lengths(bits: &mut Bits, codes: &Codes, lengths: &mut [u8]) -> Option<bool> {
    let mut at = 0;
    while at < lengths.len() {
        let (len, times) = match codes.symbol(bits)? {
            len @ ..16 => (len, 1),
            16 if at == 0 => return Some(false),
            16 => (lengths[at - 1], 3 + bits.take(2)? as usize),
            17 => (0, 3 + bits.take(3)? as usize),
            _ => (0, 11 + bits.take(7)? as usize),
        };
        let Some(same) = lengths.get_mut(at..at + times) else { return Some(false) };
        same.fill(len);
        at += times;
    }
    Some(true)
}

/// The codes for lengths: for each sequence of bits, the symbol that it begins with, and the length of its code.
struct Codes([(u8, u8); 1 << MAX_LENGTH_BITS]);

impl Codes {
    /// Codes of these lengths, in order of their lengths and symbols (section 3.2.2). They are complete.
    fn new(lengths: &[u8; ORDER.len()]) -> Codes {
        let mut table = [(0, 0); 1 << MAX_LENGTH_BITS];
        let mut free = table.iter_mut();
        for len in 1..=MAX_LENGTH_BITS {
            let symbols = (0..).zip(lengths).filter(|(_, own)| usize::from(**own) == len);
            for (symbol, own) in symbols {
                free.by_ref().take(1 << (MAX_LENGTH_BITS - len)).for_each(|entry| *entry = (symbol, *own));
            }
        }
        Codes(table)
    }

    fn symbol(&self, bits: &mut Bits) -> Option<u8> {
        let next = bits.peek() as u8;
        let (symbol, len) = self.0[usize::from(next.reverse_bits() >> 1)];
        bits.take(len.into())?;
        Some(symbol)
    }
}

/// Bits, the lowest of each byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next bits, at least sixteen; 0 where there are none.
    fn peek(&self) -> u32 {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let next = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut next = [0; 4];
            next[..rest.len()].copy_from_slice(rest);
            next
        });
        u32::from_le_bytes(next) >> (self.at % 8)
    }

    /// A number of at most sixteen bits, its lowest bit first.
    fn take(&mut self, count: usize) -> Option<u32> {
        let number = self.peek() & ((1 << count) - 1);
        self.at += count;
        (self.at <= 8 * self.bytes.len()).then_some(number)
    }

    /// A code, its highest bit first.
    fn take_code(&mut self, count: usize) -> Option<usize> {
        self.take(count).map(|code| (code.reverse_bits() >> (32 - count)) as usize)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::DeflateEncoder;
    use flate2::{Compression, Decompress, FlushDecompress, Status};
    use proptest::prelude::*;

    use super::*;

    fn deflate(content: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(content).expect("a vector takes all");
        encoder.finish().expect("a vector takes all")
    }

    /// All at once, which refuses what points to before the beginning.
    fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
        let mut content = Vec::with_capacity(1 << 17);
        let done = Decompress::new(false).decompress_vec(bytes, &mut content, FlushDecompress::Finish);
        done.is_ok_and(|status| status == Status::StreamEnd).then_some(content)
    }

    proptest! {
        #[test]
        fn what_is_deflated_is_not_refused(content in any::<Vec<u8>>(), word in "[a-f ]{1,9}", level in 0_u32..=9) {
            let words = word.repeat(content.len());
            for content in [&content[..], words.as_bytes(), &[&content[..], words.as_bytes()].concat()] {
                let bytes = deflate(content, level);
                prop_assert!(content.is_empty() || may_begin(&bytes), "{bytes:02x?}");
            }
        }

        #[test]
        fn what_is_refused_cannot_be_inflated(mut bytes in any::<Vec<u8>>(), kind in 0_u8..8) {
            if let Some(first) = bytes.first_mut() {
                *first = *first & !7 | kind;
            }
            prop_assert!(may_begin(&bytes) || inflate(&bytes).is_none_or(|content| content.is_empty()), "{bytes:02x?}");
        }
    }

    #[test]
    fn a_copy_from_a_copy_is_not_refused() {
        assert!(may_begin(&deflate(b" a      a     ", 1)));
    }

    #[test]
    fn machine_code_is_refused() {
        for code in
            ["0248 8d05 1122 3344 5566 7788 4889 02", "4424 1048 8b45 0848 8904 2448 8b44 2408", "0200 0000 0000 0000"]
        {
            let digits: Vec<u8> = code.bytes().filter(u8::is_ascii_hexdigit).collect();
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or("x"), 16);
            let bytes: Vec<u8> = digits.chunks(2).filter_map(|pair| byte(pair).ok()).chain([0; 600]).collect();
            assert!(!may_begin(&bytes), "{code}");
        }
    }
}
