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
    /// A token in the quotes of a word processor or a chat.
    TypographicQuotes,
    /// A token with the colon that curl wants behind a user name.
    Colon,
    /// A token behind the scheme of an HTTP header, such as `Bearer`.
    Scheme,
    /// An ellipsis or asterisks: a screen showed a part of the token.
    Shortened,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Malformed::Empty => "is empty",
            Malformed::TooLong => "is longer than 8 KiB",
            Malformed::NotText => "is not UTF-8 text",
            Malformed::ControlCharacter => "has a line end or another control character inside",
            Malformed::LoneQuote => "has a quote on one side only",
            Malformed::TypographicQuotes => "has typographic quotes around the token",
            Malformed::Colon => {
                "ends in a colon, which curl wants behind a user name and which is no part of the token"
            }
            Malformed::Scheme => {
                "begins with the word of an HTTP header (such as Bearer), which is no part of the token"
            }
            Malformed::Shortened => "holds an ellipsis or asterisks in place of a part of the token",
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
        if let Some((_, malformed)) = decorated(value) {
            return Err(malformed);
        }
        let token = Token { value: Zeroizing::new(value.to_owned()) };
        Ok(Parsed { token, trimmed: value.len() != raw.len() })
    }

    /// The token itself. A test lists the files that may call this.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// How many bytes it has.
    pub fn length(&self) -> usize {
        self.value.len()
    }

    /// A second one, for a thread that outlives the first.
    pub(crate) fn duplicate(&self) -> Token {
        Token { value: self.value.clone() }
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

/// The fewest letters and digits behind the prefix. Neither the length nor the alphabet of tokens is documented; the
/// guide's example has ten.
const FEWEST: usize = 8;

/// So many letters and digits in a row are no word of any language, even without a digit.
const NO_WORD: usize = 24;

/// The most digits of a word with an index or a year, such as `subject01`.
const INDEX: usize = 4;

/// The fewest bytes of a token that can be told from other text, its prefix included.
pub const SHORTEST: usize = PREFIX.len() + FEWEST;

/// Whether a value is a token and nothing else, but for what [`Token::parse`] takes off or names as wrong. Costs no more
/// than a look at the first few bytes where it is not.
pub fn is_token_like(raw: &[u8]) -> bool {
    let raw = raw.trim_ascii_start();
    // Room for a byte order mark, quotes and the scheme of a header.
    text_of(&raw[..raw.len().min(64)]).as_bytes().windows(PREFIX.len()).any(is_prefix) && {
        // Behind a line end more may follow, a second token for one: `parse` names that.
        let value = trim(text_of(&raw[..raw.len().min(LIMIT)]));
        let value = value.split(char::is_control).next().unwrap_or_default().trim();
        let (core, malformed) = decorated(value).map_or((value, None), |(core, malformed)| (core, Some(malformed)));
        starts_as_token(core) && (malformed == Some(Malformed::Shortened) || has_shape(core))
    }
}

/// Where the token ends that begins at `place` in some text, if one does: at the beginning of a word, `cop_` in any case,
/// and at least eight letters and digits in a row, which are neither a word nor a word with an index.
pub fn token_at(text: &[u8], place: usize) -> Option<usize> {
    let body = text.get(place..)?.split_at_checked(PREFIX.len()).filter(|(prefix, _)| is_prefix(prefix))?.1;
    let run = body.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    (looks_random(&body[..run]) && begins_a_word(&text[..place])).then_some(place + PREFIX.len() + run)
}

/// Hides what looks like a token in a text; for messages that might repeat something typed.
pub fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut shown = 0;
    let mut at = 0;
    while at < text.len() {
        at = match token_at(text.as_bytes(), at) {
            Some(end) => {
                masked.push_str(&text[shown..at + PREFIX.len()]);
                masked.push('…');
                // The alphabet of tokens is not documented: what follows without a break may belong to it.
                let rest = &text[end..];
                shown = end + rest.find(|c: char| !c.is_ascii_graphic() || ENDS.contains(&c)).unwrap_or(rest.len());
                shown
            }
            None => at + 1,
        };
    }
    masked.push_str(&text[shown..]);
    masked
}

/// What ends a token in a sentence, a shell or a URL.
const ENDS: [char; 12] = ['\'', '"', '`', ',', ')', ']', '}', ';', ':', '@', '&', '/'];

/// The quotes of word processors and chats.
const TYPOGRAPHIC: [char; 11] = ['‘', '’', '‚', '‛', '“', '”', '„', '‟', '«', '»', '′'];

/// A value that is a token but for what surrounds it: the token, and what is wrong.
fn decorated(value: &str) -> Option<(&str, Malformed)> {
    if ["…", "...", "***", "•••", "●●●"].iter().any(|gap| value.contains(gap)) {
        return Some((value, Malformed::Shortened));
    }
    let bare = value.trim_matches(TYPOGRAPHIC);
    if bare.len() != value.len() && starts_as_token(bare) {
        return Some((bare, Malformed::TypographicQuotes));
    }
    if let Some(bare) = behind_scheme(value) {
        return Some((bare, Malformed::Scheme));
    }
    let bare = value.trim_matches(['"', '\'']);
    if bare.len() + 1 == value.len() && starts_as_token(bare) {
        return Some((bare, Malformed::LoneQuote));
    }
    let bare = value.trim_end_matches(':');
    (bare.len() != value.len() && starts_as_token(bare)).then_some((bare, Malformed::Colon))
}

/// The token in the value of an HTTP header, behind its scheme; the header's name may stand before it.
fn behind_scheme(value: &str) -> Option<&str> {
    let is_name = |name: &str| name.trim().eq_ignore_ascii_case("Authorization");
    let value = value.split_once(':').filter(|(name, _)| is_name(name)).map_or(value, |(_, value)| value.trim_start());
    let (scheme, bare) = value.split_once(char::is_whitespace)?;
    let is_known =
        ["Bearer", "Basic", "Token"].iter().any(|known| scheme.trim_end_matches(':').eq_ignore_ascii_case(known));
    let around = |c: char| c.is_whitespace() || matches!(c, ':' | '"' | '\'') || TYPOGRAPHIC.contains(&c);
    Some(bare.trim_matches(around)).filter(|bare| is_known && starts_as_token(bare))
}

/// Whether a whole value is a token: nothing but its characters, at least eight of them letters and digits. The word may
/// be any, since a value of its own is no sentence; but one with a slash or a dot is a file, unless it looks random.
fn has_shape(value: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b':' | b'\\' | b';' | b',');
    starts_as_token(value)
        && value.bytes().all(is_part)
        && (!value.contains(['/', '.']) || token_at(value.as_bytes(), 0).is_some())
        && value.bytes().skip(PREFIX.len()).filter(u8::is_ascii_alphanumeric).count() >= FEWEST
}

/// Whether letters and digits are neither a word nor a word with an index.
fn looks_random(run: &[u8]) -> bool {
    let digits = run.iter().filter(|byte| byte.is_ascii_digit()).count();
    let changes = run.windows(2).filter(|two| two[0].is_ascii_digit() != two[1].is_ascii_digit()).count();
    let is_indexed = changes <= 1 && digits <= INDEX;
    run.len() >= NO_WORD || run.len() >= FEWEST && digits > 0 && !is_indexed
}

/// Whether a word may begin behind this: what stands there is no part of one, or only the end of an escape.
fn begins_a_word(before: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., b'%' | b'=', one, other] if is_hex(&[*one, *other]) => true,
        [.., b'\\', b'x', one, other] if is_hex(&[*one, *other]) => true,
        [.., b'\\', b'u', a, b, c, d] if is_hex(&[*a, *b, *c, *d]) => true,
        // The value of an option of one letter, as in `curl -ucop_...`.
        [b'-', letter] if letter.is_ascii_alphabetic() => true,
        [.., before, b'-', letter] if letter.is_ascii_alphabetic() && !is_of_word(*before) && *before != b'-' => true,
        before if ends_a_colour(before) => true,
        [.., last] => !is_of_word(*last),
        [] => true,
    }
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_hex(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_hexdigit)
}

/// Whether a terminal's sequence ends here, as in what `grep --color` prints, or the way in which a log writes one.
fn ends_a_colour(before: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 5] = [b"\x1b[", b"\\x1b[", b"\\u001b[", b"\\e[", b"\\033["];
    let Some((b'A'..=b'Z' | b'a'..=b'z', before)) = before.split_last() else { return false };
    let before = &before[before.len() - before.len().min(32)..];
    let parameters = before.iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    let before = before[..before.len() - parameters].to_ascii_lowercase();
    BEGINNINGS.iter().any(|beginning| before.ends_with(beginning))
}

fn is_prefix(bytes: &[u8]) -> bool {
    bytes.eq_ignore_ascii_case(PREFIX.as_bytes())
}

fn starts_as_token(value: &str) -> bool {
    value.len() > PREFIX.len() && value.as_bytes().get(..PREFIX.len()).is_some_and(is_prefix)
}

/// The bytes as text, as far as they are.
fn text_of(raw: &[u8]) -> &str {
    match std::str::from_utf8(raw) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&raw[..error.valid_up_to()]).unwrap_or_default(),
    }
}

fn trim(raw: &str) -> &str {
    let blanks = |c: char| c.is_whitespace() || c == '\u{feff}';
    let bare = raw.trim_matches(blanks);
    ['"', '\'']
        .iter()
        .find_map(|&quote| bare.strip_prefix(quote)?.strip_suffix(quote))
        .map_or(bare, |inner| inner.trim_matches(blanks))
}
