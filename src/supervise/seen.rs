//! The words in a stream that begin as a token does but match no known token: each is a reason to search the token sources
//! again, once.

use std::hash::{DefaultHasher, Hasher};

use crate::token::{SHORTEST, may_begin_at};

/// The last of these words, as hashes in a table of fixed size. A hash that is overwritten costs one more search.
pub(super) struct SeenWords(Vec<u64>);

impl SeenWords {
    /// The number of hashes kept.
    const CAPACITY: usize = 4096;

    /// The number of bytes of a word that are hashed.
    const LENGTH: usize = 64;

    pub(super) fn new() -> SeenWords {
        SeenWords(vec![0; SeenWords::CAPACITY])
    }

    /// Adds the words of `bytes` that begin at these places; returns whether one of them is new.
    pub(super) fn add_all(&mut self, bytes: &[u8], places: &[usize]) -> bool {
        places.iter().filter(|place| may_begin_at(bytes, **place) && self.add(&bytes[**place..])).count() > 0
    }

    fn add(&mut self, bytes: &[u8]) -> bool {
        let start = &bytes[..bytes.len().min(SeenWords::LENGTH)];
        let word = start.iter().position(|byte| !byte.is_ascii_graphic()).map_or(start, |end| &start[..end]);
        // A complete word this short is no token. One that reaches the end of the piece may go on in the next.
        if word.len() < SHORTEST && word.len() < bytes.len() {
            return false;
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(word);
        let hash = hasher.finish();
        #[expect(clippy::cast_possible_truncation, reason = "any bits of a hash choose a slot")]
        let slot = &mut self.0[hash as usize % SeenWords::CAPACITY];
        std::mem::replace(slot, hash) != hash
    }
}
