//! Numbers in place of characters: dumps, lists and tables, with any separator between the numbers.

use super::Decoded;

/// The most bytes between two numbers.
const MAX_SEPARATOR: usize = 16;

/// What the numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::patterns) enum Numbers {
    /// Pairs of hexadecimal digits, alone or several in a row, as `xxd` writes them.
    Hex,
    /// Words of two, four or eight bytes in hexadecimal digits, the last byte first, as `hexdump` and `od -x` write them.
    HexWords,
    /// Decimal numbers.
    Decimal,
    /// Octal numbers of three digits.
    Octal,
    /// Words of two bytes in octal digits, the last byte first, as `od` writes them.
    OctalWords,
}

impl Numbers {
    pub(super) fn decode(self, text: &[u8], decoded: &mut Decoded) {
        let is_digit = self.is_digit();
        // The width of the number before, and where it ended.
        let (mut at, mut width, mut end) = (line_offset(text, 0), 0, 0);
        while at < text.len() {
            let byte = text[at];
            if is_digit(byte) && !self.is_mark(&text[at..]) {
                let len = text[at..].iter().take_while(|byte| is_digit(**byte)).count();
                if !self.push(&text[at..at + len], at, decoded) {
                    decoded.interrupt(at);
                }
                (width, at) = (len, at + len);
                end = at;
            } else if matches!(byte, b'\n' | b'\r') {
                at += 1;
                at += line_offset(text, at);
                end = end.max(at);
            } else if self.has_columns() && is_column(text, at, width, is_digit) {
                at += text[at..].iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count();
            } else {
                let mark = self.mark(&text[at..]);
                if mark == 0 && byte.is_ascii_alphanumeric() || at.saturating_sub(end) > MAX_SEPARATOR {
                    decoded.interrupt(at);
                }
                at += mark.max(1);
            }
        }
    }

    fn is_digit(self) -> fn(u8) -> bool {
        match self {
            Numbers::Hex | Numbers::HexWords => |byte| byte.is_ascii_hexdigit(),
            Numbers::Decimal => |byte| byte.is_ascii_digit(),
            Numbers::Octal | Numbers::OctalWords => |byte| matches!(byte, b'0'..=b'7'),
        }
    }

    /// Whether a dump in such numbers may have a column of text. Decimal numbers are padded with blanks instead.
    fn has_columns(self) -> bool {
        self != Numbers::Decimal
    }

    /// Whether a mark begins with a digit: that of `0x`.
    fn is_mark(self, rest: &[u8]) -> bool {
        matches!(self, Numbers::Hex | Numbers::HexWords) && matches!(rest, [b'0', b'x' | b'X', ..])
    }

    /// The length of what says that a number follows, in letters.
    fn mark(self, rest: &[u8]) -> usize {
        match (self, rest) {
            (Numbers::Hex | Numbers::HexWords, [b'0', b'x' | b'X', ..]) => 2,
            (Numbers::Hex | Numbers::HexWords, [b'\\' | b'#' | b'%', b'x' | b'X' | b'u' | b'U', ..]) => 2,
            (Numbers::Octal, [b'0', b'o', ..]) => 2,
            _ => 0,
        }
    }

    /// Decodes one number; returns whether it is a character, or several.
    fn push(self, digits: &[u8], at: usize, decoded: &mut Decoded) -> bool {
        let end = at + digits.len();
        match self {
            Numbers::Hex if digits.len().is_multiple_of(2) => {
                for (pair, at) in digits.as_chunks::<2>().0.iter().zip((at..).step_by(2)) {
                    push_byte(value(pair, 16), at, at + 2, decoded);
                }
                true
            }
            Numbers::HexWords if matches!(digits.len(), 4 | 8 | 16) => {
                let pairs = digits.as_chunks::<2>().0.iter().rev();
                pairs.for_each(|pair| push_byte(value(pair, 16), at, end, decoded));
                true
            }
            Numbers::Decimal => push_one(value(digits, 10).filter(|_| digits.len() <= 3), at, end, decoded),
            Numbers::Octal => push_one(value(digits, 8).filter(|_| matches!(digits.len(), 3 | 4)), at, end, decoded),
            Numbers::OctalWords if digits.len() == 6 => {
                let word = value(digits, 8).filter(|word| *word <= 0xffff);
                push_byte(word.map(|word| word & 0xff), at, end, decoded);
                push_byte(word.map(|word| word >> 8), at, end, decoded);
                word.is_some()
            }
            _ => false,
        }
    }
}

/// Characters with blanks between them. An offset begins a line, and NUL is written `\0`.
pub(super) fn decode_spaced(text: &[u8], decoded: &mut Decoded) {
    let mut at = line_offset(text, 0);
    while at < text.len() {
        let len = text[at..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
        match len {
            0 if matches!(text[at], b'\n' | b'\r') => at += 1 + line_offset(text, at + 1),
            0 => at += 1,
            1 => {
                decoded.push(text[at], at, at + 1);
                at += 1;
            }
            len => {
                decoded.interrupt(at);
                at += len;
            }
        }
    }
}

fn push_one(value: Option<u32>, at: usize, end: usize, decoded: &mut Decoded) -> bool {
    push_byte(value, at, end, decoded);
    value.is_some_and(|value| value <= 0xff)
}

/// A NUL stands between the characters of UTF-16.
fn push_byte(value: Option<u32>, at: usize, end: usize, decoded: &mut Decoded) {
    match value.map(u8::try_from) {
        Some(Ok(0)) | None => {}
        Some(Ok(byte)) => decoded.push(byte, at, end),
        Some(Err(_)) => decoded.interrupt(at),
    }
}

fn value(digits: &[u8], radix: u32) -> Option<u32> {
    let add = |value: u32, digit: &u8| value.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?);
    digits.iter().try_fold(0, add)
}

/// The length of the offset that begins a line of a dump: four digits or more, and a colon or two blanks; or seven digits.
fn line_offset(text: &[u8], at: usize) -> usize {
    let rest = &text[at.min(text.len())..];
    let digits = rest.iter().take(17).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let is_offset = match &rest[digits..] {
        [b':', ..] | [b' ', b' ', ..] => (4..=16).contains(&digits),
        [b' ' | b'\t', ..] => (7..=16).contains(&digits),
        _ => false,
    };
    if is_offset { digits + usize::from(rest[digits] == b':') } else { 0 }
}

/// Whether the column of a dump begins here that has the same bytes as characters: after two blanks, what is not a number of
/// the same width.
fn is_column(text: &[u8], at: usize, width: usize, is_digit: fn(u8) -> bool) -> bool {
    let is_after_blanks = width > 0 && at >= 2 && text[at - 2..at].iter().all(|byte| *byte == b' ');
    if !is_after_blanks || text[at] == b' ' {
        return false;
    }
    let len = text[at..].iter().take_while(|byte| is_digit(**byte)).count();
    len != width && text[at] != b'0' && text[at] != b'\\'
}
