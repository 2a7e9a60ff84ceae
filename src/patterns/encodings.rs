//! The encodings in which programs write a token down, in one table, and the patterns of one token in all of them.

use std::ops::Range;

use memchr::memmem;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::token::{Token, token_at};

use super::base64;
use super::base85;
use super::line_breaks::without_breaks;

/// Shorter patterns would match by chance.
const MIN_PATTERN: usize = 8;

/// How many bytes every token has in common: `cop_`.
const COMMON_PREFIX: usize = 4;

/// A way in which a token is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Raw,
    /// Base64, alone or inside something longer, such as the `token:` of HTTP Basic authentication.
    Base64,
    /// Percent-encoded, as in a URL.
    Url,
    /// Escaped, as in a JSON string.
    Json,
    /// Hexadecimal digits.
    Hex,
    /// Base32.
    Base32,
    /// Base85.
    Base85,
    /// As uuencode writes it.
    Uuencode,
    /// Decimal numbers, one for each character.
    Decimal,
    /// Octal numbers, as `od` writes them.
    Octal,
    /// Entities of HTML and XML.
    Html,
    /// Quoted-printable, as in an e-mail.
    QuotedPrintable,
}

/// One encoding in the table.
struct Row {
    encoding: Encoding,
    /// Its name in JSON.
    name: &'static str,
    /// Its name in a message, after "the token".
    words: &'static str,
    /// The character that overwrites a token in this encoding, so that it can still be decoded.
    filler: u8,
    /// Every text that the encoding makes of a token. None where each character is encoded by itself: a decoder reads those.
    write: fn(&str) -> Vec<String>,
}

/// Every encoding, in the order of the variants of [`Encoding`].
#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row { encoding: Encoding::Raw, name: "raw", words: "", filler: b'*', write: |token| vec![token.to_owned()] },
    Row { encoding: Encoding::Base64, name: "base64", words: " in base64", filler: b'A', write: base64::encode_all },
    Row { encoding: Encoding::Url, name: "url", words: " as in a URL", filler: b'*', write: percent_encode },
    Row { encoding: Encoding::Json, name: "json", words: " as in JSON", filler: b'*', write: json_escape },
    Row { encoding: Encoding::Hex, name: "hex", words: " in hexadecimal", filler: b'0', write: hex },
    Row { encoding: Encoding::Base32, name: "base32", words: " in base32", filler: b'A', write: base32 },
    Row { encoding: Encoding::Base85, name: "base85", words: " in base85", filler: b'0', write: base85::encode_all },
    Row { encoding: Encoding::Uuencode, name: "uuencode", words: " as uuencode writes it", filler: b'`', write: uuencode },
    Row { encoding: Encoding::Decimal, name: "decimal", words: " in decimal numbers", filler: b'0', write: no_pattern },
    Row { encoding: Encoding::Octal, name: "octal", words: " in octal numbers", filler: b'0', write: no_pattern },
    Row { encoding: Encoding::Html, name: "html", words: " as in HTML", filler: b'*', write: no_pattern },
    Row { encoding: Encoding::QuotedPrintable, name: "quoted-printable", words: " in quoted-printable", filler: b'*', write: no_pattern },
];

const _: () = {
    let mut at = 0;
    while at < TABLE.len() {
        assert!(TABLE[at].encoding as usize == at, "the table is in the order of the variants");
        at += 1;
    }
};

impl Encoding {
    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// Its name in JSON, such as `base64`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Its name in a message, to follow "the token": empty, or a space and words such as "in base64".
    pub fn words(self) -> &'static str {
        self.row().words
    }

    /// The character that overwrites a token in this encoding. The text around it can still be decoded.
    pub fn filler(self) -> u8 {
        self.row().filler
    }
}

/// A token for a matcher in another process.
#[derive(Clone, Serialize, Deserialize)]
#[allow(missing_debug_implementations, reason = "it is a token")]
pub struct RawToken {
    text: Zeroizing<String>,
    common_prefix: usize,
}

/// The patterns of one token: what it may look like in a text, in every encoding. Wiped when dropped.
pub struct Encodings {
    raw: RawToken,
    patterns: Vec<(Encoding, Zeroizing<Vec<u8>>)>,
}

/// How many characters of a secret in a row are a part of it that must not be shown.
const MIN_PART: usize = 12;

/// One pattern of one of several tokens.
pub(super) struct Pattern {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) encoding: Encoding,
    /// The number of the token.
    pub(super) token: usize,
    /// Where the secret begins, behind what all tokens begin with.
    secret: usize,
    /// The end of what is the same with and without text behind the token.
    end: usize,
    /// How many bytes of the secret in a row are at least a part of it.
    min_part: usize,
}

/// How much of a token was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// Twelve characters of the secret or more.
    Part,
    /// All of the secret.
    Whole,
}

impl Pattern {
    /// The length of the shortest stretch that counts.
    pub(super) fn min_stretch(&self) -> usize {
        self.min_part.min(self.end - self.secret)
    }

    /// How much of the token a stretch of the pattern has; `None`: too little to be more than a coincidence.
    pub(super) fn extent(&self, stretch: &Range<usize>) -> Option<Extent> {
        if stretch.start <= self.secret && stretch.end >= self.end {
            return Some(Extent::Whole);
        }
        let len = stretch.end.saturating_sub(stretch.start.max(self.secret));
        (len >= self.min_part).then_some(Extent::Part)
    }
}

impl Encodings {
    /// Every pattern of a token.
    pub fn of(token: &Token) -> Encodings {
        let common_prefix = if token.has_shape() { COMMON_PREFIX } else { 0 };
        Encodings::of_raw(RawToken { text: Zeroizing::new(token.expose().to_owned()), common_prefix })
    }

    /// Every pattern of a token of another process.
    pub fn of_raw(raw: RawToken) -> Encodings {
        let written: Vec<_> = TABLE.iter().map(|row| (row.encoding, (row.write)(&raw.text))).collect();
        let mut encodings = Encodings { raw, patterns: Vec::new() };
        for (encoding, texts) in written {
            texts.into_iter().for_each(|text| encodings.add(encoding, text));
        }
        encodings
    }

    fn add(&mut self, encoding: Encoding, pattern: String) {
        let pattern = Zeroizing::new(pattern.into_bytes());
        if fixed(encoding, &pattern).len() >= MIN_PATTERN && self.patterns.iter().all(|(_, known)| *known != pattern) {
            self.patterns.push((encoding, pattern));
        }
    }

    /// The token.
    pub(super) fn raw(&self) -> &RawToken {
        &self.raw
    }

    /// Its bytes.
    pub(super) fn raw_bytes(&self) -> &[u8] {
        self.raw.text.as_bytes()
    }

    /// Every pattern, for a matcher that has this token as number `token`.
    pub(super) fn numbered(&self, token: usize) -> impl Iterator<Item = Pattern> {
        // Parts of a secret that is not random would be found wherever the same words are.
        let is_random = token_at(self.raw_bytes(), 0).is_some();
        let prefix = if is_random { self.common_prefix() } else { 0 };
        self.patterns().map(move |(encoding, bytes)| {
            let is_raw = encoding == Encoding::Raw;
            // As long as the encoding makes it. What encodes several characters together differs at both ends.
            let encoded = |len: usize| len * bytes.len() / self.raw.text.len();
            let alone = encoded(self.raw.text.len() - prefix).saturating_sub(if is_raw { 0 } else { 2 });
            let min_part = if is_random { encoded(MIN_PART).min(alone).max(MIN_PATTERN) } else { bytes.len() };
            let secret = if is_raw { prefix } else { 0 };
            Pattern { bytes: bytes.clone(), encoding, token, secret, end: fixed(encoding, bytes).len(), min_part }
        })
    }

    /// Every pattern, with its encoding.
    pub(super) fn patterns(&self) -> impl Iterator<Item = (Encoding, &Zeroizing<Vec<u8>>)> {
        self.patterns.iter().map(|(encoding, pattern)| (*encoding, pattern))
    }

    /// How many bytes at the beginning of a pattern are common to all tokens, and so reveal none.
    pub fn common_prefix(&self) -> usize {
        self.raw.common_prefix
    }

    /// The encoding of the first pattern in `bytes`. Line breaks inside it are allowed, since programs wrap long lines.
    pub fn found_in(&self, bytes: &[u8]) -> Option<Encoding> {
        self.found_unwrapped(bytes).or_else(|| {
            let joined = without_breaks(bytes);
            if joined.len() == bytes.len() { None } else { self.found_unwrapped(&joined) }
        })
    }

    fn found_unwrapped(&self, bytes: &[u8]) -> Option<Encoding> {
        let is_in = |(encoding, pattern): &(Encoding, &Zeroizing<Vec<u8>>)| {
            memmem::find(bytes, fixed(*encoding, pattern)).is_some()
        };
        self.patterns().find(is_in).map(|(encoding, _)| encoding)
    }

    /// Whether a pattern is in `bytes`, or in the base64 in `bytes` once it is decoded, as in a registry's
    /// `.dockerconfigjson`.
    pub fn found_within(&self, bytes: &[u8]) -> bool {
        base64::any_layer(bytes, &|bytes| self.found_in(bytes).is_some())
    }
}

impl std::fmt::Debug for Encodings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.patterns().map(|(encoding, _)| encoding)).finish()
    }
}

/// As HTML forms write it, and as curl and Python's `quote()` do: all but unreserved characters (RFC 3986, section 2.3).
fn percent_encode(raw: &str) -> Vec<String> {
    let encode = |digits: &dyn Fn(u8) -> String| -> String {
        let encode_byte = |byte: u8| match byte {
            b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => digits(byte),
        };
        raw.bytes().map(encode_byte).collect()
    };
    vec![
        url::form_urlencoded::byte_serialize(raw.as_bytes()).collect(),
        encode(&|byte| format!("%{byte:02X}")),
        encode(&|byte| format!("%{byte:02x}")),
    ]
}

fn json_escape(raw: &str) -> Vec<String> {
    let quoted = serde_json::Value::from(raw).to_string();
    vec![quoted[1..quoted.len() - 1].to_owned()]
}

fn hex(raw: &str) -> Vec<String> {
    let encode = |digits: &dyn Fn(u8) -> String| raw.bytes().map(digits).collect();
    vec![encode(&|byte| format!("{byte:02x}")), encode(&|byte| format!("{byte:02X}"))]
}

/// What of a pattern is the same with and without text behind the token.
fn fixed(encoding: Encoding, pattern: &[u8]) -> &[u8] {
    match encoding {
        Encoding::Base85 => &pattern[..base85::whole_groups(pattern.len())],
        _ => pattern,
    }
}

fn no_pattern(_: &str) -> Vec<String> {
    Vec::new()
}

/// RFC 4648, section 6: five bits a character, at each of the five positions that a token may have in a longer text.
fn base32(raw: &str) -> Vec<String> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    (0..5).map(|before| in_groups(raw, 5, before, |bits| ALPHABET[bits])).collect()
}

/// POSIX uuencode: six bits a character, at each of three positions. Some programs write a blank in place of a backtick.
fn uuencode(raw: &str) -> Vec<String> {
    let character = |zero: u8| move |bits: usize| if bits == 0 { zero } else { b' ' + bits as u8 };
    (0..3).flat_map(|before| [b'`', b' '].map(|zero| in_groups(raw, 6, before, character(zero)))).collect()
}

/// The characters of a text of which each stands for so many bits, where `before` bytes precede `raw`: only those that depend
/// on `raw` alone.
fn in_groups(raw: &str, bits: usize, before: usize, character: impl Fn(usize) -> u8) -> String {
    let bytes = raw.as_bytes();
    let bit = |at: usize| usize::from(bytes[at / 8] >> (7 - at % 8) & 1);
    let first = (before * 8).next_multiple_of(bits) - before * 8;
    let starts = (first..=(bytes.len() * 8).saturating_sub(bits)).step_by(bits);
    // Allocated in full: a text that grows would leave unwiped copies behind.
    let mut text = String::with_capacity(bytes.len() * 8 / bits + 1);
    text.extend(
        starts.map(|start| char::from(character((start..start + bits).fold(0, |value, at| value << 1 | bit(at))))),
    );
    text
}
