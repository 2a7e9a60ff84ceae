//! The secret. A [`Token`] is parsed once, wiped when dropped, and has a single way out: [`Token::expose`].
//!
//! It cannot be printed, copied or serialised:
//!
//! ```compile_fail
//! # let token = co_cred::token::Token::parse(b"cop_x").unwrap().token;
//! println!("{token}");
//! ```
//! ```compile_fail
//! # let token = co_cred::token::Token::parse(b"cop_x").unwrap().token;
//! let twin = token.clone();
//! ```
//! ```compile_fail
//! # let token = co_cred::token::Token::parse(b"cop_x").unwrap().token;
//! serde_json::to_string(&token).unwrap();
//! ```

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The most bytes that a token, with what surrounds it, may have.
pub const LIMIT: usize = 8 * 1024;

/// What every access token begins with, in any case.
const PREFIX: &str = "cop_";

/// A Code Ocean access token.
pub struct Token {
    value: Zeroizing<String>,
}

/// A token, and whether something around it had to be taken off.
#[derive(Debug)]
pub struct Parsed {
    /// The token itself.
    pub token: Token,
    /// Blanks, line ends, quotes or a byte order mark stood around it.
    pub trimmed: bool,
}

/// Why bytes cannot be a token. Says nothing of what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Nothing is left without blanks and quotes.
    Empty,
    /// Over [`LIMIT`].
    TooLong,
    /// Not UTF-8.
    NotText,
    /// A line end, a NUL or another control character inside.
    ControlCharacter,
    /// A token with a quote on one side only: something was cut off.
    LoneQuote,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Malformed::Empty => "is empty",
            Malformed::TooLong => "is longer than 8 KiB",
            Malformed::NotText => "is not UTF-8 text",
            Malformed::ControlCharacter => "has a line end or another control character inside",
            Malformed::LoneQuote => "has a quote on one side only",
        })
    }
}

impl Token {
    /// Reads a token from what a source holds: blanks, line ends, one pair of quotes and a byte order mark around it
    /// are taken off.
    ///
    /// # Errors
    /// [`Malformed`], where nothing usable is left.
    pub fn parse(raw: &[u8]) -> Result<Parsed, Malformed> {
        if raw.len() > LIMIT {
            return Err(Malformed::TooLong);
        }
        let raw = std::str::from_utf8(raw).map_err(|_| Malformed::NotText)?;
        let value = trim(raw);
        if value.is_empty() {
            return Err(Malformed::Empty);
        }
        if value.chars().any(char::is_control) {
            return Err(Malformed::ControlCharacter);
        }
        let bare = value.trim_matches(['"', '\'']);
        if bare.len() + 1 == value.len() && has_shape(bare) {
            return Err(Malformed::LoneQuote);
        }
        let token = Token { value: Zeroizing::new(value.to_owned()) };
        Ok(Parsed { token, trimmed: value.len() != raw.len() })
    }

    /// The token itself. A test lists the files that may call this.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// Whether it has the shape of a Code Ocean access token.
    pub fn has_shape(&self) -> bool {
        has_shape(&self.value)
    }

    /// What people may see in its place: the first 32 bits of its SHA-256, as `sha256:1f3a9c02`.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.value.as_bytes());
        let [a, b, c, d, ..] = digest[..] else { unreachable!("SHA-256 has 32 bytes") };
        format!("sha256:{a:02x}{b:02x}{c:02x}{d:02x}")
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Token) -> bool {
        self.value == other.value
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.fingerprint())
    }
}

/// Whether the bytes, less what [`Token::parse`] takes off, begin as an access token does. Costs no more than a look at
/// the first few bytes where they do not.
pub fn is_token_like(raw: &[u8]) -> bool {
    let starts = |head: &str| starts_as_token(head.trim_start_matches(is_around));
    let raw = raw.trim_ascii_start();
    starts(text_of(&raw[..raw.len().min(64)])) && {
        let text = text_of(&raw[..raw.len().min(LIMIT)]);
        !text.trim_matches(is_around).contains(' ')
    }
}

/// The bytes as text, as far as they are.
fn text_of(raw: &[u8]) -> &str {
    match std::str::from_utf8(raw) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&raw[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// Hides whatever in a text has the shape of a token; for messages that might repeat something typed.
pub fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = (0..rest.len()).find(|&at| rest.is_char_boundary(at) && starts_as_token(&rest[at..])) {
        let (before, secret) = rest.split_at(at + PREFIX.len());
        masked.push_str(before);
        masked.push('…');
        rest = secret.trim_start_matches(|c: char| c.is_ascii_graphic() && !matches!(c, '\'' | '"' | '`' | ',' | ')'));
    }
    masked.push_str(rest);
    masked
}

fn has_shape(value: &str) -> bool {
    starts_as_token(value) && value.bytes().all(|byte| byte.is_ascii_graphic())
}

fn starts_as_token(value: &str) -> bool {
    value.len() > PREFIX.len()
        && value.as_bytes()[..PREFIX.len()].eq_ignore_ascii_case(PREFIX.as_bytes())
        && value.as_bytes()[PREFIX.len()].is_ascii_graphic()
}

fn is_around(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '\u{feff}')
}

fn trim(raw: &str) -> &str {
    let blanks = |c: char| c.is_whitespace() || c == '\u{feff}';
    let bare = raw.trim_matches(blanks);
    ['"', '\'']
        .iter()
        .find_map(|&quote| bare.strip_prefix(quote)?.strip_suffix(quote))
        .map_or(bare, |inner| inner.trim_matches(blanks))
}
