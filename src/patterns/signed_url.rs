//! Signed URLs of cloud storage: until such a URL expires, its signature gives access to a file.
//!
//! | storage | signature | beside it in the URL |
//! |---|---|---|
//! | Amazon S3, version 4 | `X-Amz-Signature=` and 64 hexadecimal digits | |
//! | Amazon S3, version 2 | `Signature=` and 20 bytes in base64 | `AWSAccessKeyId=`, `Expires=` |
//! | Google Cloud | `X-Goog-Signature=` and 100 hexadecimal digits or more | |
//! | Azure | `sig=` and 32 bytes in base64 | `se=` or `sv=` |

use std::ops::{Range, RangeInclusive};

use memchr::memmem;

use super::prefilter::Prefilter;

/// How far from a signature its other parameters may be, in bytes.
const REACH: usize = 2000;

/// How much of a URL at the end of a piece of a stream is held back, until more of it comes.
const MAX_URL: usize = 4096;

/// How many bytes before a signature decide whether it is one.
pub(super) const LOOKBEHIND: usize = REACH + 48;

/// The name of a signature of Azure, and the end of the name of every other one.
const NAMES: [&[u8]; 2] = [b"sig", b"Signature"];

/// What stands before the name of a parameter: `?`, `&`, or the end of an `&` that is written as `&amp;`, `\u0026` or `%26`.
const BEFORE_NAME: &[u8] = b"?&;6";

/// What stands between a name and a value, or pads base64.
const EQUALS: [&[u8]; 4] = [b"=", b"%3D", b"%3d", b"\\u003d"];

/// How many digits a signature of Amazon has in hexadecimal, and one of Google.
const AMAZON: RangeInclusive<usize> = 64..=64;
const GOOGLE: RangeInclusive<usize> = 100..=1024;

/// How many characters a signature has in base64 without padding: one of Amazon, and one of Azure.
const AMAZON_BASE64: usize = 27;
const AZURE_BASE64: usize = 43;

/// Adds every sample that may have the name of a signature in or around it. Samples are taken at every fourth place: one of
/// them begins at most two bytes before a name of [`NAMES`], or at most two bytes inside it.
pub(super) fn add_beginnings(prefilter: &mut Prefilter) {
    for before in BEFORE_NAME.iter().chain(b"-") {
        prefilter.add_sample(&[*before, b'S', b'i', b'g']);
    }
    for sample in [b"Sign", b"igna", b"gnat", b"sig="] {
        prefilter.add_sample(sample);
    }
    for before in BEFORE_NAME {
        prefilter.add_sample(&[*before, b's', b'i', b'g']);
        (0..=u8::MAX).for_each(|any| prefilter.add_sample(&[any, *before, b's', b'i']));
    }
    (0..=u8::MAX).for_each(|any| prefilter.add_sample(&[b'i', b'g', b'=', any]));
}

/// The place of the name of a signature around a sample.
pub(super) fn name_near(bytes: &[u8], sample: usize) -> Option<usize> {
    let is_name = |at: &usize| {
        let text = &bytes[*at..];
        text.starts_with(b"Signature") || text.starts_with(b"sig=")
    };
    (sample.saturating_sub(2)..=(sample + 2).min(bytes.len())).find(is_name)
}

/// The range of the signature whose name is at this place.
pub(super) fn signature_at(bytes: &[u8], name: usize) -> Option<Range<usize>> {
    let before = &bytes[..name];
    let len = NAMES.iter().find(|known| bytes[name..].starts_with(known))?.len();
    let equals = equals_at(bytes, name + len)?;
    let start = name + len + equals;
    let value = &bytes[start..];
    let end = match len {
        _ if before.ends_with(b"X-Amz-") => hex(value, AMAZON)?,
        _ if before.ends_with(b"X-Goog-") => hex(value, GOOGLE)?,
        _ if !ends_in_separator(before) => return None,
        3 => base64(value, AZURE_BASE64).filter(|_| has_parameter(bytes, name, &[b"se=", b"sv="]))?,
        _ => {
            let has = |parameter: &[u8]| has_parameter(bytes, name, &[parameter]);
            base64(value, AMAZON_BASE64).filter(|_| has(b"AWSAccessKeyId=") && has(b"Expires="))?
        }
    };
    Some(start..start + end)
}

/// The length of what stands between a name and a value.
fn equals_at(bytes: &[u8], at: usize) -> Option<usize> {
    EQUALS.iter().find(|equals| bytes[at..].starts_with(equals)).map(|equals| equals.len())
}

/// The length of so many hexadecimal digits.
fn hex(text: &[u8], wanted: RangeInclusive<usize>) -> Option<usize> {
    let digits = text.iter().take(wanted.end() + 1).take_while(|byte| byte.is_ascii_hexdigit()).count();
    (wanted.contains(&digits) && !continues(&text[digits..])).then_some(digits)
}

/// The length of so many characters of base64 and their padding, percent-encoded or not.
fn base64(text: &[u8], wanted: usize) -> Option<usize> {
    let mut at = 0;
    for _ in 0..wanted {
        at += match text.get(at..)? {
            [b'%', b'2', b'B' | b'b' | b'F' | b'f', ..] => 3,
            [b'+' | b'/', ..] => 1,
            [byte, ..] if byte.is_ascii_alphanumeric() => 1,
            _ => return None,
        };
    }
    let end = at + equals_at(text, at)?;
    (!continues(&text[end..])).then_some(end)
}

/// Whether a value goes on.
fn continues(rest: &[u8]) -> bool {
    rest.first().is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether a parameter of a URL may begin behind this text.
fn ends_in_separator(before: &[u8]) -> bool {
    before.last().is_some_and(|byte| BEFORE_NAME.contains(byte))
}

/// Whether the URL around this place has one of these parameters.
fn has_parameter(bytes: &[u8], at: usize, names: &[&[u8]]) -> bool {
    let before = bytes[..at].iter().rev().take(REACH).take_while(|byte| is_in_url(**byte)).count();
    let behind = bytes[at..].iter().take(REACH).take_while(|byte| is_in_url(**byte)).count();
    let url = &bytes[at - before..at + behind];
    let is_parameter =
        |start: usize| url[..start].last().is_none_or(|byte| *byte == b'=' || BEFORE_NAME.contains(byte));
    names.iter().any(|name| memmem::find_iter(url, name).any(is_parameter))
}

/// The last word of a piece of a stream, which may go on as a signed URL: its length, and how many of its bytes may be the
/// beginning of a signature.
pub(super) fn last_word(bytes: &[u8]) -> (usize, usize) {
    let len = bytes.iter().rev().take(MAX_URL).take_while(|byte| is_in_url(**byte)).count();
    let word = &bytes[bytes.len() - len..];
    let behind = |name: &[u8], len: usize| memmem::rfind(word, name).map(|at| at + len);
    // With what stands between name and signature, so that no more of that is released than of a token.
    let start = behind(b"Signature", 9).max(behind(b"sig=", 3));
    (len, start.map_or(0, |start| len - start))
}

/// Whether a byte may be in a URL, as it is written in a text, in JSON or in HTML.
fn is_in_url(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`')
}
