//! Where a compressed stream may begin: a first look at every pair of bytes.

use memchr::{memchr_iter, memchr3_iter};

use super::EMBEDDED;
use super::bytes::u32_at;
use super::embedded::Embedded;

/// How many pairs are looked at together.
const LANES: usize = 8;

/// How many bytes of compressed data may be text by chance.
const CHANCE: usize = 64;

/// The pairs of bytes that the formats begin with, besides zlib.
const PAIRS: [[u8; 2]; count()] = {
    let mut pairs = [[0; 2]; count()];
    let (mut count, mut format) = (0, 0);
    while format < EMBEDDED.len() {
        let mut start = 0;
        while start < EMBEDDED[format].starts.len() {
            pairs[count] = EMBEDDED[format].starts[start].pair();
            count += 1;
            start += 1;
        }
        format += 1;
    }
    pairs
};

const fn count() -> usize {
    let (mut count, mut format) = (0, 0);
    while format < EMBEDDED.len() {
        count += EMBEDDED[format].starts.len();
        format += 1;
    }
    count
}

/// For each pair of bytes, as a number with its first byte below, whether a stream may begin with it.
static STARTS: [u64; 1024] = {
    let mut starts = [0; 1024];
    let mut number = 0;
    while number < PAIRS.len() {
        let pair = u16::from_le_bytes(PAIRS[number]) as usize;
        starts[pair / 64] |= 1 << (pair % 64);
        number += 1;
    }
    let mut pair = 0x0800;
    while pair < 0x8000_u16 {
        if is_zlib(pair.to_be_bytes()) {
            let pair = pair.swap_bytes() as usize;
            starts[pair / 64] |= 1 << (pair % 64);
        }
        // From one method to the next.
        pair += if pair & 0xff == 0xff { 0x0f01 } else { 1 };
    }
    starts
};

/// Whether a stream may begin with these bytes.
fn is_start(pair: [u8; 2]) -> bool {
    let pair = usize::from(u16::from_le_bytes(pair));
    STARTS[pair / 64] >> (pair % 64) & 1 != 0
}

/// Whether a zlib stream may begin with these bytes: a method and a check. As one number they are a multiple of 31, and no
/// dictionary is needed (RFC 1950, section 2.2).
pub(super) const fn is_zlib(pair: [u8; 2]) -> bool {
    let [method, check] = pair;
    method & 0x8f == 8 && check & 0x20 == 0 && u16::from_be_bytes(pair).is_multiple_of(31)
}

/// The format that may begin with these bytes, two of which say that one may.
pub(super) fn format_at(bytes: &[u8]) -> Option<&'static Embedded> {
    let [zlib, others @ ..] = &EMBEDDED;
    if bytes.first_chunk().is_some_and(|pair| is_zlib(*pair)) {
        return Some(zlib).filter(|zlib| (zlib.may_begin)(bytes));
    }
    let word = u32_at(bytes, 0)?;
    let begins = |format: &&Embedded| format.starts.iter().any(|start| start.is_at(word)) && (format.may_begin)(bytes);
    others.iter().find(begins)
}

/// The first place between `from` and `end` where a stream may begin. In a text, only formats of text are looked for: no data
/// that is compressed is text for long.
pub(super) fn first_start(bytes: &[u8], from: usize, end: usize) -> Option<usize> {
    match is_text(&bytes[from..bytes.len().min(end + CHANCE)]) {
        true => first_in_text(bytes, from, end),
        false => first_in_blocks(bytes, from, end),
    }
}

/// Whether there is nothing but text, in ASCII.
fn is_text(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks();
    let is_text = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        // The highest bit of a byte, and the borrow of one that is less than a tab.
        (word | word.wrapping_sub(EACH * u64::from(b'\t'))) & (EACH * 0x80) == 0
    };
    words.iter().all(is_text) && rest.iter().all(|byte| (b'\t'..0x80).contains(byte))
}

/// The same number in each byte of a word.
const EACH: u64 = 0x0101_0101_0101_0101;

fn first_in_text(bytes: &[u8], from: usize, end: usize) -> Option<usize> {
    let is_here = |at: &usize| is_start_at(bytes, from + at);
    let text = &bytes[from..end];
    let upper = memchr3_iter(b'B', b'G', b'L', text).find(is_here);
    let lower = memchr_iter(b'g', &text[..upper.unwrap_or(text.len())]).find(is_here);
    lower.or(upper).map(|at| from + at)
}

fn first_in_blocks(bytes: &[u8], mut from: usize, end: usize) -> Option<usize> {
    while from < end {
        if bytes.get(from..).and_then(<[u8]>::first_chunk).is_some_and(|block| !has_start(block)) {
            from += LANES;
            continue;
        }
        let until = end.min(from + LANES);
        if let Some(at) = (from..until).find(|at| is_start_at(bytes, *at)) {
            return Some(at);
        }
        from = until;
    }
    None
}

fn is_start_at(bytes: &[u8], at: usize) -> bool {
    bytes.get(at..).and_then(<[u8]>::first_chunk).is_some_and(|pair| is_start(*pair))
}

/// Whether one of eight pairs may be the beginning of a stream.
#[expect(clippy::inline_always, reason = "the release is built for size, which leaves a call for every eight bytes")]
#[inline(always)]
fn has_start(block: &[u8; LANES + 8]) -> bool {
    let bytes = u128::from_le_bytes(*block);
    let (low, high) = (bytes as u64, (bytes >> 8) as u64);
    let bit = |pair: u64| STARTS[(pair as u16 / 64) as usize] >> (pair & 63);
    let found = bit(low) | bit(low >> 16) | bit(low >> 32) | bit(low >> 48);
    (found | bit(high) | bit(high >> 16) | bit(high >> 32) | bit(high >> 48)) & 1 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_found_at_every_place_of_a_block() {
        for at in 0..3 * LANES {
            for pair in PAIRS.into_iter().chain([[0x78, 0x9c], [0x78, 0x01], [0x18, 0x57]]) {
                let mut bytes = vec![0xff; 4 * LANES];
                bytes[at..at + 2].copy_from_slice(&pair);
                assert_eq!(first_start(&bytes, 0, bytes.len()), Some(at), "{pair:?}");
                assert_eq!(first_start(&bytes, 0, at), None);
            }
        }
    }

    #[test]
    fn a_format_of_text_is_found_at_every_place_of_a_text() {
        let starts = EMBEDDED.iter().flat_map(|format| format.starts).map(|start| start.bytes());
        let texts: Vec<Vec<u8>> = starts.filter(|bytes| is_text(bytes)).collect();
        assert_eq!(texts.len(), 5, "{texts:x?}");
        for text in texts {
            for at in 0..3 * LANES {
                let mut bytes = vec![b'.'; 4 * LANES];
                bytes[at..at + text.len()].copy_from_slice(&text);
                assert!(is_text(&bytes));
                assert_eq!(first_start(&bytes, 0, bytes.len()), Some(at), "{text:x?}");
            }
        }
    }

    #[test]
    fn a_text_has_no_high_bit_and_nothing_less_than_a_tab() {
        for byte in 0..=u8::MAX {
            for at in 0..11 {
                let mut bytes = *b"\t\n\r\x1b az~\x7fAZ";
                bytes[at] = byte;
                assert_eq!(is_text(&bytes), (9..0x80).contains(&byte), "{byte:#x}");
            }
        }
    }

    #[test]
    fn starts_are_the_pairs_and_the_headers_of_zlib() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let pair = [first, second];
                assert_eq!(is_start(pair), is_zlib(pair) || PAIRS.contains(&pair), "{pair:?}");
            }
        }
    }

    #[test]
    fn no_other_format_begins_like_zlib() {
        assert!(EMBEDDED[0].starts.is_empty() && EMBEDDED[1..].iter().all(|format| !format.starts.is_empty()));
        assert!(!PAIRS.into_iter().any(is_zlib));
    }

    #[test]
    fn a_block_has_a_start_where_one_of_its_pairs_is_one() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                for at in 0..LANES {
                    let mut block = [0xff; LANES + 8];
                    block[at..at + 2].copy_from_slice(&[first, second]);
                    let pairs = block[..=LANES].windows(2).any(|pair| is_start([pair[0], pair[1]]));
                    assert_eq!(has_start(&block), pairs, "{first:#x} {second:#x} at {at}");
                }
            }
        }
    }
}
