//! The filters of an HDF5 dataset (HDF5 File Format Specification, section IV.A.2.l): a shuffle before a compression is undone.
//!
//! The compressed chunks of a dataset are found without a reader of HDF5, as streams anywhere are. What filters they went
//! through stands in the header of the dataset.

use std::io;

use super::embedded::{Embedded, Start};
use super::format::Visitor;
use super::shuffle::MIN_ELEMENT;
use super::stream::Stream;

/// The longest element, in bytes.
const MAX_ELEMENT: usize = 1 << 22;

/// The number of the shuffle, its flags, and the number of its parameters: in version 1 with the length of its name and its name,
/// in version 2 without.
const SHUFFLE: [u8; 2] = [2, 0];
/// A message of 12 bytes with one filter alone, in version 2; one byte of flags stands between these two.
const MESSAGE: [u8; 3] = [0x0b, 12, 0];
const ALONE: [u8; 4] = [2, 1, 2, 0];

/// The library marks a shuffle as one that may be left out.
const OPTIONAL: [u8; 2] = [1, 0];
const NAME_LENGTH: [u8; 2] = [8, 0];
const ONE_PARAMETER: [u8; 2] = [1, 0];
const NAME: &[u8] = b"shuffle\0";

/// Filters by their numbers: those that write streams which are found anywhere, and others that may follow a shuffle.
const STREAMS: [u16; 3] = [1, 307, 32015];
const OTHERS: [(u16, &str); 7] = [
    (3, "no compression"),
    (4, "szip"),
    (32000, "lzf"),
    (32001, "Blosc"),
    (32004, "lz4"),
    (32008, "bitshuffle"),
    (32026, "Blosc 2"),
];

const STARTS: [Start; 3] = [Start::new(&[2, 0, 8, 0]), Start::new(&[2, 0, 1, 0]), Start::new(&MESSAGE)];

pub(super) const EMBEDDED: Embedded =
    Embedded::certain("HDF5 filters", &STARTS, |bytes| Shuffle::parse(bytes).is_some(), read);

/// A shuffle, and the number of the filter behind it.
struct Shuffle {
    element: usize,
    next: u16,
    /// Whether it is one for certain, even if the filter is not known: it has its name, or it is alone.
    is_certain: bool,
}

impl Shuffle {
    fn parse(bytes: &[u8]) -> Option<Shuffle> {
        if let Some(rest) = bytes.strip_prefix(&MESSAGE) {
            let rest = rest.get(1..)?.strip_prefix(&ALONE)?.strip_prefix(&OPTIONAL)?.strip_prefix(&ONE_PARAMETER)?;
            let element = u32::from_le_bytes(*rest.first_chunk()?) as usize;
            return (1..=MAX_ELEMENT).contains(&element).then_some(Shuffle { element, next: 0, is_certain: true });
        }
        let rest = bytes.strip_prefix(&SHUFFLE)?;
        let (rest, is_version_1) = match rest.strip_prefix(&NAME_LENGTH) {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let rest = rest.strip_prefix(&OPTIONAL)?.strip_prefix(&ONE_PARAMETER)?;
        let rest = if is_version_1 { rest.strip_prefix(NAME)? } else { rest };
        let (element, rest) = rest.split_first_chunk()?;
        // Version 1 pads an odd number of parameters.
        let rest = if is_version_1 { rest.get(4..)? } else { rest };
        let (next, rest) = rest.split_first_chunk()?;
        let next = u16::from_le_bytes(*next);
        let element = u32::from_le_bytes(*element) as usize;
        // In version 2, the flags of a filter of the library follow, or the length of the name of another one.
        let is_filter = matches!(rest, [0 | 1, 0, ..]) || next > 255 && matches!(rest, [1..64, 0, ..]);
        let is_known = STREAMS.contains(&next) || OTHERS.iter().any(|(other, _)| *other == next);
        // The other numbers of the library stand in the tables of many programs.
        let is_known = is_version_1 || is_known && is_filter && (STREAMS.contains(&next) || next > 255);
        ((1..=MAX_ELEMENT).contains(&element) && is_known).then_some(Shuffle {
            element,
            next,
            is_certain: is_version_1,
        })
    }
}

fn read(stream: &mut dyn Stream, _: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    let shuffle = Shuffle::parse(stream.peek(64)?);
    stream.consume(SHUFFLE.len());
    let Some(Shuffle { element, next, is_certain }) = shuffle.filter(|shuffle| shuffle.element >= MIN_ELEMENT) else {
        return Ok(());
    };
    let other = OTHERS.iter().find(|(number, _)| *number == next).map(|(_, name)| *name);
    match other {
        // Blosc shuffles itself as well, and its chunks are found.
        _ if STREAMS.contains(&next) => visitor.shuffled(element),
        Some(name) => visitor.unopened(&format!("has shuffled data of HDF5 with {name}: it is not searched")),
        None if is_certain => visitor.unopened("has shuffled data of HDF5: it is not searched"),
        None => {}
    }
    Ok(())
}
