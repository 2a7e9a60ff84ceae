//! The shapes in which a token shows up where it should not: as it is, and as programs commonly write it down. Encodings
//! of encodings, other character sets and anything that cuts it in pieces are not among them.

pub mod base64;
mod likeness;
pub mod needles;
pub mod search;

use std::ffi::OsStr;

use ::base64::Engine;
use ::base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;
use zeroize::Zeroizing;

use crate::token::{Token, is_token_like, token_at};

/// Shorter than this, a pattern would turn up by chance.
const SHORTEST: usize = 8;

/// How a token was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it is.
    Raw,
    /// Base64 of it, alone or inside something longer; `token:`, as HTTP Basic sends it, is such a one.
    Base64,
    /// Percent-encoded, as in a URL.
    Url,
    /// Escaped as in a JSON string.
    Json,
    /// As hexadecimal digits.
    Hex,
}

/// The byte patterns that betray one token; wiped when dropped.
pub struct Encodings {
    patterns: Vec<(Kind, Zeroizing<Vec<u8>>)>,
    public: usize,
}

impl Encodings {
    /// Every pattern of a token.
    pub fn of(token: &Token) -> Encodings {
        let raw = token.expose();
        // Four characters of any pattern are no more than the four that every token begins with.
        let mut encodings = Encodings { patterns: Vec::new(), public: if token.has_shape() { 4 } else { 0 } };
        encodings.add(Kind::Raw, raw.to_owned());
        for before in 0..3 {
            encodings.add(Kind::Base64, base64_after(&STANDARD_NO_PAD, before, raw));
            encodings.add(Kind::Base64, base64_after(&URL_SAFE_NO_PAD, before, raw));
        }
        encodings.add(Kind::Url, url::form_urlencoded::byte_serialize(raw.as_bytes()).collect());
        encodings.add(Kind::Url, percent_encoded(raw, |byte| format!("%{byte:02X}")));
        encodings.add(Kind::Url, percent_encoded(raw, |byte| format!("%{byte:02x}")));
        encodings.add(Kind::Json, json_escaped(raw));
        encodings.add(Kind::Hex, hex(raw, |byte| format!("{byte:02x}")));
        encodings.add(Kind::Hex, hex(raw, |byte| format!("{byte:02X}")));
        encodings
    }

    /// Every pattern. Programs break long lines: one that is found with line breaks inside is a trace as well.
    pub fn patterns(&self) -> impl Iterator<Item = &[u8]> {
        self.patterns.iter().map(|(_, pattern)| pattern.as_slice())
    }

    /// How many bytes of any pattern say no more than that it may be a token.
    pub fn public(&self) -> usize {
        self.public
    }

    /// The kind of the first pattern that stands in `bytes`, on one line or, as base64 often is, broken over several.
    pub fn found_in(&self, bytes: &[u8]) -> Option<Kind> {
        self.found_on_a_line(bytes).or_else(|| {
            let joined: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
            let joined = Zeroizing::new(joined);
            if joined.len() == bytes.len() { None } else { self.found_on_a_line(&joined) }
        })
    }

    /// Whether a pattern stands in `bytes`, or in what base64 in it stands for, as in a registry's `.dockerconfigjson`.
    pub fn found_within(&self, bytes: &[u8]) -> bool {
        within(bytes, &|bytes| self.found_in(bytes).is_some())
    }

    fn found_on_a_line(&self, bytes: &[u8]) -> Option<Kind> {
        self.patterns.iter().find(|(_, pattern)| memmem::find(bytes, pattern).is_some()).map(|(kind, _)| *kind)
    }

    fn add(&mut self, kind: Kind, pattern: String) {
        let pattern = Zeroizing::new(pattern.into_bytes());
        if pattern.len() >= SHORTEST && self.patterns.iter().all(|(_, known)| *known != pattern) {
            self.patterns.push((kind, pattern));
        }
    }
}

impl std::fmt::Debug for Encodings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.patterns.iter().map(|(kind, _)| kind)).finish()
    }
}

/// Whether a variable's value is, or holds, one of these tokens, or another that looks like one.
pub fn holds_token(value: &OsStr, encodings: &[Encodings]) -> bool {
    let is_token = |bytes: &[u8]| {
        let has_one = || (0..bytes.len()).any(|at| token_at(bytes, at).is_some());
        is_token_like(bytes) || has_one() || encodings.iter().any(|encodings| encodings.found_in(bytes).is_some())
    };
    within(value.as_encoded_bytes(), &is_token)
}

/// Whether something is true of the bytes, or of what base64 in them stands for.
fn within(bytes: &[u8], is_it: &dyn Fn(&[u8]) -> bool) -> bool {
    /// So often base64 in base64 is read.
    const DEEPEST: usize = 4;
    let mut layers = vec![Zeroizing::new(bytes.to_vec())];
    for _ in 0..=DEEPEST {
        if layers.iter().any(|layer| is_it(layer)) {
            return true;
        }
        layers = layers.iter().flat_map(|layer| base64::decoded(layer)).collect();
    }
    false
}

/// Base64 of `raw` where `before` bytes, modulo 3, stand before it: only the characters that depend on `raw` alone.
fn base64_after(engine: &impl Engine, before: usize, raw: &str) -> String {
    let mut bytes = Zeroizing::new(vec![0; before]);
    bytes.extend_from_slice(raw.as_bytes());
    let encoded = Zeroizing::new(engine.encode(&*bytes));
    let first = [0, 2, 3][before];
    // A last group that is not full shares its last character with what follows.
    let last = encoded.len() - usize::from(!bytes.len().is_multiple_of(3));
    encoded[first.min(last)..last].to_owned()
}

fn percent_encoded(raw: &str, digits: impl Fn(u8) -> String) -> String {
    // As curl and Python's quote() do it: all but unreserved characters (RFC 3986, section 2.3).
    raw.bytes()
        .map(|byte| match byte {
            b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => digits(byte),
        })
        .collect()
}

fn json_escaped(raw: &str) -> String {
    let quoted = serde_json::Value::from(raw).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn hex(raw: &str, digits: impl Fn(u8) -> String) -> String {
    raw.bytes().map(digits).collect()
}
