//! Text in the content of a PDF page (ISO 32000-1, section 9.4): a text object from `BT` to `ET`, whose strings are shown one
//! behind the other, with numbers between them that move the next letter.

use std::io;

use zeroize::Zeroizing;

use super::bytes::append;
use super::embedded::{Embedded, Start};
use super::format::Visitor;
use super::stream::Stream;

/// The operators that begin a text object, choose a font or place the text.
const BEGIN: &[u8] = b"BT";
const FIRST: [&[u8]; 5] = [b"Tf", b"Td", b"TD", b"Tm", b"TJ"];

/// In how many bytes one of the latter stands.
const BEFORE_TEXT: usize = 128;

/// How many bytes of a text object are read.
const MAX_OBJECT: usize = 1 << 20;

/// How many bytes are read at once.
const PIECE: usize = 512;

pub(super) const EMBEDDED: Embedded = Embedded::certain("PDF text", &[Start::new(BEGIN)], may_begin, read);

fn may_begin(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(BEGIN).filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace)) else {
        return false;
    };
    let rest = &rest[..rest.len().min(BEFORE_TEXT)];
    rest.windows(2).any(|pair| FIRST.contains(&pair))
}

fn read(stream: &mut dyn Stream, name: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    let mut strings = Strings::default();
    stream.consume(BEGIN.len());
    let mut is_whole = false;
    for _ in 0..MAX_OBJECT / PIECE {
        let bytes = stream.peek(PIECE)?;
        let len = bytes.len().min(PIECE);
        let read = bytes[..len].iter().position(|byte| strings.is_end(*byte));
        stream.consume(read.map_or(len, |at| at + 1));
        is_whole = len == 0 || read.is_some();
        if is_whole {
            break;
        }
    }
    if !is_whole {
        visitor.unopened("has a text of PDF that is too long: it is not put together to its end");
    }
    visitor.unpacked(name.as_bytes(), &mut strings.text.as_slice())
}

/// What the strings of a text object show.
#[derive(Default)]
struct Strings {
    text: Zeroizing<Vec<u8>>,
    /// How many parentheses are open: a string may have balanced ones.
    open: u32,
    is_escaped: bool,
    is_hex: bool,
    /// The first digit of a byte in a hexadecimal string.
    digit: Option<u8>,
    last: u8,
}

impl Strings {
    /// Takes the next byte; returns whether the object ends with it.
    fn is_end(&mut self, byte: u8) -> bool {
        let last = std::mem::replace(&mut self.last, byte);
        match (self.open, byte) {
            (0, b'(') => self.open = 1,
            (0, b'<') => (self.is_hex, self.digit) = (true, None),
            (0, b'>') => self.is_hex = false,
            // The array of a line ends, and so does what is one text.
            (0, b'J' | b'j') if last == b'T' => append(&mut self.text, b"\n"),
            (0, b'T') => return last == b'E',
            (0, _) if self.is_hex => self.hex(byte),
            (0, _) => {}
            _ if self.is_escaped => {
                self.is_escaped = false;
                append(&mut self.text, &[byte]);
            }
            (_, b'\\') => self.is_escaped = true,
            (1, b')') => self.open = 0,
            (_, b')') => self.nested(byte, self.open - 1),
            (_, b'(') => self.nested(byte, self.open + 1),
            _ => append(&mut self.text, &[byte]),
        }
        false
    }

    fn nested(&mut self, byte: u8, open: u32) {
        self.open = open;
        append(&mut self.text, &[byte]);
    }

    fn hex(&mut self, byte: u8) {
        let Some(value) = char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok()) else { return };
        match self.digit.take() {
            None => self.digit = Some(value),
            Some(first) => append(&mut self.text, &[first << 4 | value]),
        }
    }
}
