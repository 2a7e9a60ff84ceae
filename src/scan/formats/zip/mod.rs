//! Zip: from one local header to the next (PKWARE's APPNOTE 6.3.10, section 4.3), so that archives of any size are read in
//! fixed memory, also where they are packed in something else. The directory after the members must name the same members.
//!
//! A zip crate seeks, and holds the whole directory in memory.

mod records;

use std::io::{self, Read};

use flate2::bufread::DeflateDecoder;
use lzma_rust2::LzmaReader;

use super::bzip2::Bzip2;
use super::compressed::{Compression, MAX_WINDOW};
use super::embedded::{Embedded, Start};
use super::format::{Format, HEAD, Visitor};
use super::stream::{Section, Stream, drain};
use super::xz::Xz;
use super::zstd::Zstd;
use records::{Header, MEMBER, Tally};

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const BZIP2: u16 = 12;
const LZMA: u16 = 14;
const ZSTD: u16 = 93;
const XZ: u16 = 95;

/// An archive from the first byte on.
pub(super) const FORMAT: Format = Format {
    matches: |head, _| head.starts_with(MEMBER) || head.starts_with(records::END),
    read: |stream, _, visitor| read(stream, visitor),
};

/// An archive in something else: behind a script that runs or unpacks it, or the mark of a split archive.
pub(in crate::scan::formats) const EMBEDDED: Embedded =
    Embedded::certain("zip", &[Start::new(MEMBER)], records::may_begin, |stream, _, visitor| read(stream, visitor));

fn read(stream: &mut dyn Stream, visitor: &mut dyn Visitor) -> io::Result<()> {
    let mut members = Tally::default();
    while stream.peek(MEMBER.len())?.starts_with(MEMBER) {
        let start = stream.position();
        let header = Header::read(stream)?;
        members.add(start, header.method);
        match header.size {
            Some(size) => {
                let mut section = Section::new(stream, size);
                read_member(&mut section, &header, visitor)?;
                drain(&mut section)?;
                if section.is_truncated() {
                    return Err(records::broken());
                }
            }
            None => {
                read_member(stream, &header, visitor)?;
                records::skip_descriptor(stream)?;
            }
        }
    }
    records::check_directory(stream, &members)
}

fn read_member(stream: &mut dyn Stream, header: &Header, visitor: &mut dyn Visitor) -> io::Result<()> {
    let Header { name, encrypted, method, size, .. } = header;
    let reason = match (*method, size) {
        _ if *encrypted => "is encrypted: it cannot be searched".to_owned(),
        (STORED, Some(_)) => return visitor.stored(name, stream),
        (STORED, None) => {
            let is_packed = visitor.is_packed(stream.peek(HEAD)?);
            records::skip_to_descriptor(stream)?;
            if !is_packed {
                return Ok(());
            }
            "is stored without its size: what is packed in it is not searched".to_owned()
        }
        _ => match unpack_member(stream, header, visitor) {
            Ok(()) if size.is_none() || stream.peek(1)?.is_empty() => return Ok(()),
            Ok(()) => "has data after what is packed in it, which is not unpacked".to_owned(),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => error.to_string(),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                format!("is compressed with method {method} of zip: it cannot be searched")
            }
            Err(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                "needs too much memory: it is not searched".to_owned()
            }
            Err(_) => "is broken: the rest of it cannot be unpacked".to_owned(),
        },
    };
    visitor.unread(name, &reason);
    Ok(())
}

fn unpack_member(stream: &mut dyn Stream, header: &Header, visitor: &mut dyn Visitor) -> io::Result<()> {
    let mut content: Box<dyn Read> = match (header.method, header.size) {
        (DEFLATED, _) => Box::new(DeflateDecoder::new(&mut *stream)),
        (BZIP2, _) => Bzip2::open(stream)?,
        (ZSTD, _) => Zstd::open(stream)?,
        // These read ahead, and so need to know the end.
        (XZ, Some(_)) => Xz::open(stream)?,
        (LZMA, Some(_)) => lzma(stream, header.unpacked)?,
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    visitor.unpacked(&header.name, &mut content)
}

/// LZMA behind a version, the length of its properties, and these (section 5.8.8).
fn lzma(stream: &mut dyn Stream, size: Option<u64>) -> io::Result<Box<dyn Read + '_>> {
    let mut header = [0; 9];
    stream.read_exact(&mut header)?;
    let [_, _, 5, 0, properties, a, b, c, d] = header else { return Err(io::ErrorKind::InvalidData.into()) };
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    if u64::from(dictionary) > MAX_WINDOW {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    let unpacked = size.unwrap_or(u64::MAX);
    Ok(Box::new(LzmaReader::new_with_props(stream, unpacked, properties, dictionary, None)?))
}
