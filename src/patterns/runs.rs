//! The search for runs: stretches of a decoded text that are part of what a token is written as.
//!
//! An index has every gram of eight bytes of every pattern. Where the text has one, the run is extended as far as it goes.

use std::ops::Range;

use memchr::memmem;
use zeroize::{DefaultIsZeroes, Zeroizing};

use super::encodings::Pattern;

/// The length of an indexed gram, and so of the shortest run.
pub(super) const GRAM: usize = 8;

/// A bitmap of 16 KiB tells most grams that no pattern has.
const BITS: u32 = 17;

/// The most places of one gram that are compared: only a token that repeats itself has several.
const MAX_PLACES: usize = 64;

/// How every token begins: its pairs are those of patterns, so that text that looks like a token is likely to be one.
const PREFIXES: [&[u8]; 2] = [b"cop_", b"COP_"];

/// The index of some patterns. Wiped when dropped.
pub(super) struct RunIndex {
    known: Zeroizing<Vec<u64>>,
    /// Every gram of every pattern, in order.
    places: Zeroizing<Vec<Place>>,
    /// For every pair of bytes, whether a pattern has it.
    pairs: Zeroizing<Vec<u64>>,
    /// For every byte, whether a pattern has it, and goes on behind it.
    inner: Zeroizing<Vec<bool>>,
    /// At how many places in a row one gram at least of every run that counts begins.
    stride: usize,
}

/// Where a pattern has a gram.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    gram: u64,
    pattern: u32,
    at: u32,
}

impl DefaultIsZeroes for Place {}

/// A stretch of a text that is a stretch of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The stretch of the text.
    pub(super) range: Range<usize>,
    /// The number of the pattern.
    pub(super) pattern: usize,
    /// Where in the pattern it begins.
    pub(super) at: usize,
}

/// The end of a text that may be part of a pattern, which goes on behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenRun {
    /// The stretch of the text.
    pub(super) range: Range<usize>,
    /// Whether it ends in the beginning of a pattern.
    pub(super) is_beginning: bool,
}

impl RunIndex {
    pub(super) fn new(patterns: &[Pattern]) -> RunIndex {
        // Allocated once and sorted in place: no copy stays behind unwiped.
        let mut places = Zeroizing::new(Vec::with_capacity(patterns.iter().map(|pattern| pattern.bytes.len()).sum()));
        let mut index = RunIndex {
            known: Zeroizing::new(vec![0; 1 << (BITS - 6)]),
            places: Zeroizing::default(),
            pairs: Zeroizing::new(vec![0; 1 << 10]),
            stride: 1,
            inner: Zeroizing::default(),
        };
        for (number, pattern) in patterns.iter().enumerate() {
            for (at, gram) in pattern.bytes.windows(GRAM).enumerate() {
                let gram = gram_of(gram);
                let hash = hash(gram);
                index.known[hash / 64] |= 1 << (hash % 64);
                places.push(Place { gram, pattern: number as u32, at: at as u32 });
            }
            for pair in pattern.bytes.windows(2) {
                let pair = pair_of(pair);
                index.pairs[pair / 64] |= 1 << (pair % 64);
            }
        }
        for pair in PREFIXES.iter().flat_map(|prefix| prefix.windows(2)) {
            let pair = pair_of(pair);
            index.pairs[pair / 64] |= 1 << (pair % 64);
        }
        places.sort_unstable();
        index.places = places;
        index.inner = Zeroizing::new((0..=u8::MAX).map(|byte| is_inside(patterns, &[byte])).collect());
        let shortest = patterns.iter().map(Pattern::min_stretch).min().unwrap_or(GRAM);
        index.stride = (shortest + 1).saturating_sub(GRAM).max(1);
        index
    }

    /// The runs in a text, in order: at each place the longest one.
    pub(super) fn runs(&self, text: &[u8], patterns: &[Pattern]) -> Vec<Run> {
        let (mut runs, mut at) = (Vec::new(), 0);
        while let Some(gram) = text.get(at..at + GRAM) {
            match self.run_at(text, at, gram_of(gram), patterns) {
                None => at += self.stride,
                Some(run) => {
                    // A run of another pattern may begin inside this one, if it goes on behind it.
                    at = (run.range.end + 1).saturating_sub(GRAM).max(at + 1);
                    runs.push(run);
                }
            }
        }
        runs
    }

    /// The longest run around a place.
    fn run_at(&self, text: &[u8], at: usize, gram: u64, patterns: &[Pattern]) -> Option<Run> {
        let hash = hash(gram);
        if self.known[hash / 64] >> (hash % 64) & 1 == 0 {
            return None;
        }
        let same = |(one, other): &(&u8, &u8)| one == other;
        let extended = self.places_of(gram).map(|place| {
            let (before, after) = patterns[place.pattern as usize].bytes.split_at(place.at as usize);
            let len = after.iter().zip(&text[at..]).take_while(same).count();
            let back = before.iter().rev().zip(text[..at].iter().rev()).take_while(same).count();
            Run { range: at - back..at + len, pattern: place.pattern as usize, at: place.at as usize - back }
        });
        extended.max_by_key(|run| run.range.len())
    }

    /// Whether some pattern has this byte, and goes on behind it.
    fn has(&self, byte: u8) -> bool {
        self.inner[usize::from(byte)]
    }

    /// Whether some pattern has these two bytes in a row.
    pub(super) fn has_pair(&self, pair: [u8; 2]) -> bool {
        let pair = pair_of(&pair);
        self.pairs[pair / 64] >> (pair % 64) & 1 != 0
    }

    fn places_of(&self, gram: u64) -> impl Iterator<Item = &Place> {
        let first = self.places.partition_point(|place| place.gram < gram);
        self.places[first..].iter().take(MAX_PLACES).take_while(move |place| place.gram == gram)
    }

    /// The longest end of a text that is a stretch of a pattern, but not to the pattern's end: it may go on.
    pub(super) fn last_run(&self, text: &[u8], patterns: &[Pattern]) -> Option<OpenRun> {
        let len = self.long_last_run(text, patterns).or_else(|| self.short_last_run(text, patterns))?;
        let begins = |len: usize| {
            let last = &text[text.len() - len..];
            patterns.iter().any(|pattern| pattern.bytes.len() > len && pattern.bytes.starts_with(last))
        };
        let is_beginning = (1..=len).any(begins);
        Some(OpenRun { range: text.len() - len..text.len(), is_beginning })
    }

    /// The length of the longest such end that has an indexed gram.
    fn long_last_run(&self, text: &[u8], patterns: &[Pattern]) -> Option<usize> {
        let last = text.len().checked_sub(GRAM)?;
        let open = self.places_of(gram_of(&text[last..])).filter_map(|place| {
            let pattern = &patterns[place.pattern as usize].bytes;
            let before = pattern[..place.at as usize].iter().rev().zip(text[..last].iter().rev());
            let is_open = place.at as usize + GRAM < pattern.len();
            is_open.then(|| GRAM + before.take_while(|(one, other)| one == other).count())
        });
        open.max()
    }

    /// The length of the longest one that is shorter than an indexed gram.
    fn short_last_run(&self, text: &[u8], patterns: &[Pattern]) -> Option<usize> {
        let is_open = |len: &usize| {
            let last = &text[text.len() - len..];
            match last {
                [byte] => self.has(*byte),
                [one, other, ..] => self.has_pair([*one, *other]) && is_inside(patterns, last),
                [] => false,
            }
        };
        (1..GRAM.min(text.len() + 1)).take_while(is_open).last()
    }
}

/// Whether a pattern has a text, and goes on behind it.
fn is_inside(patterns: &[Pattern], text: &[u8]) -> bool {
    patterns.iter().any(|pattern| memmem::find(&pattern.bytes[..pattern.bytes.len() - 1], text).is_some())
}

fn gram_of(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |gram| u64::from_le_bytes(*gram))
}

fn pair_of(pair: &[u8]) -> usize {
    usize::from(pair[0]) << 8 | usize::from(pair[1])
}

fn hash(gram: u64) -> usize {
    (gram.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - BITS)) as usize
}
