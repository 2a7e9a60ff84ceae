//! Zip: from one local header to the next, as they come (PKWARE's APPNOTE 6.3.10, section 4.3): archives of any size in a
//! fixed memory, also where they are packed in something else. What the directory at the end does not name is found, too.
//!
//! A zip crate wants to seek, and holds the whole directory in memory.

use std::io;

use flate2::bufread::DeflateDecoder;
use memchr::memmem;

use super::Site;
use super::layer::{Layer, Part, drain};
use super::unpack::Search;

/// What follows the members: the directory and the records about it.
const DIRECTORY: [&[u8]; 4] = [b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x08"];

const MEMBER: &[u8] = b"PK\x03\x04";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";

/// A local header without its name and what follows that.
const HEADER: usize = 30;

struct Header {
    name: Vec<u8>,
    encrypted: bool,
    method: u16,
    /// How many bytes the member has here; `None`: that stands behind it.
    size: Option<u64>,
}

pub(super) fn look(search: &mut Search, layer: &mut dyn Layer, site: &mut Site) -> io::Result<()> {
    while layer.peek(4)?.starts_with(MEMBER) {
        let header = Header::read(layer)?;
        let name = search.name(&header.name);
        match header.size {
            Some(size) => {
                let mut part = Part::new(layer, size);
                member(search, &mut part, &header, name, site)?;
                drain(&mut part)?;
                if part.is_cut_off() {
                    return Err(broken());
                }
            }
            None => {
                member(search, layer, &header, name, site)?;
                to_the_next(layer)?;
            }
        }
        skip_descriptor(layer)?;
    }
    let head = layer.peek(4)?;
    if DIRECTORY.iter().any(|magic| head.starts_with(magic)) { Ok(()) } else { Err(broken()) }
}

fn member(
    search: &mut Search,
    layer: &mut dyn Layer,
    header: &Header,
    name: String,
    site: &mut Site,
) -> io::Result<()> {
    let why = match header {
        Header { encrypted: true, .. } => "is encrypted: it cannot be looked into",
        Header { method: 0, size: Some(_), .. } => return search.member(layer, name, site),
        Header { method: 0, size: None, .. } if !super::unpack::is_packed(layer.peek(super::tar::BLOCK)?) => {
            return Ok(());
        }
        Header { method: 0, .. } => "is packed without its size: what is packed in it is not looked into",
        Header { method: 8, .. } => {
            if search.unpacked(&mut DeflateDecoder::new(&mut *layer), name.clone(), site).is_ok() {
                return Ok(());
            }
            "is broken: the rest of it cannot be unpacked"
        }
        _ => "is compressed in a way that is not known here: it cannot be looked into",
    };
    site.inside.push(name);
    search.unread(site, why.to_owned());
    site.inside.pop();
    Ok(())
}

impl Header {
    fn read(layer: &mut dyn Layer) -> io::Result<Header> {
        let mut fixed = [0; HEADER];
        layer.read_exact(&mut fixed).map_err(|_| broken())?;
        let short = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
        let flags = short(6);
        let compressed = u32::from_le_bytes([fixed[18], fixed[19], fixed[20], fixed[21]]);
        let mut name = vec![0; short(26).into()];
        layer.read_exact(&mut name).map_err(|_| broken())?;
        let mut extra = vec![0; short(28).into()];
        layer.read_exact(&mut extra).map_err(|_| broken())?;
        let size = match compressed {
            _ if flags & 8 != 0 => None,
            u32::MAX => Some(long_size(&extra).ok_or_else(broken)?),
            size => Some(size.into()),
        };
        Ok(Header { name, encrypted: flags & 1 != 0, method: short(8), size })
    }
}

/// The compressed size of a member of more than 4 GiB (section 4.5.3): behind the size that it has unpacked.
fn long_size(mut extra: &[u8]) -> Option<u64> {
    loop {
        let (head, rest) = extra.split_at_checked(4)?;
        let (field, next) = rest.split_at_checked(u16::from_le_bytes([head[2], head[3]]).into())?;
        if head[..2] == [1, 0] {
            return field.get(8..16)?.try_into().ok().map(u64::from_le_bytes);
        }
        extra = next;
    }
}

/// Skips what a member without a size leaves unread, up to whatever comes next in the archive.
fn to_the_next(layer: &mut dyn Layer) -> io::Result<()> {
    loop {
        let bytes = layer.peek(64)?;
        if bytes.len() < 4 {
            return Err(broken());
        }
        let signs = [MEMBER, DESCRIPTOR].into_iter().chain(DIRECTORY);
        match signs.filter_map(|sign| memmem::find(bytes, sign)).min() {
            Some(at) => {
                layer.consume(at);
                return Ok(());
            }
            // The last three bytes may be the first of one.
            None => {
                let skipped = bytes.len() - 3;
                layer.consume(skipped);
            }
        }
    }
}

/// Sizes and a sum, of four bytes or of eight each, may stand behind a member.
fn skip_descriptor(layer: &mut dyn Layer) -> io::Result<()> {
    if layer.peek(4)?.starts_with(DESCRIPTOR) {
        layer.consume(4);
        to_the_next(layer)?;
    }
    Ok(())
}

fn broken() -> io::Error {
    io::Error::other("is a broken zip archive: what is packed in the rest of it is not looked into")
}
