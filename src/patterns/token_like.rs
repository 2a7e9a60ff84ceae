//! Text that looks like a token, though it is none of those that are searched for: another account's token, or one from
//! before a renewal. [`token_at`] decides what looks like a token; this file searches for it in encodings.

use std::ops::Range;

use base64::Engine;

use crate::token::token_at;

use super::base64::{LENIENT, decodable, is_character, to_standard};
use super::encodings::Encoding;

/// How a token begins in one encoding.
pub(super) struct Prefix {
    pub(super) bytes: &'static [u8],
    encoding: Encoding,
    /// How many characters of base64 precede it in its group of four.
    offset: usize,
}

/// Every beginning, in upper and lower case. Base64 has three: at the beginning of a group of three bytes, one byte later, and
/// two bytes later.
pub(super) const PREFIXES: [Prefix; 13] = [
    Prefix { bytes: b"cop_", encoding: Encoding::Raw, offset: 0 },
    Prefix { bytes: b"coP_", encoding: Encoding::Raw, offset: 0 },
    Prefix { bytes: b"cOp_", encoding: Encoding::Raw, offset: 0 },
    Prefix { bytes: b"cOP_", encoding: Encoding::Raw, offset: 0 },
    Prefix { bytes: b"Cop_", encoding: Encoding::Raw, offset: 0 },
    Prefix { bytes: b"CoP_", encoding: Encoding::Raw, offset: 0 },
    Prefix { bytes: b"COp_", encoding: Encoding::Raw, offset: 0 },
    Prefix { bytes: b"COP_", encoding: Encoding::Raw, offset: 0 },
    Prefix { bytes: b"Y29wX", encoding: Encoding::Base64, offset: 0 },
    Prefix { bytes: b"NvcF", encoding: Encoding::Base64, offset: 2 },
    Prefix { bytes: b"jb3Bf", encoding: Encoding::Base64, offset: 3 },
    Prefix { bytes: b"636f705f", encoding: Encoding::Hex, offset: 0 },
    Prefix { bytes: b"636F705F", encoding: Encoding::Hex, offset: 0 },
];

/// How many encoded characters are decoded.
const MAX_DECODED: usize = 128;

/// The range and the encoding of the text that looks like a token and has one of the [`PREFIXES`] at `start`.
pub(super) fn match_at(bytes: &[u8], start: usize) -> Option<(Range<usize>, Encoding)> {
    let prefix = PREFIXES.iter().find(|prefix| bytes[start..].starts_with(prefix.bytes))?;
    let end = match prefix.encoding {
        Encoding::Base64 => end_in_base64(bytes, start, prefix.offset)?,
        Encoding::Hex => end_in_hex(bytes, start)?,
        _ => token_at(bytes, start)?,
    };
    Some((start..end, prefix.encoding))
}

fn end_in_base64(bytes: &[u8], start: usize, offset: usize) -> Option<usize> {
    // The preceding group, where there is one, decides whether a word begins here.
    let group = start.checked_sub(offset)?;
    let first = group
        .checked_sub(4)
        .filter(|first| bytes[*first..group].iter().all(|byte| is_character(*byte)))
        .unwrap_or(group);
    let run = bytes[first..].iter().take(MAX_DECODED).take_while(|byte| is_character(**byte)).count();
    let text: Vec<u8> = bytes[first..first + run].iter().map(|byte| to_standard(*byte)).collect();
    let decoded = LENIENT.decode(&text[..decodable(text.len())]).ok()?;
    let at = (group - first) / 4 * 3 + offset.saturating_sub(1);
    token_at(&decoded, at).map(|_| first + run)
}

fn end_in_hex(bytes: &[u8], start: usize) -> Option<usize> {
    let first = start.checked_sub(2).filter(|first| bytes[*first..start].iter().all(u8::is_ascii_hexdigit));
    let first = first.unwrap_or(start);
    let run = bytes[first..].iter().take(MAX_DECODED).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let decoded: Vec<u8> = bytes[first..first + run].chunks_exact(2).map_while(pair).collect();
    token_at(&decoded, (start - first) / 2).map(|_| first + run)
}
