//! The texts that a token may be written as, character by character, for the first look of a search: with each separator and
//! mark that programs use. A decoder also reads mixtures of these, which the first look finds by their longer stretches.

use zeroize::Zeroizing;

use super::decode::Decoders;

/// Calls `add` with every spelling of a text, and what reads it.
pub(super) fn all(text: &[u8], add: &mut impl FnMut(&[u8], Decoders)) {
    add(text, Decoders::TEXT | Decoders::ESCAPES);
    for noise in BETWEEN_CHARACTERS {
        add(&joined(text, 1, same, noise), Decoders::TEXT);
    }
    for end in [&b"\n"[..], b"\r\n", b"\r"] {
        short_lines(text, same, 1, end, add);
        short_lines(text, lower, 2, end, add);
        short_lines(text, upper, 2, end, add);
    }
    add(&joined(text, 1, |byte, out| out.extend([byte[0], b'\x08', byte[0]]), b""), Decoders::TEXT);
    add(&joined(text, 1, |byte, out| out.extend([b'_', b'\x08', byte[0]]), b""), Decoders::TEXT);
    for blanks in [&b" "[..], b"   "] {
        add(&joined(text, 1, same, blanks), Decoders::SPACED);
    }
    hexadecimal(text, add);
    decimal_and_octal(text, add);
}

/// Every sample at the end or at the beginning of a stretch that a line break or a terminal sequence interrupts.
pub(super) fn interrupted(text: &[u8], add: &mut impl FnMut(&[u8])) {
    for three in text.windows(3) {
        for end in *b"\n\r\x1b" {
            add(&[three[0], three[1], three[2], end]);
        }
        for beginning in *b"\n \tm" {
            add(&[beginning, three[0], three[1], three[2]]);
        }
    }
}

/// Every sample around a character that stands alone between two terminal sequences for colours.
pub(super) fn coloured(text: &[u8], add: &mut impl FnMut(&[u8])) {
    for byte in text {
        add(&[b'm', *byte, b'\x1b', b'[']);
        for one in *b"0123456789[m" {
            add(&[*byte, b'\x1b', b'[', one]);
            add(&[one, b'm', *byte, b'\x1b']);
            for other in *b"0123456789[;" {
                add(&[other, one, b'm', *byte]);
            }
        }
    }
}

/// A text on lines of one to three characters; `write` makes `width` characters of each byte.
fn short_lines(
    text: &[u8],
    write: fn(&[u8], &mut Vec<u8>),
    width: usize,
    end: &[u8],
    add: &mut impl FnMut(&[u8], Decoders),
) {
    let mut written = Zeroizing::new(Vec::with_capacity(width * text.len()));
    write(text, &mut written);
    for len in 1..=3 {
        for first in 0..len.min(written.len()) {
            let (line, rest) = written.split_at(first);
            add(&Zeroizing::new([line, &joined(rest, len, same, end)].concat()), Decoders::TEXT);
        }
    }
}

/// What stands between all characters of a text: the NULs of UTF-16 and UTF-32, invisible characters.
const BETWEEN_CHARACTERS: [&[u8]; 5] = [b"\0", b"\0\0\0", b"\xe2\x80\x8b", b"\xc2\xad", b"\xe2\x81\xa0"];

/// What stands between two numbers of one byte each.
const BETWEEN_NUMBERS: [&[u8]; 7] = [b" ", b",", b", ", b":", b"-", b"\n", b"\t"];

/// What stands before each hexadecimal number in an escape.
const ESCAPE_MARKS: [&[u8]; 8] = [b"\\x", b"%", b"=", b"\\u00", b"\\U000000", b"}\\u{", b"%u00", b";&#x"];

/// What stands before each hexadecimal number in a list.
const LIST_MARKS: [&[u8]; 3] = [b" 0x", b", 0x", b",0x"];

fn hexadecimal(text: &[u8], add: &mut impl FnMut(&[u8], Decoders)) {
    type Write = fn(&[u8], &mut Vec<u8>);
    for (hex, reversed) in [(lower as Write, lower_reversed as Write), (upper, upper_reversed)] {
        add(&joined(text, 1, hex, b""), Decoders::TEXT | Decoders::HEX | Decoders::HEX_WORDS);
        for mark in ESCAPE_MARKS {
            add(&joined(text, 1, hex, mark), Decoders::ESCAPES);
        }
        for between in BETWEEN_NUMBERS.into_iter().chain(LIST_MARKS) {
            add(&joined(text, 1, hex, between), Decoders::HEX);
        }
        // Groups of two, four and eight bytes, from any byte on, in either order.
        for width in [2, 4, 8] {
            for first in 0..width.min(text.len()) {
                add(&joined(&text[first..], width, hex, b" "), Decoders::HEX);
                add(&joined(&text[first..], width, reversed, b" "), Decoders::HEX_WORDS);
            }
        }
    }
}

fn decimal_and_octal(text: &[u8], add: &mut impl FnMut(&[u8], Decoders)) {
    add(&joined(text, 1, decimal, b";&#"), Decoders::ESCAPES);
    for between in BETWEEN_NUMBERS.into_iter().chain([&b" , "[..], b"  "]) {
        add(&joined(text, 1, decimal, between), Decoders::DECIMAL);
    }
    add(&joined(text, 1, octal, b"\\"), Decoders::ESCAPES);
    for between in [&b" "[..], b", ", b"\\0", b", 0"] {
        add(&joined(text, 1, octal, between), Decoders::OCTAL);
    }
    for first in 0..2.min(text.len()) {
        add(&joined(&text[first..], 2, octal_word, b" "), Decoders::OCTAL_WORDS);
    }
}

/// The most bytes that one byte is written as.
const LONGEST: usize = 6;

fn same(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes);
}

fn lower(bytes: &[u8], out: &mut Vec<u8>) {
    digits(bytes.iter(), b"0123456789abcdef", out);
}

fn upper(bytes: &[u8], out: &mut Vec<u8>) {
    digits(bytes.iter(), b"0123456789ABCDEF", out);
}

fn lower_reversed(bytes: &[u8], out: &mut Vec<u8>) {
    digits(bytes.iter().rev(), b"0123456789abcdef", out);
}

fn upper_reversed(bytes: &[u8], out: &mut Vec<u8>) {
    digits(bytes.iter().rev(), b"0123456789ABCDEF", out);
}

fn digits<'b>(bytes: impl Iterator<Item = &'b u8>, digits: &[u8; 16], out: &mut Vec<u8>) {
    bytes.for_each(|byte| out.extend([digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]));
}

fn decimal(byte: &[u8], out: &mut Vec<u8>) {
    let digits = [byte[0] / 100, byte[0] / 10 % 10, byte[0] % 10].map(|digit| b'0' + digit);
    out.extend_from_slice(&digits[usize::from(byte[0] < 100)..]);
}

fn octal(byte: &[u8], out: &mut Vec<u8>) {
    out.extend([byte[0] >> 6, byte[0] >> 3 & 7, byte[0] & 7].map(|digit| b'0' + digit));
}

fn octal_word(bytes: &[u8], out: &mut Vec<u8>) {
    if let [low, high] = bytes {
        let word = u16::from_le_bytes([*low, *high]);
        out.extend([15, 12, 9, 6, 3, 0].map(|shift| b'0' + (word >> shift & 7) as u8));
    }
}

/// A text in pieces of `width` bytes, each written by `write`, with `between` before, between and behind them.
fn joined(text: &[u8], width: usize, write: impl Fn(&[u8], &mut Vec<u8>), between: &[u8]) -> Zeroizing<Vec<u8>> {
    // Allocated once: no copy stays behind unwiped.
    let most = text.len() * (LONGEST + between.len()) + between.len();
    let mut joined = Zeroizing::new(Vec::with_capacity(most));
    joined.extend_from_slice(between);
    for piece in text.chunks(width) {
        write(piece, &mut joined);
        joined.extend_from_slice(between);
    }
    joined
}
