//! Tar: headers and members in blocks of 512 bytes (POSIX.1-2024, pax, "ustar Interchange Format"; the manual of GNU tar,
//! "Basic Tar Format"). The members are stored as they are, so the bytes of the archive are theirs.
//!
//! A tar crate would read names and records of any length into memory.

use std::io::{self, BufRead, Read};

use super::format::{Format, Visitor};
use super::stream::{Section, Stream, drain};

/// Everything in an archive has a multiple of this size.
const BLOCK: usize = 512;

/// How many bytes of a name are read.
const MAX_NAME: u64 = 64 * 1024;

/// How many bytes of an extended header are read.
const MAX_RECORDS: u64 = 64 * 1024;

/// Recognised by a header with the right checksum, since old archives have no magic number.
pub(super) const FORMAT: Format = Format { matches: |head, _| Header::parse(head).is_some(), read };

struct Header {
    name: Vec<u8>,
    size: u64,
    kind: u8,
    /// The map of a sparse file continues after the header.
    map_continues: bool,
}

impl Header {
    /// `None`: it is not a header.
    fn parse(block: &[u8]) -> Option<Header> {
        let block = block.get(..BLOCK)?;
        // The checksum counts its own field as blanks; old programs added signed bytes.
        let others = || block[..148].iter().chain(&block[156..]);
        let blanks = 8 * i64::from(b' ');
        let sum = others().map(|byte| i64::from(*byte)).sum::<i64>() + blanks;
        let signed = others().map(|byte| i64::from(byte.cast_signed())).sum::<i64>() + blanks;
        let written = i64::try_from(number(&block[148..156])?).ok()?;
        if written != sum && written != signed {
            return None;
        }
        let kind = block[156];
        let mut name = text(&block[..100]).to_vec();
        let prefix = text(&block[345..500]);
        if &block[257..263] == b"ustar\0" && !prefix.is_empty() {
            name = [prefix, b"/", &name].concat();
        }
        // Links, devices and folders have no content; their size field may be anything.
        let size = if (b'1'..=b'6').contains(&kind) { 0 } else { number(&block[124..136])? };
        Some(Header { name, size, kind, map_continues: kind == b'S' && block[482] != 0 })
    }
}

fn read(stream: &mut dyn Stream, _: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    // What an extended header says of the member after it.
    let (mut name, mut size, mut has_map): (Option<Vec<u8>>, Option<u64>, bool) = (None, None, false);
    loop {
        let head = stream.peek(BLOCK)?;
        if head.len() < BLOCK || head[..BLOCK].iter().all(|byte| *byte == 0) {
            // It may end without the final blocks of zeros, but not within a block. Another archive may follow the zeros.
            return if head.is_empty() || head.len() >= BLOCK { Ok(()) } else { Err(broken()) };
        }
        let header = Header::parse(head).ok_or_else(broken)?;
        stream.consume(BLOCK);
        skip_map(stream, header.map_continues)?;
        let len = size.take().filter(|_| header.kind != b'x').unwrap_or(header.size);
        let mut section = Section::new(stream, len);
        match header.kind {
            b'L' => name = Some(text(&read_start(&mut section, MAX_NAME)?).to_vec()),
            b'x' => {
                let records = read_start(&mut section, MAX_RECORDS)?;
                name = value(&records, b"path").map(<[u8]>::to_vec).or(name);
                name = value(&records, b"GNU.sparse.name").map(<[u8]>::to_vec).or(name);
                size = value(&records, b"size").and_then(|size| std::str::from_utf8(size).ok()?.parse().ok());
                has_map = value(&records, b"GNU.sparse.major").is_some_and(|major| major == b"1");
            }
            b'g' | b'K' | b'V' => drain(&mut section)?,
            _ => {
                let name = name.take().unwrap_or(header.name);
                if std::mem::take(&mut has_map) {
                    skip_pax_map(&mut section)?;
                }
                visitor.stored(&name, &mut section)?;
            }
        }
        if section.is_truncated() {
            return Err(broken());
        }
        let padding = len.next_multiple_of(BLOCK as u64) - len;
        drain(&mut Section::new(stream, padding))?;
    }
}

/// Skips the blocks in which the map of a sparse file continues before its data.
fn skip_map(stream: &mut dyn Stream, mut continues: bool) -> io::Result<()> {
    while continues {
        continues = *stream.peek(BLOCK)?.get(504).ok_or_else(broken)? != 0;
        drain(&mut Section::new(stream, BLOCK as u64))?;
    }
    Ok(())
}

/// Skips the map of a sparse file in pax format, in blocks before its data: the number of pairs, then the numbers, each on a
/// line (the manual of GNU tar, "PAX Format, Version 1.0").
fn skip_pax_map(section: &mut Section) -> io::Result<()> {
    let (mut lines, mut wanted, mut first) = (0, None, Vec::new());
    while wanted.is_none_or(|wanted| lines < wanted) {
        let block = section.peek(BLOCK)?;
        let block = block.get(..BLOCK).ok_or_else(broken)?;
        lines += block.iter().filter(|byte| **byte == b'\n').count();
        if wanted.is_none() {
            first.extend(block.iter().take_while(|byte| **byte != b'\n'));
            let pairs: Option<usize> = std::str::from_utf8(&first).ok().and_then(|first| first.parse().ok());
            wanted = Some(1 + pairs.filter(|_| lines > 0).ok_or_else(broken)?.saturating_mul(2));
        }
        section.consume(BLOCK);
    }
    Ok(())
}

/// The first bytes of a section, which is read to its end.
fn read_start(section: &mut Section, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    (&mut *section).take(limit).read_to_end(&mut bytes)?;
    drain(section)?;
    Ok(bytes)
}

/// The value of a keyword in the records of an extended header: `LENGTH KEYWORD=VALUE\n`.
fn value<'a>(mut records: &'a [u8], keyword: &[u8]) -> Option<&'a [u8]> {
    loop {
        let blank = records.iter().position(|byte| *byte == b' ')?;
        let len: usize = std::str::from_utf8(&records[..blank]).ok()?.parse().ok()?;
        let record = records.get(blank + 1..len)?.strip_suffix(b"\n")?;
        if let Some(value) = record.strip_prefix(keyword).and_then(|rest| rest.strip_prefix(b"=")) {
            return Some(value);
        }
        records = &records[len..];
    }
}

/// A number: octal digits between blanks and NULs, or binary where the highest bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let low = field.len().saturating_sub(8);
        return field[low..].try_into().ok().map(u64::from_be_bytes).filter(|number| number >> 62 == 0);
    }
    let digits = std::str::from_utf8(text(field)).ok()?.trim();
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok().filter(|number| number >> 62 == 0) }
}

/// Up to the first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn broken() -> io::Error {
    io::Error::other("is a broken tar archive: the rest of it is not unpacked")
}
