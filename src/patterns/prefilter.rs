//! The first look at a text: at the speed of memory, it tells the places near which a token may be written down.
//!
//! Every text that a token may be written as is cut into grams of four bytes, kept in a Bloom filter, and of seven bytes, kept
//! in a table. A search looks at every fourth place only: in any seven bytes of such a text, a gram of four begins at one
//! of them, and the gram of seven contains it.

use zeroize::{Zeroize, Zeroizing};

use super::decode::Decoders;

/// Each filter has 128 KiB, so that it stays in the caches that are next to the processor.
const WORDS: usize = 1 << WORD_BITS;
const WORD_BITS: u32 = 14;

/// How many samples are looked at together.
const BLOCK: usize = 8;

/// The length of a sampled gram.
const GRAM: usize = 4;

/// The length of a gram that confirms it.
const LONG_GRAM: usize = 7;

/// How many slots of the table each gram has, so that most places of the table are free.
const SLOTS_PER_GRAM: usize = 2;

/// What texts a search looks for. Wiped when dropped, since grams reveal tokens.
pub(super) struct Prefilter {
    sampled: Filter,
    /// The same with another hash, for what the first filter lets through.
    checked: Filter,
    /// Grams of seven bytes with the decoders that read them, hashed, with open addressing. 0 is a free slot.
    table: Zeroizing<Vec<u64>>,
    filled: usize,
}

impl Prefilter {
    pub(super) fn new() -> Prefilter {
        let (sampled, checked) = (Filter::new(0x9e37_79b9_7f4a_7c15), Filter::new(0xc2b2_ae3d_27d4_eb4f));
        Prefilter { sampled, checked, table: Zeroizing::new(vec![0; 1 << 14]), filled: 0 }
    }

    /// Adds a text that is looked for, of at least seven bytes, and what reads it.
    pub(super) fn add(&mut self, text: &[u8], decoders: Decoders) {
        text.windows(GRAM).for_each(|gram| self.add_sample(gram));
        let is_strong = |gram: &&[u8]| gram.iter().filter(|byte| **byte != 0).count() > 1;
        for gram in text.windows(LONG_GRAM).filter(is_strong) {
            if self.filled * SLOTS_PER_GRAM >= self.table.len() {
                self.grow();
            }
            self.insert(key_of(gram), decoders.bits());
        }
    }

    /// Adds a gram of four bytes whose place is checked by the caller.
    pub(super) fn add_sample(&mut self, gram: &[u8]) {
        if let Ok(gram) = gram.try_into() {
            self.sampled.add(gram);
            self.checked.add(gram);
        }
    }

    fn insert(&mut self, key: u64, decoders: u8) {
        let slot = self.slot(key);
        self.filled += usize::from(self.table[slot] == 0);
        self.table[slot] |= key | u64::from(decoders);
    }

    /// The slot that has a key, or the free one where it belongs.
    fn slot(&self, key: u64) -> usize {
        // The length is a power of two.
        let mask = self.table.len() - 1;
        let mut slot = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        while self.table[slot] != 0 && self.table[slot] & !0xff != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let len = 2 * self.table.len();
        let before = std::mem::replace(&mut self.table, Zeroizing::new(vec![0; len]));
        self.filled = 0;
        for entry in before.iter().filter(|entry| **entry != 0) {
            self.insert(entry & !0xff, entry.to_le_bytes()[0]);
        }
    }

    /// Calls `found` with every sampled place whose gram is known, in order; with a few others too.
    pub(super) fn samples(&self, bytes: &[u8], mut found: impl FnMut(usize)) {
        let mut check = |gram: [u8; GRAM], at: usize| {
            if self.sampled.has(gram) & 1 != 0 && self.checked.has(gram) & 1 != 0 {
                found(at);
            }
        };
        let (blocks, rest) = bytes.as_chunks::<{ BLOCK * GRAM }>();
        for (index, block) in blocks.iter().enumerate() {
            let (grams, _) = block.as_chunks::<GRAM>();
            let known = grams.iter().fold(0, |known, gram| known | self.sampled.has(*gram));
            if known & 1 != 0 {
                grams.iter().enumerate().for_each(|(at, gram)| check(*gram, (index * BLOCK + at) * GRAM));
            }
        }
        let grams = rest.as_chunks::<GRAM>().0.iter().enumerate();
        grams.for_each(|(at, gram)| check(*gram, (blocks.len() * BLOCK + at) * GRAM));
    }

    /// What reads the known grams that contain the sample at this place.
    pub(super) fn decoders_at(&self, bytes: &[u8], sample: usize) -> Decoders {
        let first = sample.saturating_sub(LONG_GRAM - GRAM);
        let bits = match bytes.get(first..first + 16).and_then(|around| around.first_chunk::<16>()) {
            Some(around) => {
                let around = u128::from_le_bytes(*around);
                (0..=LONG_GRAM - GRAM).fold(0, |bits, at| bits | self.known(((around >> (8 * at)) as u64) << 8))
            }
            None => {
                let around = &bytes[first..bytes.len().min(sample + LONG_GRAM)];
                around.windows(LONG_GRAM).fold(0, |bits, gram| bits | self.known(key_of(gram)))
            }
        };
        Decoders::from_bits(bits)
    }

    fn known(&self, key: u64) -> u8 {
        self.table[self.slot(key)].to_le_bytes()[0]
    }
}

/// A Bloom filter of grams, each with two bits in one word, so that one access tells. Wiped when dropped.
struct Filter {
    words: Box<[u64; WORDS]>,
    /// Multiplicative hashing: the highest bits of the product depend on all bits of the gram.
    factor: u64,
}

impl Filter {
    fn new(factor: u64) -> Filter {
        // Not on the stack, which may be shorter.
        let words = vec![0; WORDS].into_boxed_slice().try_into();
        Filter { words: words.unwrap_or_else(|_| unreachable!("the slice has as many words as the array")), factor }
    }

    fn add(&mut self, gram: [u8; GRAM]) {
        let hash = self.hash(gram);
        self.words[word_of(hash)] |= 1 << first_bit(hash) | 1 << second_bit(hash);
    }

    /// Whether a gram was added, as the lowest bit of a word whose other bits mean nothing. Another one may seem to be.
    fn has(&self, gram: [u8; GRAM]) -> u64 {
        let hash = self.hash(gram);
        let word = self.words[word_of(hash)];
        word >> first_bit(hash) & word >> second_bit(hash)
    }

    fn hash(&self, gram: [u8; GRAM]) -> u64 {
        u64::from(u32::from_le_bytes(gram)).wrapping_mul(self.factor)
    }
}

fn word_of(hash: u64) -> usize {
    (hash >> (u64::BITS - WORD_BITS)) as usize
}

fn first_bit(hash: u64) -> u64 {
    hash >> 44 & 63
}

fn second_bit(hash: u64) -> u64 {
    hash >> 38 & 63
}

impl Drop for Filter {
    fn drop(&mut self) {
        self.words.zeroize();
    }
}

/// The gram in the upper bytes of a word.
fn key_of(gram: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes[1..].copy_from_slice(&gram[..LONG_GRAM]);
    u64::from_le_bytes(bytes)
}
