//! Text without what stands between its characters, and, where wanted, with escapes decoded: percent signs, backslashes,
//! entities, quoted-printable.

use super::{Decoded, noise};

/// Names of entities that stand for characters of a token.
const ENTITIES: [(&[u8], u8); 6] = [
    (b"&lowbar;", b'_'),
    (b"&UnderBar;", b'_'),
    (b"&amp;", b'&'),
    (b"&sol;", b'/'),
    (b"&plus;", b'+'),
    (b"&equals;", b'='),
];

/// The longest run of backslashes before one character: each level of quoting doubles them.
const MAX_BACKSLASHES: usize = 8;

pub(super) fn decode(text: &[u8], with_escapes: bool, decoded: &mut Decoded) {
    let mut at = 0;
    while at < text.len() {
        let plain = text[at..].iter().position(|byte| !noise::is_plain(*byte)).unwrap_or(text.len() - at);
        if plain > 0 {
            decoded.copy(text, at, at + plain);
            at += plain;
        } else if text[at] == b'\x08' {
            // A character that another one is printed over: bold is `x`, a backspace and `x`; underlined is `_` first.
            let is_between =
                at > 0 && text[at - 1] != b'\x08' && text.get(at + 1).is_some_and(|next| noise::is_plain(*next));
            if is_between {
                decoded.pop();
            }
            at += 1;
        } else if let Some((unit, len)) = with_escapes.then(|| escape(&text[at..])).flatten() {
            push(decoded, unit, at, len);
            at += len;
        } else if let Some(end) = noise::end(text, at) {
            at = end;
        } else {
            decoded.copy(text, at, at + 1);
            at += 1;
        }
    }
}

/// What an escape stands for.
enum Unit {
    Byte(u8),
    Character(u32),
}

fn push(decoded: &mut Decoded, unit: Unit, at: usize, len: usize) {
    match unit {
        Unit::Byte(0) | Unit::Character(0) => {}
        Unit::Byte(byte) => decoded.push(byte, at, at + len),
        Unit::Character(character) => {
            let character = char::from_u32(character).unwrap_or(char::REPLACEMENT_CHARACTER);
            character.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| decoded.push(byte, at, at + len));
        }
    }
}

/// What is escaped at the beginning of a text, and the length of the escape.
fn escape(rest: &[u8]) -> Option<(Unit, usize)> {
    match rest.first()? {
        b'%' if rest.get(1) == Some(&b'u') => character(rest, 2, 4, 16),
        b'%' | b'=' => byte(rest, 1),
        b'&' => entity(rest),
        b'\\' => {
            let slashes = rest.iter().take(MAX_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
            let (unit, len) = backslash(&rest[slashes - 1..])?;
            Some((unit, slashes - 1 + len))
        }
        _ => None,
    }
}

fn backslash(rest: &[u8]) -> Option<(Unit, usize)> {
    match rest.get(1)? {
        b'x' => byte(rest, 2),
        b'u' if rest.get(2) == Some(&b'{') => {
            let digits = rest[3..].iter().take(6).take_while(|byte| byte.is_ascii_hexdigit()).count();
            let (unit, len) = character(rest, 3, digits, 16)?;
            (rest.get(len) == Some(&b'}')).then_some((unit, len + 1))
        }
        b'u' => character(rest, 2, 4, 16),
        b'U' => character(rest, 2, 8, 16),
        b'0'..=b'7' => {
            let (value, len) = number(rest, 1, 3, 8)?;
            Some((Unit::Byte(u8::try_from(value).ok()?), len))
        }
        other => {
            let is_escaped = other.is_ascii_punctuation() && !matches!(other, b'"' | b'\'' | b'\\');
            is_escaped.then_some((Unit::Byte(*other), 2))
        }
    }
}

/// Two hexadecimal digits.
fn byte(rest: &[u8], from: usize) -> Option<(Unit, usize)> {
    let (value, len) = number(rest, from, 2, 16)?;
    Some((Unit::Byte(u8::try_from(value).ok()?), len))
}

fn character(rest: &[u8], from: usize, digits: usize, radix: u32) -> Option<(Unit, usize)> {
    number(rest, from, digits, radix).map(|(value, len)| (Unit::Character(value), len))
}

/// So many digits, and where they end.
fn number(rest: &[u8], from: usize, digits: usize, radix: u32) -> Option<(u32, usize)> {
    let digits = rest.get(from..from + digits)?;
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
    Some((u32::from_str_radix(digits, radix).ok()?, from + digits.len()))
}

fn entity(rest: &[u8]) -> Option<(Unit, usize)> {
    if let Some((name, character)) = ENTITIES.iter().find(|(name, _)| rest.starts_with(name)) {
        return Some((Unit::Byte(*character), name.len()));
    }
    let (from, radix) = match rest {
        [b'&', b'#', b'x' | b'X', ..] => (3, 16),
        [b'&', b'#', ..] => (2, 10),
        _ => return None,
    };
    let digits = rest[from..].iter().take(8).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (unit, end) = character(rest, from, digits, radix)?;
    Some((unit, end + usize::from(rest.get(end) == Some(&b';'))))
}
