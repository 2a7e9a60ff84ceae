//! Text in PostScript that is shown glyph by glyph, by name (PostScript Language Reference, `glyphshow`), as matplotlib writes it.

use std::io;

use zeroize::Zeroizing;

use super::bytes::append;
use super::embedded::{Embedded, Start};
use super::format::Visitor;
use super::stream::Stream;

const SHOW: &[u8] = b"glyphshow";

/// Between two glyphs: where the next one stands, in two numbers, and its name.
const MAX_STEP: usize = 96;

/// How many glyphs are read.
const MAX_GLYPHS: usize = 1 << 16;

/// The names of characters that a token may have, besides letters, which are their own names (Adobe Glyph List).
const NAMES: [(&str, u8); 13] = [
    ("zero", b'0'),
    ("one", b'1'),
    ("two", b'2'),
    ("three", b'3'),
    ("four", b'4'),
    ("five", b'5'),
    ("six", b'6'),
    ("seven", b'7'),
    ("eight", b'8'),
    ("nine", b'9'),
    ("underscore", b'_'),
    ("hyphen", b'-'),
    ("period", b'.'),
];

pub(super) const EMBEDDED: Embedded =
    Embedded::certain("glyphs", &[Start::new(SHOW)], |bytes| bytes.starts_with(SHOW), read);

/// The first glyph of a text is behind: a token is known without its first letter.
fn read(stream: &mut dyn Stream, name: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    let mut text = Zeroizing::new(Vec::new());
    stream.consume(SHOW.len());
    while text.len() < MAX_GLYPHS {
        let Some((glyph, len)) = next_glyph(stream.peek(MAX_STEP)?) else { break };
        append(&mut text, &[glyph]);
        stream.consume(len);
    }
    visitor.unpacked(name.as_bytes(), &mut text.as_slice())
}

/// The next glyph, and the length of what shows it.
fn next_glyph(bytes: &[u8]) -> Option<(u8, usize)> {
    let bytes = &bytes[..bytes.len().min(MAX_STEP)];
    let is_number =
        |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_whitespace() || matches!(byte, b'.' | b'-' | b'm');
    let slash = bytes.iter().take_while(|byte| is_number(byte)).count();
    let rest = bytes[slash..].strip_prefix(b"/")?;
    let name = &rest[..rest.iter().position(u8::is_ascii_whitespace)?];
    let glyph = match name {
        [letter] => *letter,
        _ => NAMES.iter().find(|(known, _)| known.as_bytes() == name).map_or(b'?', |(_, character)| *character),
    };
    let blanks = rest[name.len()..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let end = name.len() + blanks;
    rest[end..].starts_with(SHOW).then_some((glyph, slash + 1 + end + SHOW.len()))
}
