//! The secret. A [`Token`] is parsed once, wiped when dropped, and read through one function: [`Token::expose`].
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

/// The maximum size of a token in bytes, including surrounding whitespace and quotes.
pub const LIMIT: usize = 8 * 1024;

/// The prefix of every access token, in upper or lower case.
const PREFIX: &str = "cop_";

/// A Code Ocean access token.
pub struct Token {
    value: Zeroizing<String>,
}

/// A token, and whether surrounding characters were removed from it.
#[derive(Debug)]
pub struct Parsed {
    /// The token.
    pub token: Token,
    /// It had whitespace, line ends, quotes or a byte order mark around it.
    pub trimmed: bool,
}

/// Why bytes cannot be a token. Never quotes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// There is nothing but whitespace and quotes.
    Empty,
    /// Longer than [`LIMIT`].
    TooLong,
    /// Not UTF-8.
    NotText,
    /// A control character inside, such as a line end or NUL.
    ControlCharacter,
    /// A token with a quote on one side only: part of the value was cut off.
    LoneQuote,
    /// A token in typographic quotes, as word processors and chats insert them.
    TypographicQuotes,
    /// A token followed by the colon of curl's `-u token:`.
    Colon,
    /// A token after the scheme of an HTTP header, such as `Bearer`.
    Scheme,
    /// An ellipsis or asterisks: the token was copied from a display that shortens or masks it.
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
                "ends in a colon, which curl needs after a user name and which is not part of the token"
            }
            Malformed::Scheme => {
                "begins with the scheme of an HTTP header (such as Bearer), which is not part of the token"
            }
            Malformed::Shortened => "has an ellipsis or asterisks in place of part of the token",
        })
    }
}

impl Token {
    /// Parses the value of a source. Surrounding whitespace, line ends, one pair of quotes and a byte order mark are removed.
    ///
    /// # Errors
    /// [`Malformed`] if the rest cannot be a token.
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
        if let Some((_, malformed)) = token_within(value) {
            return Err(malformed);
        }
        let token = Token { value: Zeroizing::new(value.to_owned()) };
        Ok(Parsed { token, trimmed: value.len() != raw.len() })
    }

    /// The secret text. A test lists the files that may call this.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// The length in bytes.
    pub fn length(&self) -> usize {
        self.value.len()
    }

    /// A copy, for a thread that outlives this one. There is no `Clone`, so that each copy is visible in the code.
    pub(crate) fn duplicate(&self) -> Token {
        Token { value: self.value.clone() }
    }

    /// Whether it looks like a Code Ocean access token.
    pub fn has_shape(&self) -> bool {
        has_shape(&self.value)
    }

    /// The first 32 bits of its SHA-256, as `sha256:1f3a9c02`, which may be printed.
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

/// The minimum number of letters and digits after the prefix. Code Ocean documents neither the length nor the alphabet of
/// tokens; the example in its guide has ten.
const MIN_BODY: usize = 8;

/// From this length on, letters and digits count as random even without a digit: no word is that long.
const MIN_RANDOM: usize = 24;

/// The maximum number of digits in a word with an index or a year, such as `subject01`.
const MAX_INDEX: usize = 4;

/// The minimum length in bytes, with the prefix, of a token that can be distinguished from other text.
pub const SHORTEST: usize = PREFIX.len() + MIN_BODY;

/// Whether a whole value is a token, apart from what [`Token::parse`] removes or reports as [`Malformed`]. If it is not, only
/// the first few bytes are read.
pub fn is_token_like(raw: &[u8]) -> bool {
    let raw = raw.trim_ascii_start();
    // 64 bytes: enough for a byte order mark, quotes and the scheme of a header before the prefix.
    text_of(&raw[..raw.len().min(64)]).as_bytes().windows(PREFIX.len()).any(is_prefix) && {
        // Only the first line counts; `parse` reports what follows a line end, such as a second token.
        let value = trim(text_of(&raw[..raw.len().min(LIMIT)]));
        let value = value.split(char::is_control).next().unwrap_or_default().trim();
        let (core, malformed) = token_within(value).map_or((value, None), |(core, malformed)| (core, Some(malformed)));
        starts_as_token(core) && (malformed == Some(Malformed::Shortened) || has_shape(core))
    }
}

/// The end of the token that begins at `place` in a text, if one does: at the start of a word, `cop_` in any case, then at
/// least eight letters and digits in a row that are neither a word nor a word with an index.
pub fn token_at(text: &[u8], place: usize) -> Option<usize> {
    let body = text.get(place..)?.split_at_checked(PREFIX.len()).filter(|(prefix, _)| is_prefix(prefix))?.1;
    let run = body.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    (looks_random(&body[..run]) && starts_word(&text[..place])).then_some(place + PREFIX.len() + run)
}

/// Whether text at `place` may be the beginning of a token: the prefix only at the start of a word. Text that does not begin
/// with the prefix may be an encoded token.
pub fn may_begin_at(text: &[u8], place: usize) -> bool {
    let has_prefix = text[place..].get(..PREFIX.len()).is_some_and(is_prefix);
    !has_prefix || starts_word(&text[..place])
}

/// Whether a word may begin at `place`: the bytes before it are not part of the same word.
pub fn is_word_start(text: &[u8], place: usize) -> bool {
    starts_word(&text[..place])
}

/// Masks everything in a text that looks like a token, for messages that may quote user input.
pub fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    while at < text.len() {
        at = match token_at(text.as_bytes(), at) {
            Some(end) => {
                masked.push_str(&text[copied..at + PREFIX.len()]);
                masked.push('…');
                // The alphabet of tokens is not documented: mask up to the next delimiter.
                let rest = &text[end..];
                copied =
                    end + rest.find(|c: char| !c.is_ascii_graphic() || DELIMITERS.contains(&c)).unwrap_or(rest.len());
                copied
            }
            None => at + 1,
        };
    }
    masked.push_str(&text[copied..]);
    masked
}

/// Characters that end a token in a sentence, a shell command or a URL.
const DELIMITERS: [char; 12] = ['\'', '"', '`', ',', ')', ']', '}', ';', ':', '@', '&', '/'];

/// The quotes that word processors and chats insert.
const TYPOGRAPHIC: [char; 11] = ['‘', '’', '‚', '‛', '“', '”', '„', '‟', '«', '»', '′'];

/// The token in a value that has something else around it, and what is wrong with the value.
fn token_within(value: &str) -> Option<(&str, Malformed)> {
    if ["…", "...", "***", "•••", "●●●"].iter().any(|gap| value.contains(gap)) {
        return Some((value, Malformed::Shortened));
    }
    let bare = value.trim_matches(TYPOGRAPHIC);
    if bare.len() != value.len() && starts_as_token(bare) {
        return Some((bare, Malformed::TypographicQuotes));
    }
    if let Some(bare) = after_scheme(value) {
        return Some((bare, Malformed::Scheme));
    }
    let bare = value.trim_matches(['"', '\'']);
    if bare.len() + 1 == value.len() && starts_as_token(bare) {
        return Some((bare, Malformed::LoneQuote));
    }
    let bare = value.trim_end_matches(':');
    (bare.len() != value.len() && starts_as_token(bare)).then_some((bare, Malformed::Colon))
}

/// The token in the value of an HTTP header, after the scheme; the header's name may come first.
fn after_scheme(value: &str) -> Option<&str> {
    let is_name = |name: &str| name.trim().eq_ignore_ascii_case("Authorization");
    let value = value.split_once(':').filter(|(name, _)| is_name(name)).map_or(value, |(_, value)| value.trim_start());
    let (scheme, bare) = value.split_once(char::is_whitespace)?;
    let is_known =
        ["Bearer", "Basic", "Token"].iter().any(|known| scheme.trim_end_matches(':').eq_ignore_ascii_case(known));
    let around = |c: char| c.is_whitespace() || matches!(c, ':' | '"' | '\'') || TYPOGRAPHIC.contains(&c);
    Some(bare.trim_matches(around)).filter(|bare| is_known && starts_as_token(bare))
}

/// Whether a whole value looks like a token: only characters of a token, at least eight of them letters and digits after the
/// prefix. A word is accepted, since a whole value is not a sentence; a value with a slash or a dot is a file name unless it
/// looks random.
fn has_shape(value: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b':' | b'\\' | b';' | b',');
    starts_as_token(value)
        && value.bytes().all(is_part)
        && (!value.contains(['/', '.']) || token_at(value.as_bytes(), 0).is_some())
        && value.bytes().skip(PREFIX.len()).filter(u8::is_ascii_alphanumeric).count() >= MIN_BODY
}

/// Whether a run of letters and digits is neither a word nor a word with an index.
fn looks_random(run: &[u8]) -> bool {
    let digits = run.iter().filter(|byte| byte.is_ascii_digit()).count();
    let changes = run.windows(2).filter(|two| two[0].is_ascii_digit() != two[1].is_ascii_digit()).count();
    let is_indexed = changes <= 1 && digits <= MAX_INDEX;
    run.len() >= MIN_RANDOM || run.len() >= MIN_BODY && digits > 0 && !is_indexed
}

/// Whether a word may start after these bytes: they do not end in part of a word, or end in an escape sequence.
fn starts_word(before: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., b'%' | b'=', one, other] if is_hex(&[*one, *other]) => true,
        [.., b'\\', b'x', one, other] if is_hex(&[*one, *other]) => true,
        [.., b'\\', b'u', a, b, c, d] if is_hex(&[*a, *b, *c, *d]) => true,
        // The value of a one-letter option, as in `curl -ucop_...`.
        [b'-', letter] if letter.is_ascii_alphabetic() => true,
        [.., before, b'-', letter] if letter.is_ascii_alphabetic() && !is_word_byte(*before) && *before != b'-' => true,
        before if ends_with_terminal_sequence(before) => true,
        [.., last] => !is_word_byte(*last),
        [] => true,
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_hex(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_hexdigit)
}

/// Whether bytes end with a terminal control sequence, as `grep --color` prints it, raw or escaped as in a log.
fn ends_with_terminal_sequence(before: &[u8]) -> bool {
    const INTRODUCERS: [&[u8]; 5] = [b"\x1b[", b"\\x1b[", b"\\u001b[", b"\\e[", b"\\033["];
    let Some((b'A'..=b'Z' | b'a'..=b'z', before)) = before.split_last() else { return false };
    let before = &before[before.len() - before.len().min(32)..];
    let parameters = before.iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    let before = before[..before.len() - parameters].to_ascii_lowercase();
    INTRODUCERS.iter().any(|introducer| before.ends_with(introducer))
}

fn is_prefix(bytes: &[u8]) -> bool {
    bytes.eq_ignore_ascii_case(PREFIX.as_bytes())
}

fn starts_as_token(value: &str) -> bool {
    value.len() > PREFIX.len() && value.as_bytes().get(..PREFIX.len()).is_some_and(is_prefix)
}

/// The longest prefix of the bytes that is UTF-8.
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
