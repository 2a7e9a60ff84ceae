//! The encodings in which programs write a token down, in one table, and the patterns of one token in all of them.

use memchr::memmem;
use zeroize::Zeroizing;

use crate::token::Token;

use super::base64;
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
    /// Every text that the encoding makes of a token.
    write: fn(&str) -> Vec<String>,
}

/// Every encoding, in the order of the variants of [`Encoding`].
#[rustfmt::skip]
const TABLE: [Row; 5] = [
    Row { encoding: Encoding::Raw, name: "raw", words: "", filler: b'*', write: |token| vec![token.to_owned()] },
    Row { encoding: Encoding::Base64, name: "base64", words: " in base64", filler: b'A', write: base64::encode_all },
    Row { encoding: Encoding::Url, name: "url", words: " as in a URL", filler: b'*', write: percent_encode },
    Row { encoding: Encoding::Json, name: "json", words: " as in JSON", filler: b'*', write: json_escape },
    Row { encoding: Encoding::Hex, name: "hex", words: " in hexadecimal", filler: b'0', write: hex },
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

/// The patterns of one token: what it may look like in a text, in every encoding. Wiped when dropped.
pub struct Encodings {
    patterns: Vec<(Encoding, Zeroizing<Vec<u8>>)>,
    common_prefix: usize,
}

impl Encodings {
    /// Every pattern of a token.
    pub fn of(token: &Token) -> Encodings {
        let common_prefix = if token.has_shape() { COMMON_PREFIX } else { 0 };
        let mut encodings = Encodings { patterns: Vec::new(), common_prefix };
        for row in &TABLE {
            (row.write)(token.expose()).into_iter().for_each(|text| encodings.add(row.encoding, text));
        }
        encodings
    }

    fn add(&mut self, encoding: Encoding, pattern: String) {
        let pattern = Zeroizing::new(pattern.into_bytes());
        if pattern.len() >= MIN_PATTERN && self.patterns.iter().all(|(_, known)| *known != pattern) {
            self.patterns.push((encoding, pattern));
        }
    }

    /// Every pattern, with its encoding.
    pub(super) fn patterns(&self) -> impl Iterator<Item = (Encoding, &Zeroizing<Vec<u8>>)> {
        self.patterns.iter().map(|(encoding, pattern)| (*encoding, pattern))
    }

    /// How many bytes at the beginning of a pattern are common to all tokens, and so reveal none.
    pub fn common_prefix(&self) -> usize {
        self.common_prefix
    }

    /// The encoding of the first pattern in `bytes`. Line breaks inside it are allowed, since programs wrap long lines.
    pub fn found_in(&self, bytes: &[u8]) -> Option<Encoding> {
        self.found_unwrapped(bytes).or_else(|| {
            let joined = without_breaks(bytes);
            if joined.len() == bytes.len() { None } else { self.found_unwrapped(&joined) }
        })
    }

    fn found_unwrapped(&self, bytes: &[u8]) -> Option<Encoding> {
        self.patterns().find(|(_, pattern)| memmem::find(bytes, pattern).is_some()).map(|(encoding, _)| encoding)
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
