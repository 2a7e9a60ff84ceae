//! The records of a zip archive around its members: headers, descriptors and the directory.

use std::io;

use memchr::memmem;

use crate::scan::formats::stream::{self, Stream};

pub(super) const MEMBER: &[u8] = b"PK\x03\x04";
pub(super) const END: &[u8] = b"PK\x05\x06";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const ENTRY: &[u8] = b"PK\x01\x02";

/// The records between the directory and the end, which are not needed, and their lengths.
const SKIPPED: [(&[u8], usize); 2] = [(b"PK\x06\x06", 56), (b"PK\x06\x07", 20)];

/// The lengths of the records without what follows them at variable length.
const MEMBER_LEN: usize = 30;
const ENTRY_LEN: usize = 46;
const END_LEN: usize = 22;

/// The longest name that the first member of an archive in something else may have.
const MAX_NAME: usize = 255;

/// Whether a member may begin here, where anything else may stand: the needed version, the flags, the method and the length of
/// the name are small numbers, and the name is text.
pub(super) fn may_begin(bytes: &[u8]) -> bool {
    let Some(fixed) = bytes.get(..MEMBER_LEN).filter(|fixed| fixed.starts_with(MEMBER)) else { return false };
    let (flags, method, len) = (short(fixed, 6), short(fixed, 8), usize::from(short(fixed, 26)));
    let is_text = |name: &[u8]| name.iter().all(|byte| !byte.is_ascii_control());
    fixed[5] == 0
        && flags & 0xd7f0 == 0
        && (method <= 20 || (92..=99).contains(&method))
        && (1..=MAX_NAME).contains(&len)
        && is_text(&bytes[MEMBER_LEN..bytes.len().min(MEMBER_LEN + len)])
}

/// The header before a member.
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    pub(super) encrypted: bool,
    pub(super) method: u16,
    /// The size of the member in the archive; `None`: the descriptor after the member has it.
    pub(super) size: Option<u64>,
    /// The size of what is packed in it; `None`: it ends with a mark, or has 4 GiB or more.
    pub(super) unpacked: Option<u64>,
}

impl Header {
    pub(super) fn read(stream: &mut dyn Stream) -> io::Result<Header> {
        let fixed: [u8; MEMBER_LEN] = read(stream)?;
        let flags = short(&fixed, 6);
        let name = read_vec(stream, short(&fixed, 26).into())?;
        let extra = read_vec(stream, short(&fixed, 28).into())?;
        let size = match long(&fixed, 18) {
            _ if flags & 8 != 0 => None,
            // The unpacked size comes first.
            u32::MAX => Some(zip64(&extra).and_then(|mut numbers| numbers.nth(1)).ok_or_else(broken)?),
            size => Some(size.into()),
        };
        // The second flag says of LZMA that it ends with a mark.
        let unpacked = Some(long(&fixed, 22)).filter(|size| flags & 2 == 0 && *size != u32::MAX).map(u64::from);
        Ok(Header { name, encrypted: flags & 1 != 0, method: short(&fixed, 8), size, unpacked })
    }
}

/// The number of members, and sums over their offsets and methods. Those of the directory must be the same; its offsets may
/// count from another place.
#[derive(Default)]
pub(super) struct Tally {
    members: u64,
    starts: u64,
    first: Option<u64>,
    methods: u64,
}

impl Tally {
    pub(super) fn add(&mut self, start: u64, method: u16) {
        self.members += 1;
        self.starts = self.starts.wrapping_add(start);
        self.first = Some(self.first.map_or(start, |first| first.min(start)));
        self.methods += u64::from(method);
    }

    fn matches(&self, other: &Tally) -> bool {
        let from_first =
            |tally: &Tally| tally.starts.wrapping_sub(tally.members.wrapping_mul(tally.first.unwrap_or_default()));
        (self.members, self.methods, from_first(self)) == (other.members, other.methods, from_first(other))
    }
}

/// Reads the directory, which must name the members that were read, and no others.
pub(super) fn check_directory(stream: &mut dyn Stream, members: &Tally) -> io::Result<()> {
    let mut named = Tally::default();
    while stream.peek(ENTRY.len())?.starts_with(ENTRY) {
        let (start, method) = read_entry(stream)?;
        named.add(start, method);
    }
    for (magic, len) in SKIPPED {
        if stream.peek(magic.len())?.starts_with(magic) {
            skip(stream, len as u64)?;
        }
    }
    if !stream.peek(END.len())?.starts_with(END) {
        return Err(broken());
    }
    let fixed: [u8; END_LEN] = read(stream)?;
    skip(stream, short(&fixed, 20).into())?;
    if named.matches(members) { Ok(()) } else { Err(other_members()) }
}

/// The offset and the method of a member, from its entry in the directory.
fn read_entry(stream: &mut dyn Stream) -> io::Result<(u64, u16)> {
    let fixed: [u8; ENTRY_LEN] = read(stream)?;
    skip(stream, short(&fixed, 28).into())?;
    let extra = read_vec(stream, short(&fixed, 30).into())?;
    skip(stream, short(&fixed, 32).into())?;
    let start = match long(&fixed, 42) {
        // It comes after those sizes that are as large.
        u32::MAX => {
            let before = [20, 24].into_iter().filter(|at| long(&fixed, *at) == u32::MAX).count();
            zip64(&extra).and_then(|mut numbers| numbers.nth(before)).ok_or_else(broken)?
        }
        start => start.into(),
    };
    Ok((start, short(&fixed, 10)))
}

/// Skips a stored member of unknown size, to the descriptor with its size.
pub(super) fn skip_to_descriptor(stream: &mut dyn Stream) -> io::Result<()> {
    let start = stream.position();
    loop {
        let bytes = stream.peek(24)?;
        if bytes.len() < 16 {
            return Err(broken());
        }
        match memmem::find(bytes, DESCRIPTOR) {
            Some(at) => stream.consume(at),
            // The last three bytes may begin one.
            None => {
                let skipped = bytes.len() - 3;
                stream.consume(skipped);
                continue;
            }
        }
        let passed = stream.position() - start;
        let bytes = stream.peek(24)?;
        if bytes.len() >= 16 && u64::from(long(bytes, 8)) == passed & u64::from(u32::MAX) {
            return Ok(());
        }
        skip(stream, 1)?;
    }
}

/// Skips the checksum and the sizes after a member: of four or of eight bytes each, after a signature or without one.
pub(super) fn skip_descriptor(stream: &mut dyn Stream) -> io::Result<()> {
    let bytes = stream.peek(28)?;
    let continues =
        |at: &&usize| bytes.get(**at..).is_some_and(|next| [MEMBER, ENTRY].iter().any(|magic| next.starts_with(magic)));
    let lengths: &[usize] = if bytes.starts_with(DESCRIPTOR) { &[16, 24] } else { &[12, 20] };
    let len = *lengths.iter().find(continues).ok_or_else(broken)?;
    stream.consume(len);
    Ok(())
}

/// The numbers of eight bytes each that replace those of 4 GiB or more (section 4.5.3).
fn zip64(mut extra: &[u8]) -> Option<impl Iterator<Item = u64>> {
    loop {
        let (head, rest) = extra.split_at_checked(4)?;
        let (field, next) = rest.split_at_checked(short(head, 2).into())?;
        if head[..2] == [1, 0] {
            return Some(field.chunks_exact(8).filter_map(|number| number.try_into().ok().map(u64::from_le_bytes)));
        }
        extra = next;
    }
}

fn read<const N: usize>(stream: &mut dyn Stream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).map_err(|_| broken())?;
    Ok(bytes)
}

fn read_vec(stream: &mut dyn Stream, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).map_err(|_| broken())?;
    Ok(bytes)
}

fn skip(stream: &mut dyn Stream, len: u64) -> io::Result<()> {
    if stream::skip(stream, len)? { Ok(()) } else { Err(broken()) }
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

pub(super) fn broken() -> io::Error {
    io::Error::other("is a broken zip archive: the rest of it is not unpacked")
}

fn other_members() -> io::Error {
    io::Error::other(
        "is a zip archive whose directory does not name the members that it has: it is not unpacked completely",
    )
}
