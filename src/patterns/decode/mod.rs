//! How the bytes of a text are read: without what stands between characters, with escapes decoded, as numbers.
//!
//! A decoder gives bytes, and of each the place in the text. What a token is written as is looked for among these bytes: so a
//! token is found with noise between its characters, and with any of them escaped.

mod escapes;
mod noise;
mod numbers;

use std::ops::{BitOr, Range};

use memchr::{memchr, memchr3};
use zeroize::Zeroizing;

pub(super) use noise::finished_end;
pub(super) use numbers::Numbers;

/// The longest noise between two characters of a token, in bytes.
const MAX_GAP: usize = 320;

/// How many bytes at the end of a text tell whether it consists of numbers.
const LAST_NUMBERS: usize = 8;

/// A way to read a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decoder {
    /// Without what stands between the characters.
    Text,
    /// The same, with escapes decoded.
    Escapes,
    /// As numbers, one for each character or for several.
    Numbers(Numbers),
    /// Characters with blanks between them, as `od -c` writes them.
    Spaced,
}

/// Every decoder, in the order of the bits of [`Decoders`].
const ALL: [Decoder; 8] = [
    Decoder::Text,
    Decoder::Escapes,
    Decoder::Numbers(Numbers::Hex),
    Decoder::Numbers(Numbers::HexWords),
    Decoder::Numbers(Numbers::Decimal),
    Decoder::Numbers(Numbers::Octal),
    Decoder::Numbers(Numbers::OctalWords),
    Decoder::Spaced,
];

/// A set of decoders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Decoders(u8);

impl Decoders {
    /// Whether they read numbers, or characters with blanks between them, alone: such grams occur in other texts, too.
    pub(super) fn are_common(self) -> bool {
        self.0 & (Decoders::TEXT | Decoders::ESCAPES).0 == 0
    }

    pub(super) fn contains(self, others: Decoders) -> bool {
        self.0 & others.0 == others.0
    }

    pub(super) const TEXT: Decoders = Decoders(1);
    pub(super) const ESCAPES: Decoders = Decoders(2);
    pub(super) const HEX: Decoders = Decoders(4);
    pub(super) const HEX_WORDS: Decoders = Decoders(8);
    pub(super) const DECIMAL: Decoders = Decoders(16);
    pub(super) const OCTAL: Decoders = Decoders(32);
    pub(super) const OCTAL_WORDS: Decoders = Decoders(64);
    pub(super) const SPACED: Decoders = Decoders(128);

    pub(super) fn bits(self) -> u8 {
        self.0
    }

    pub(super) fn from_bits(bits: u8) -> Decoders {
        Decoders(bits)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The decoders of the set, but for those that would read this text as another one does.
    pub(super) fn that_apply(self, text: &[u8]) -> impl Iterator<Item = Decoder> {
        let has_escapes = memchr3(b'%', b'&', b'\\', text).or_else(|| memchr(b'=', text)).is_some();
        let all = ALL.into_iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 != 0);
        all.map(|(_, decoder)| decoder).filter(move |decoder| *decoder != Decoder::Escapes || has_escapes)
    }

    /// The decoders that may read the end of a text.
    pub(super) fn at_end_of(text: &[u8]) -> Decoders {
        let last = &text[text.len().saturating_sub(LAST_NUMBERS)..];
        let is_digit = |byte: &&u8| byte.is_ascii_hexdigit() || matches!(byte, b'x' | b'X' | b'u' | b'U');
        let digits = last.iter().filter(is_digit).count();
        let separators = last.iter().filter(|byte| !byte.is_ascii_alphanumeric()).count();
        let blanks = last.iter().filter(|byte| byte.is_ascii_whitespace()).count();
        let is_numbers = digits + separators == last.len();
        let numbers = if is_numbers {
            Decoders::HEX | Decoders::HEX_WORDS | Decoders::DECIMAL | Decoders::OCTAL | Decoders::OCTAL_WORDS
        } else {
            Decoders::default()
        };
        let spaced = if blanks >= last.len() / 3 { Decoders::SPACED } else { Decoders::default() };
        Decoders::TEXT | Decoders::ESCAPES | numbers | spaced
    }
}

impl BitOr for Decoders {
    type Output = Decoders;

    fn bitor(self, other: Decoders) -> Decoders {
        Decoders(self.0 | other.0)
    }
}

impl Decoder {
    /// Reads a text. What was read before is forgotten.
    pub(super) fn decode(self, text: &[u8], decoded: &mut Decoded) {
        decoded.clear(text.len());
        match self {
            Decoder::Text => escapes::decode(text, false, decoded),
            Decoder::Escapes => escapes::decode(text, true, decoded),
            Decoder::Numbers(numbers) => numbers.decode(text, decoded),
            Decoder::Spaced => numbers::decode_spaced(text, decoded),
        }
    }
}

/// The bytes that a decoder read, and where.
#[derive(Default)]
pub(super) struct Decoded {
    /// The bytes. NUL, which no token has, stands where the text is interrupted.
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pieces: Vec<Piece>,
    /// Where the last piece ends in the text.
    end: usize,
}

/// Bytes that were read from one place of the text: as many as the place has, or one.
#[derive(Clone, Copy)]
struct Piece {
    /// The place of its first byte among the bytes.
    at: u32,
    /// Its place in the text.
    start: u32,
    end: u32,
}

impl Decoded {
    /// Makes place for what is read from a text of this length.
    fn clear(&mut self, len: usize) {
        self.bytes.clear();
        self.pieces.clear();
        self.end = 0;
        // A vector that grows would leave unwiped copies behind. There is at most one interruption before each byte, and one more.
        if self.bytes.capacity() < 2 * len + 1 {
            self.bytes = Zeroizing::new(Vec::with_capacity(2 * len + 1));
        }
    }

    /// Adds bytes that stand in the text as they are.
    fn copy(&mut self, text: &[u8], start: usize, end: usize) {
        self.begin(start, end);
        self.bytes.extend_from_slice(&text[start..end]);
    }

    /// Adds one byte that was read from a place.
    fn push(&mut self, byte: u8, start: usize, end: usize) {
        self.begin(start, end);
        self.bytes.push(byte);
    }

    fn begin(&mut self, start: usize, end: usize) {
        if start.saturating_sub(self.end) > MAX_GAP {
            self.interrupt(start);
        }
        self.pieces.push(Piece { at: self.bytes.len() as u32, start: start as u32, end: end as u32 });
        self.end = end;
    }

    /// What is read before and after this place belongs to different texts.
    fn interrupt(&mut self, at: usize) {
        if self.bytes.last() != Some(&0) {
            self.pieces.push(Piece { at: self.bytes.len() as u32, start: at as u32, end: at as u32 });
            self.bytes.push(0);
        }
    }

    /// Takes the last byte away: another one is printed over it.
    fn pop(&mut self) {
        if self.bytes.pop().is_some() && self.pieces.last().is_some_and(|piece| piece.at as usize >= self.bytes.len()) {
            self.pieces.pop();
        }
    }

    /// The stretch of the text that these bytes were read from.
    pub(super) fn place(&self, range: &Range<usize>) -> Range<usize> {
        self.place_of(range.start).start..self.place_of(range.end.saturating_sub(1)).end
    }

    /// Where the text of the first `len` bytes ends.
    pub(super) fn end_of(&self, len: usize) -> usize {
        len.checked_sub(1).map_or(0, |last| self.place_of(last).end)
    }

    fn place_of(&self, at: usize) -> Range<usize> {
        let piece = self.pieces.partition_point(|piece| piece.at as usize <= at).saturating_sub(1);
        let Some(Piece { at: first, start, end }) = self.pieces.get(piece).copied() else { return 0..0 };
        let len = self.pieces.get(piece + 1).map_or(self.bytes.len(), |next| next.at as usize) - first as usize;
        if len == 1 {
            return start as usize..end as usize;
        }
        let start = start as usize + at - first as usize;
        start..start + 1
    }
}
