//! Tar: headers and members in blocks of 512 bytes (POSIX.1-2024, pax, "ustar Interchange Format"; GNU tar's manual, "Basic
//! Tar Format"). The members' bytes are the archive's own, and searched as such: all that is done here is to give them their
//! names, and to look into what is packed in them.
//!
//! A tar crate would read names and records of any length into memory.

use std::io::{self, BufRead, Read};

use super::Site;
use super::layer::{Layer, Part, drain};
use super::unpack::Search;

/// Everything is a multiple of this.
pub(super) const BLOCK: usize = 512;

/// The longest name that is read.
const NAME: u64 = 64 * 1024;

/// The longest record about a member that is read.
const RECORD: u64 = 64 * 1024;

/// Whether it begins with a header: with one whose checksum is right, as `file` tells old archives.
pub(super) fn begins(head: &[u8]) -> bool {
    Header::read(head).is_some()
}

struct Header {
    name: Vec<u8>,
    size: u64,
    kind: u8,
    /// More of a sparse file's map follows the header.
    map_goes_on: bool,
}

impl Header {
    /// `None`: this is none.
    fn read(block: &[u8]) -> Option<Header> {
        let block = block.get(..BLOCK)?;
        // The sum has blanks in its own place; old programs took the bytes for signed ones.
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
        // Links, devices and folders have nothing in them, whatever is written there.
        let size = if (b'1'..=b'6').contains(&kind) { 0 } else { number(&block[124..136])? };
        Some(Header { name, size, kind, map_goes_on: kind == b'S' && block[482] != 0 })
    }
}

pub(super) fn look(search: &mut Search, layer: &mut dyn Layer, site: &mut Site) -> io::Result<()> {
    // What a record says of the member that follows it.
    let (mut name, mut size, mut mapped): (Option<Vec<u8>>, Option<u64>, bool) = (None, None, false);
    loop {
        let head = layer.peek(BLOCK)?;
        if head.len() < BLOCK || head[..BLOCK].iter().all(|byte| *byte == 0) {
            // It may end without the blocks of zeros that should be there, but not within one. Behind them another may begin.
            return if head.is_empty() || head.len() >= BLOCK { Ok(()) } else { Err(broken()) };
        }
        let header = Header::read(head).ok_or_else(broken)?;
        layer.consume(BLOCK);
        skip_map(layer, header.map_goes_on)?;
        let size_here = size.take().filter(|_| header.kind != b'x').unwrap_or(header.size);
        let mut part = Part::new(layer, size_here);
        match header.kind {
            b'L' => name = Some(text(&small(&mut part, NAME)?).to_vec()),
            b'x' => {
                let record = small(&mut part, RECORD)?;
                name = value(&record, b"path").map(<[u8]>::to_vec).or(name);
                name = value(&record, b"GNU.sparse.name").map(<[u8]>::to_vec).or(name);
                size = value(&record, b"size").and_then(|size| std::str::from_utf8(size).ok()?.parse().ok());
                mapped = value(&record, b"GNU.sparse.major").is_some_and(|major| major == b"1");
            }
            b'g' | b'K' | b'V' => drain(&mut part)?,
            _ => {
                let name = search.name(&name.take().unwrap_or(header.name));
                if std::mem::take(&mut mapped) {
                    skip_written_map(&mut part)?;
                }
                search.member(&mut part, name, site)?;
            }
        }
        if part.is_cut_off() {
            return Err(broken());
        }
        let padding = size_here.next_multiple_of(BLOCK as u64) - size_here;
        drain(&mut Part::new(layer, padding))?;
    }
}

/// The map of a sparse file may go on in blocks of its own, before what it holds.
fn skip_map(layer: &mut dyn Layer, mut goes_on: bool) -> io::Result<()> {
    while goes_on {
        goes_on = *layer.peek(BLOCK)?.get(504).ok_or_else(broken)? != 0;
        drain(&mut Part::new(layer, BLOCK as u64))?;
    }
    Ok(())
}

/// A newer sparse file's map stands before its data, in blocks of its own: how many numbers there are in pairs, then the
/// numbers, on a line each (GNU tar's manual, "PAX Format, Version 1.0").
fn skip_written_map(part: &mut Part) -> io::Result<()> {
    let (mut lines, mut wanted, mut first) = (0, None, Vec::new());
    while wanted.is_none_or(|wanted| lines < wanted) {
        let block = part.peek(BLOCK)?;
        let block = block.get(..BLOCK).ok_or_else(broken)?;
        lines += block.iter().filter(|byte| **byte == b'\n').count();
        if wanted.is_none() {
            first.extend(block.iter().take_while(|byte| **byte != b'\n'));
            let pairs: Option<usize> = std::str::from_utf8(&first).ok().and_then(|first| first.parse().ok());
            wanted = Some(1 + pairs.filter(|_| lines > 0).ok_or_else(broken)?.saturating_mul(2));
        }
        part.consume(BLOCK);
    }
    Ok(())
}

/// The beginning of a part, which is read to its end.
fn small(part: &mut Part, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    (&mut *part).take(limit).read_to_end(&mut bytes)?;
    drain(part)?;
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

/// Octal digits between blanks and NULs, or, with the highest bit set, a binary number.
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
    io::Error::other("is a broken tar archive: what is packed in the rest of it is not looked into")
}
