//! Text that looks like a token, though it is none of those that are searched for: another account's token, or one from
//! before a renewal. [`token_at`] decides what looks like a token; this file searches for it in encodings.

use std::ops::Range;

use base64::Engine;
use memchr::memchr_iter;

use crate::token::token_at;

use super::base64::{LENIENT, decodable, is_character, to_standard};
use super::encodings::Encoding;
use super::prefilter::Prefilter;
use super::spellings;

/// How a token begins in one encoding.
struct Prefix {
    bytes: &'static [u8],
    encoding: Encoding,
    /// How many characters of base64 precede it in its group of four.
    offset: usize,
}

/// Every beginning, in upper and lower case. Base64 has three: at the beginning of a group of three bytes, one byte later, and
/// two bytes later.
const PREFIXES: [Prefix; 13] = [
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

/// Adds every sample that may have one of the [`PREFIXES`] in or around it: samples are taken at every fourth place, so one of
/// the four from one byte before the prefix to two bytes inside it.
pub(super) fn add_beginnings(prefilter: &mut Prefilter) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for Prefix { bytes, .. } in &PREFIXES {
        for any in 0..=u8::MAX {
            prefilter.add_sample(&[any, bytes[0], bytes[1], bytes[2]]);
            prefilter.add_sample(&[bytes[1], bytes[2], bytes[3], *bytes.get(4).unwrap_or(&any)]);
        }
        prefilter.add_sample(&bytes[..4]);
    }
    for (third, fourth, fifth) in LAST_LETTERS {
        for one in fifth.as_ref().map_or(&LETTERS[..], std::slice::from_ref) {
            for other in LETTERS {
                prefilter.add_sample(&[third, fourth, *one, *other]);
            }
        }
    }
    for prefix in [b"cop_", b"COP_"] {
        spellings::all(prefix, &mut |text, decoders| {
            if text.len() > SHORT_SPELLING {
                prefilter.add(text, decoders);
            }
        });
    }
    for underscore in UNDERSCORES {
        [b"cop", underscore].concat().windows(4).for_each(|sample| prefilter.add_sample(sample));
    }
}

/// The third letter of each of the [`PREFIXES`], the fourth, and the fifth where it has one.
const LAST_LETTERS: [(u8, u8, Option<u8>); 5] =
    [(b'p', b'_', None), (b'P', b'_', None), (b'9', b'w', Some(b'X')), (b'c', b'F', None), (b'3', b'B', Some(b'f'))];

/// Spellings of a prefix that are no longer than this occur by chance.
const SHORT_SPELLING: usize = 7;

/// How the underscore of a prefix may be escaped where its letters are not.
const UNDERSCORES: [&[u8]; 7] = [b"%5F", b"%5f", b"&#95;", b"&#x5F;", b"&lowbar;", b"\\u005f", b"\\_"];

/// How many bytes at the end of a text may have a prefix that no sample shows.
pub(super) const MAX_UNSAMPLED: usize = 6;

/// The place of a prefix around a sample.
pub(super) fn beginning_near(bytes: &[u8], sample: usize) -> Option<usize> {
    (sample.saturating_sub(2)..=sample + 1).find(|at| is_beginning(&bytes[*at..]))
}

/// Whether a text begins as a token does, in one of the encodings of [`PREFIXES`].
pub(super) fn is_beginning(text: &[u8]) -> bool {
    let Some(four) = text.first_chunk::<4>() else { return false };
    matches!(
        four,
        [b'c' | b'C', b'o' | b'O', b'p' | b'P', b'_']
            | b"Y29w"
            | b"NvcF"
            | b"jb3B"
            | b"636f"
            | b"636F"
            | b"cop%"
            | b"cop&"
            | b"cop\\"
    )
}

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

/// The places in decoded bytes where text begins as every token does.
pub(super) fn beginnings_in(decoded: &[u8]) -> impl Iterator<Item = usize> {
    let starts = memchr_iter(b'_', decoded).filter_map(|underscore| underscore.checked_sub(3));
    starts.filter(|start| decoded[*start..*start + 4].eq_ignore_ascii_case(b"cop_"))
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
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = bytes[first..first + run].as_chunks().0.iter();
    let decoded: Vec<u8> = pairs.map_while(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    token_at(&decoded, (start - first) / 2).map(|_| first + run)
}
