//! Whether deflated data may begin here (RFC 1951): a cheap check, since two bytes of a header stand in much that is none.

/// How many bytes are tried out: more than a stored block has, since it needs no proof but its length.
pub(super) const WINDOW: usize = 68 * 1024;

/// How many symbols of a block with fixed codes are read.
const SYMBOLS: usize = 24;

/// The extra bits of length codes 257 to 285, and of distance codes 0 to 29, with the distance that each begins at
/// (section 3.2.5).
const LENGTH_BITS: [u8; 29] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BITS: [u8; 30] =
    [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];

/// The order of the lengths of codes for lengths of codes (section 3.2.7).
const ORDER: usize = 19;

/// Whether these bytes may be the beginning of deflated data. More than a hundred are not looked at.
pub(super) fn may_begin(bytes: &[u8]) -> bool {
    let mut bits = Bits { bytes, at: 0 };
    is_block(&mut bits).unwrap_or(true)
}

/// Whether the data has codes of its own: other blocks can be made of much that is none.
pub(super) fn is_certain(bytes: &[u8]) -> bool {
    let mut bits = Bits { bytes, at: 1 };
    bits.take(2) == Some(2)
}

/// `None`: the bytes end before it is known.
fn is_block(bits: &mut Bits) -> Option<bool> {
    let _is_last = bits.take(1)?;
    match bits.take(2)? {
        0 => {
            bits.at = bits.at.next_multiple_of(8);
            let (len, complement) = (bits.take(16)?, bits.take(16)?);
            Some(len ^ complement == 0xffff)
        }
        1 => is_fixed(bits),
        2 => is_dynamic(bits),
        _ => Some(false),
    }
}

/// Whether the first symbols are such as there are, and point to what was there before.
fn is_fixed(bits: &mut Bits) -> Option<bool> {
    let mut written = 0;
    for _ in 0..SYMBOLS {
        match fixed_symbol(bits)? {
            ..256 => written += 1,
            256 => break,
            symbol => {
                let extra = LENGTH_BITS.get(symbol as usize - 257).copied();
                let Some(extra) = extra else { return Some(false) };
                bits.take(extra.into())?;
                let code = bits.take_code(5)?;
                let Some(extra) = DISTANCE_BITS.get(code as usize) else { return Some(false) };
                let distance = first_distance(code) + bits.take((*extra).into())?;
                if distance > written {
                    return Some(false);
                }
                written += 3;
            }
        }
    }
    Some(true)
}

/// The distance that a code begins at: each pair of codes has one bit more.
fn first_distance(code: u32) -> u32 {
    match code {
        0..4 => code + 1,
        _ => ((2 + (code & 1)) << (code / 2 - 1)) + 1,
    }
}

/// A symbol in the fixed codes (section 3.2.6).
fn fixed_symbol(bits: &mut Bits) -> Option<u32> {
    let code = bits.take_code(7)?;
    if code < 0x18 {
        return Some(256 + code);
    }
    let code = code << 1 | bits.take(1)?;
    match code {
        0x30..0xc0 => Some(code - 0x30),
        0xc0..0xc8 => Some(280 + code - 0xc0),
        _ => Some(144 + (code << 1 | bits.take(1)?) - 0x190),
    }
}

/// Whether the codes for lengths of codes are complete: no code is without a meaning.
fn is_dynamic(bits: &mut Bits) -> Option<bool> {
    let (literals, distances, count) = (bits.take(5)?, bits.take(5)?, bits.take(4)? as usize + 4);
    if literals > 29 || distances > 29 || count > ORDER {
        return Some(false);
    }
    let mut used = 0;
    for _ in 0..count {
        let len = bits.take(3)?;
        used += if len == 0 { 0 } else { 0x80 >> len };
    }
    Some(used == 0x80)
}

/// Bits, the lowest of each byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// A number, its lowest bit first.
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut number = 0;
        for bit in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            number |= u32::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        Some(number)
    }

    /// A code, its highest bit first.
    fn take_code(&mut self, count: usize) -> Option<u32> {
        (0..count).try_fold(0, |code, _| Some(code << 1 | self.take(1)?))
    }
}
