//! Arrays whose elements were shuffled before they were compressed: each is searched as it was before, too.

use std::collections::BTreeSet;
use std::io::{self, Read};

use zeroize::Zeroizing;

use super::formats::unshuffle_bytes;

/// The largest array that is put in order, in bytes.
const MAX_ARRAY: usize = 8 << 20;

/// How many sizes of elements are known at most.
const MAX_SIZES: usize = 32;

/// What is known of the arrays in a file.
#[derive(Default)]
pub(super) struct Shuffles {
    /// The sizes of the elements, in bytes.
    elements: BTreeSet<usize>,
    /// Whether something was unpacked, and whether a size was learned after that.
    has_unpacked: bool,
    is_late: bool,
    /// Whether the file is read again, with what is known.
    is_second: bool,
}

impl Shuffles {
    /// A file comes next, or the present one again.
    pub(super) fn begin_file(&mut self) {
        let elements = std::mem::take(&mut self.elements);
        let is_second = std::mem::take(&mut self.is_second);
        *self = Shuffles { elements: if is_second { elements } else { BTreeSet::new() }, ..Shuffles::default() };
    }

    /// Elements of this size were shuffled. `false`: so many sizes are known already that this one is left out.
    pub(super) fn add(&mut self, element: usize) -> bool {
        if self.elements.contains(&element) {
            return true;
        }
        let is_added = self.elements.len() < MAX_SIZES && self.elements.insert(element);
        self.is_late |= is_added && self.has_unpacked;
        is_added
    }

    /// Whether the file is to be read again, since it has sizes behind arrays. If so, what is known is kept for that.
    pub(super) fn read_again(&mut self) -> bool {
        self.is_second = std::mem::take(&mut self.is_late);
        self.is_second
    }

    /// A reader that keeps what it reads, where it may be a shuffled array.
    pub(super) fn reader<'a>(&mut self, source: &'a mut dyn Read) -> ArrayReader<'a> {
        self.has_unpacked = true;
        ArrayReader { source, elements: self.elements.clone(), pieces: Vec::new(), len: 0 }
    }
}

/// Keeps what it reads, up to a limit.
pub(super) struct ArrayReader<'a> {
    source: &'a mut dyn Read,
    elements: BTreeSet<usize>,
    /// What was read, piece by piece: a vector that grows would leave unwiped copies behind.
    pieces: Vec<Zeroizing<Vec<u8>>>,
    len: usize,
}

impl Read for ArrayReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        if !self.elements.is_empty() && read > 0 {
            self.len += read;
            match self.is_too_large() {
                true => self.pieces.clear(),
                false => self.pieces.push(Zeroizing::new(into[..read].to_vec())),
            }
        }
        Ok(read)
    }
}

impl ArrayReader<'_> {
    /// Whether it may be a shuffled array, and more was read than is kept.
    pub(super) fn is_too_large(&self) -> bool {
        self.len > MAX_ARRAY
    }

    /// What was read, in order, for each size of elements that fits.
    pub(super) fn unshuffled(self) -> impl Iterator<Item = Zeroizing<Vec<u8>>> + use<> {
        let len = self.pieces.iter().map(|piece| piece.len()).sum();
        let mut array = Zeroizing::new(Vec::with_capacity(len));
        self.pieces.iter().for_each(|piece| array.extend_from_slice(piece));
        let fitting = self.elements.into_iter().filter(move |element| 2 * element <= len);
        fitting.map(move |element| unshuffle_bytes(&array, element))
    }
}
