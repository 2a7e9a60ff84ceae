//! Zip: from one local header to the next, as they come (PKWARE's APPNOTE 6.3.10, section 4.3): archives of any size in a
//! fixed memory, also where they are packed in something else. The directory behind them must name the same members.
//!
//! A zip crate wants to seek, and holds the whole directory in memory.

use std::io;

use flate2::bufread::DeflateDecoder;
use memchr::memmem;

use super::Site;
use super::layer::{Layer, Part, drain};
use super::tar::BLOCK;
use super::unpack::{Search, is_packed};

const MEMBER: &[u8] = b"PK\x03\x04";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const ENTRY: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";

/// The archive's own records between the directory and the end: what they say is not needed.
const RECORDS: [(&[u8], usize); 2] = [(b"PK\x06\x06", 56), (b"PK\x06\x07", 20)];

/// How long each of these is without what follows it under its name.
const MEMBER_LEN: usize = 30;
const ENTRY_LEN: usize = 46;
const END_LEN: usize = 22;

struct Header {
    name: Vec<u8>,
    encrypted: bool,
    method: u16,
    /// How many bytes the member has here; `None`: that stands behind it.
    size: Option<u64>,
}

/// How many members there are, and sums over where they begin and how they are compressed: the directory's must be the
/// same, from whatever place it counts.
#[derive(Default)]
struct Census {
    members: u64,
    starts: u64,
    first: Option<u64>,
    methods: u64,
}

impl Census {
    fn count(&mut self, start: u64, method: u16) {
        self.members += 1;
        self.starts = self.starts.wrapping_add(start);
        self.first = Some(self.first.map_or(start, |first| first.min(start)));
        self.methods += u64::from(method);
    }

    fn is(&self, other: &Census) -> bool {
        let from_first =
            |census: &Census| census.starts.wrapping_sub(census.members.wrapping_mul(census.first.unwrap_or_default()));
        (self.members, self.methods, from_first(self)) == (other.members, other.methods, from_first(other))
    }
}

/// An archive that begins here.
pub(super) fn look(search: &mut Search, layer: &mut dyn Layer, site: &mut Site) -> io::Result<()> {
    let mut census = Census::default();
    while layer.peek(4)?.starts_with(MEMBER) {
        let start = layer.position();
        let header = Header::read(layer)?;
        census.count(start, header.method);
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
                skip_descriptor(layer)?;
            }
        }
    }
    directory(layer, &census)
}

/// An archive behind something else, if there is one: a script that unpacks it, the mark of a split one.
pub(super) fn look_behind(search: &mut Search, layer: &mut dyn Layer, site: &mut Site) -> io::Result<()> {
    loop {
        let bytes = layer.peek(MEMBER_LEN)?;
        if bytes.len() < MEMBER_LEN {
            let rest = bytes.len();
            layer.consume(rest);
            return Ok(());
        }
        let at = memmem::find(bytes, MEMBER).unwrap_or(bytes.len() - 3);
        layer.consume(at);
        let head = layer.peek(MEMBER_LEN)?;
        if head.starts_with(MEMBER) {
            // Any text may hold these four bytes; the version that is needed and the method are small numbers.
            if head.len() >= MEMBER_LEN && head[5] == 0 && head[9] == 0 && head[26..28] != [0, 0] {
                return look(search, layer, site);
            }
            layer.consume(1);
        }
    }
}

fn member(
    search: &mut Search,
    layer: &mut dyn Layer,
    header: &Header,
    name: String,
    site: &mut Site,
) -> io::Result<()> {
    let why = match header {
        Header { encrypted: true, .. } => "is encrypted: it cannot be looked into".to_owned(),
        Header { method: 0, size: Some(_), .. } => return search.member(layer, name, site),
        Header { method: 0, size: None, .. } => {
            let packed = is_packed(layer.peek(BLOCK)?);
            to_descriptor(layer)?;
            if !packed {
                return Ok(());
            }
            "is packed without its size: what is packed in it is not looked into".to_owned()
        }
        Header { method: 8, size, .. } => {
            match search.unpacked(&mut DeflateDecoder::new(&mut *layer), name.clone(), site) {
                Ok(()) if size.is_none() || layer.peek(1)?.is_empty() => return Ok(()),
                Ok(()) => "has something behind what is packed in it, which is not looked into".to_owned(),
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => error.to_string(),
                Err(_) => "is broken: the rest of it cannot be unpacked".to_owned(),
            }
        }
        _ => "is compressed in a way that is not known here: it cannot be looked into".to_owned(),
    };
    site.inside.push(name);
    search.unread(site, why);
    site.inside.pop();
    Ok(())
}

impl Header {
    fn read(layer: &mut dyn Layer) -> io::Result<Header> {
        let fixed: [u8; MEMBER_LEN] = read(layer)?;
        let flags = short(&fixed, 6);
        let name = read_vec(layer, short(&fixed, 26).into())?;
        let extra = read_vec(layer, short(&fixed, 28).into())?;
        let size = match long(&fixed, 18) {
            _ if flags & 8 != 0 => None,
            // The size that it has unpacked comes first.
            u32::MAX => Some(large(&extra).and_then(|mut numbers| numbers.nth(1)).ok_or_else(broken)?),
            size => Some(size.into()),
        };
        Ok(Header { name, encrypted: flags & 1 != 0, method: short(&fixed, 8), size })
    }
}

/// The numbers of eight bytes each that stand in for those of 4 GiB or more (section 4.5.3).
fn large(mut extra: &[u8]) -> Option<impl Iterator<Item = u64>> {
    loop {
        let (head, rest) = extra.split_at_checked(4)?;
        let (field, next) = rest.split_at_checked(short(head, 2).into())?;
        if head[..2] == [1, 0] {
            return Some(field.chunks_exact(8).filter_map(|number| number.try_into().ok().map(u64::from_le_bytes)));
        }
        extra = next;
    }
}

/// Skips a member of unknown size, to the descriptor that says how long it was.
fn to_descriptor(layer: &mut dyn Layer) -> io::Result<()> {
    let start = layer.position();
    loop {
        let bytes = layer.peek(24)?;
        if bytes.len() < 16 {
            return Err(broken());
        }
        match memmem::find(bytes, DESCRIPTOR) {
            Some(at) => layer.consume(at),
            // The last three bytes may be the first of one.
            None => {
                let skipped = bytes.len() - 3;
                layer.consume(skipped);
                continue;
            }
        }
        let passed = layer.position() - start;
        let bytes = layer.peek(24)?;
        if bytes.len() >= 16 && u64::from(long(bytes, 8)) == passed & u64::from(u32::MAX) {
            return Ok(());
        }
        skip(layer, 1)?;
    }
}

/// Sums and sizes stand behind a member: of four bytes or of eight each, with a mark before them or without.
fn skip_descriptor(layer: &mut dyn Layer) -> io::Result<()> {
    let bytes = layer.peek(28)?;
    let goes_on =
        |at: &&usize| bytes.get(**at..).is_some_and(|next| [MEMBER, ENTRY].iter().any(|sign| next.starts_with(sign)));
    let lengths: &[usize] = if bytes.starts_with(DESCRIPTOR) { &[16, 24] } else { &[12, 20] };
    let len = *lengths.iter().find(goes_on).ok_or_else(broken)?;
    layer.consume(len);
    Ok(())
}

/// Reads the directory, which names the members that were found, and no others.
fn directory(layer: &mut dyn Layer, found: &Census) -> io::Result<()> {
    let mut named = Census::default();
    while layer.peek(4)?.starts_with(ENTRY) {
        let fixed: [u8; ENTRY_LEN] = read(layer)?;
        let name = short(&fixed, 28);
        let extra = skip(layer, name.into()).and_then(|()| read_vec(layer, short(&fixed, 30).into()))?;
        skip(layer, short(&fixed, 32).into())?;
        let start = match long(&fixed, 42) {
            // Behind those of the sizes that are as large.
            u32::MAX => {
                let before = [20, 24].into_iter().filter(|at| long(&fixed, *at) == u32::MAX).count();
                large(&extra).and_then(|mut numbers| numbers.nth(before)).ok_or_else(broken)?
            }
            start => start.into(),
        };
        named.count(start, short(&fixed, 10));
    }
    for (sign, len) in RECORDS {
        if layer.peek(4)?.starts_with(sign) {
            skip(layer, len as u64)?;
        }
    }
    if !layer.peek(4)?.starts_with(END) {
        return Err(broken());
    }
    let fixed: [u8; END_LEN] = read(layer)?;
    skip(layer, short(&fixed, 20).into())?;
    if named.is(found) { Ok(()) } else { Err(other_members()) }
}

fn read<const N: usize>(layer: &mut dyn Layer) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    layer.read_exact(&mut bytes).map_err(|_| broken())?;
    Ok(bytes)
}

fn read_vec(layer: &mut dyn Layer, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    layer.read_exact(&mut bytes).map_err(|_| broken())?;
    Ok(bytes)
}

fn skip(layer: &mut dyn Layer, len: u64) -> io::Result<()> {
    let mut part = Part::new(layer, len);
    drain(&mut part)?;
    if part.is_cut_off() { Err(broken()) } else { Ok(()) }
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn broken() -> io::Error {
    io::Error::other("is a broken zip archive: what is packed in the rest of it is not looked into")
}

fn other_members() -> io::Error {
    io::Error::other("is a zip archive whose directory names other members than it has: not all of it is looked into")
}
