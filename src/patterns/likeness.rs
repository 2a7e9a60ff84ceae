//! What has the shape of a token, though nobody here knows it: another account's, or one from before it was renewed.
//!
//! What a token looks like, [`token_at`] says; here it is looked for in encodings.

use std::ops::Range;

use base64::Engine;

use crate::token::token_at;

use super::Kind;
use super::base64::{LENIENT, is_character, standard, whole};

/// How a token begins in one way to write it down.
pub(super) struct Prefix {
    pub(super) bytes: &'static [u8],
    kind: Kind,
    /// How many characters of base64 stand before it in its group of four.
    before: usize,
}

/// All of them, as it is in any case. Base64 has three, after no byte, one, and two.
pub(super) const PREFIXES: [Prefix; 13] = [
    Prefix { bytes: b"cop_", kind: Kind::Raw, before: 0 },
    Prefix { bytes: b"coP_", kind: Kind::Raw, before: 0 },
    Prefix { bytes: b"cOp_", kind: Kind::Raw, before: 0 },
    Prefix { bytes: b"cOP_", kind: Kind::Raw, before: 0 },
    Prefix { bytes: b"Cop_", kind: Kind::Raw, before: 0 },
    Prefix { bytes: b"CoP_", kind: Kind::Raw, before: 0 },
    Prefix { bytes: b"COp_", kind: Kind::Raw, before: 0 },
    Prefix { bytes: b"COP_", kind: Kind::Raw, before: 0 },
    Prefix { bytes: b"Y29wX", kind: Kind::Base64, before: 0 },
    Prefix { bytes: b"NvcF", kind: Kind::Base64, before: 2 },
    Prefix { bytes: b"jb3Bf", kind: Kind::Base64, before: 3 },
    Prefix { bytes: b"636f705f", kind: Kind::Hex, before: 0 },
    Prefix { bytes: b"636F705F", kind: Kind::Hex, before: 0 },
];

/// So much of what is encoded is decoded.
const AHEAD: usize = 128;

/// What looks like a token where one of the [`PREFIXES`] stands.
pub(super) fn at(bytes: &[u8], place: usize) -> Option<(Range<usize>, Kind)> {
    let prefix = PREFIXES.iter().find(|prefix| bytes[place..].starts_with(prefix.bytes))?;
    let end = match prefix.kind {
        Kind::Base64 => in_base64(bytes, place, prefix.before)?,
        Kind::Hex => in_hex(bytes, place)?,
        _ => token_at(bytes, place)?,
    };
    Some((place..end, prefix.kind))
}

fn in_base64(bytes: &[u8], place: usize, before: usize) -> Option<usize> {
    // The group before it as well, where there is one: it tells whether a word begins.
    let group = place.checked_sub(before)?;
    let start = group
        .checked_sub(4)
        .filter(|start| bytes[*start..group].iter().all(|byte| is_character(*byte)))
        .unwrap_or(group);
    let run = bytes[start..].iter().take(AHEAD).take_while(|byte| is_character(**byte)).count();
    let text: Vec<u8> = bytes[start..start + run].iter().map(|byte| standard(*byte)).collect();
    let decoded = LENIENT.decode(&text[..whole(text.len())]).ok()?;
    let at = (group - start) / 4 * 3 + before.saturating_sub(1);
    token_at(&decoded, at).map(|_| start + run)
}

fn in_hex(bytes: &[u8], place: usize) -> Option<usize> {
    let start = place.checked_sub(2).filter(|start| bytes[*start..place].iter().all(u8::is_ascii_hexdigit));
    let start = start.unwrap_or(place);
    let run = bytes[start..].iter().take(AHEAD).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let decoded: Vec<u8> = bytes[start..start + run].chunks_exact(2).map_while(pair).collect();
    token_at(&decoded, (place - start) / 2).map(|_| start + run)
}
