//! Text in MATLAB files of version 5 ("MAT-File Format", "miMATRIX"): several rows of characters are kept column by column.

use std::io::{self, Read};

use zeroize::Zeroizing;

use super::bytes::u32_at;
use super::embedded::{Embedded, Start};
use super::format::Visitor;
use super::stream::{Section, Stream};

/// The tag of the flags of an array, and behind their first byte, which is its class, two more; then a number that is not used.
const FLAGS: [u8; 8] = [6, 0, 0, 0, 8, 0, 0, 0];
const CHARACTERS: u8 = 4;

/// The tag of two dimensions, behind the flags.
const DIMENSIONS: [u8; 8] = [5, 0, 0, 0, 8, 0, 0, 0];

/// Where the dimensions and the name stand.
const ROWS: usize = 24;
const COLUMNS: usize = 28;
const NAME: usize = 32;

/// The longest name, and the longest text that is put in order, in bytes.
const MAX_NAME: usize = 256;
const MAX_TEXT: usize = 4 << 20;

/// The types of data that text has, and their sizes in bytes.
const TYPES: [(u32, usize); 5] = [(1, 1), (2, 1), (4, 2), (16, 1), (17, 2)];

pub(super) const EMBEDDED: Embedded =
    Embedded::certain("rows of text", &[Start::new(&FLAGS)], |bytes| Text::parse(bytes).is_some(), read);

/// Rows of characters.
struct Text {
    rows: usize,
    /// The size of a character, and where the characters begin and how many bytes they have.
    size: usize,
    start: usize,
    len: usize,
}

impl Text {
    fn parse(bytes: &[u8]) -> Option<Text> {
        let is_text = bytes.starts_with(&FLAGS) && bytes.get(8) == Some(&CHARACTERS);
        if !is_text || !bytes.get(16..).is_some_and(|rest| rest.starts_with(&DIMENSIONS)) {
            return None;
        }
        let (rows, columns) = (u32_at(bytes, ROWS)? as usize, u32_at(bytes, COLUMNS)? as usize);
        let (_, name, name_len) = element(bytes, NAME)?;
        let data = if name_len <= 4 && name == NAME + 4 { NAME + 8 } else { name + name_len.next_multiple_of(8) };
        let (kind, start, len) = element(bytes, data)?;
        let (_, size) = *TYPES.iter().find(|(number, _)| *number == kind)?;
        let is_whole = rows.checked_mul(columns)?.checked_mul(size)? == len;
        // One row is text as it is.
        (rows > 1 && is_whole && name_len <= MAX_NAME).then_some(Text { rows, size, start, len })
    }
}

/// The type of an element, where its data begin, and their length: a small one has them in its tag.
fn element(bytes: &[u8], at: usize) -> Option<(u32, usize, usize)> {
    let tag = u32_at(bytes, at)?;
    match tag >> 16 {
        0 => Some((tag, at + 8, u32_at(bytes, at + 4)? as usize)),
        len => Some((tag & 0xffff, at + 4, len as usize)),
    }
}

fn read(stream: &mut dyn Stream, name: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    let text = Text::parse(stream.peek(NAME + MAX_NAME + 16)?).ok_or(io::ErrorKind::InvalidData)?;
    stream.consume(text.start);
    if text.len > MAX_TEXT {
        visitor.unopened("has rows of text that are too long to be put in order: they are not searched");
        return Ok(());
    }
    let mut columns = Zeroizing::new(Vec::with_capacity(text.len));
    Section::new(stream, text.len as u64).read_to_end(&mut columns)?;
    let characters: Vec<&[u8]> = columns.chunks_exact(text.size).collect();
    let mut rows = Zeroizing::new(Vec::with_capacity(columns.len() + text.rows * text.size));
    for row in 0..text.rows {
        characters.iter().skip(row).step_by(text.rows).for_each(|character| rows.extend_from_slice(character));
        rows.extend(&b"\n\0"[..text.size]);
    }
    visitor.unpacked(name.as_bytes(), &mut rows.as_slice())
}
