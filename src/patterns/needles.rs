//! Looking for traces in what is large. Every trace holds one of a few short needles, which are looked for at the speed of
//! memory, all at once; only where one stands is looked closer. The needles that every token's traces begin with lead to
//! tokens that nobody here knows, too.

use std::ops::Range;

use aho_corasick::{AhoCorasick, Input, MatchKind};
use zeroize::Zeroizing;

use super::likeness::{self, PREFIXES};
use super::search::around;
use super::{Encodings, Kind};

/// So many bytes of a trace are a needle.
const NEEDLE: usize = 6;

/// Where the second needle of a trace begins: behind the first and whatever every token's traces begin with. A line that
/// breaks in one of the two leaves the other whole.
const SECOND: usize = 8;

/// So many bytes around a place are looked at to tell whether it is a token that nobody knows.
const CONTEXT: usize = 160;

/// The traces of some tokens, and what tokens look like. `Debug` shows how many.
pub struct Needles {
    automaton: AhoCorasick,
    patterns: Vec<Pattern>,
    longest: usize,
}

struct Pattern {
    bytes: Zeroizing<Vec<u8>>,
    kind: Kind,
    token: usize,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it stands.
    pub range: Range<usize>,
    /// How it is written down.
    pub kind: Kind,
    /// Whose trace it is, by its place among those that were given; `None`: it has a token's shape.
    pub token: Option<usize>,
}

impl Needles {
    /// For the traces of these tokens, and for whatever has a token's shape.
    ///
    /// # Errors
    /// There are more of them than an automaton can hold.
    pub fn of(encodings: &[Encodings]) -> Result<Needles, aho_corasick::BuildError> {
        let of_one = |(token, encodings): (usize, &Encodings)| {
            let copy =
                |(kind, bytes): &(Kind, Zeroizing<Vec<u8>>)| Pattern { bytes: bytes.clone(), kind: *kind, token };
            encodings.patterns.iter().map(copy).collect::<Vec<_>>()
        };
        let patterns: Vec<Pattern> = encodings.iter().enumerate().flat_map(of_one).collect();
        let mut needles: Vec<&[u8]> = PREFIXES.iter().map(|prefix| prefix.bytes).collect();
        for needle in patterns.iter().flat_map(|pattern| pattern.anchors().map(|at| pattern.needle(at))) {
            // One that is there leads here as well.
            if !needles.iter().any(|known| needle.starts_with(known)) {
                needles.push(needle);
            }
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&needles)?;
        let longest = patterns.iter().map(|pattern| pattern.bytes.len()).max().unwrap_or_default();
        Ok(Needles { automaton, patterns, longest })
    }

    /// Whatever begins so many bytes before the end of a piece may not be whole in it.
    pub fn reach(&self) -> usize {
        // With room for line breaks.
        2 * self.longest + CONTEXT
    }

    /// Traces, and what looks like a token, in order and apart from each other. A trace may be broken into lines of at least
    /// sixteen bytes.
    pub fn find(&self, bytes: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(needle) = self.automaton.find(Input::new(bytes).range(from..)) {
            found.extend(self.at(bytes, needle.start()));
            from = needle.start() + 1;
        }
        apart(found)
    }

    /// The same text with every trace and everything that looks like a token replaced; for names that are shown.
    pub fn mask(&self, bytes: &[u8]) -> String {
        let (mut text, mut from) = (String::new(), 0);
        for found in self.find(bytes) {
            text.push_str(&String::from_utf8_lossy(&bytes[from..found.range.start]));
            text.push('…');
            from = found.range.end;
        }
        text + &String::from_utf8_lossy(&bytes[from..])
    }

    /// What a needle at this place belongs to: the longest trace, or what has a token's shape.
    fn at(&self, bytes: &[u8], place: usize) -> Option<Found> {
        let trace = |pattern: &Pattern| {
            let around = |anchor| around(bytes, place, place + 1, &pattern.bytes, anchor);
            let range = pattern.anchors().into_iter().find_map(around)?;
            Some(Found { range, kind: pattern.kind, token: Some(pattern.token) })
        };
        let longest = self.patterns.iter().filter_map(trace).max_by_key(|found| found.range.len());
        longest.or_else(|| likeness::at(bytes, place).map(|(range, kind)| Found { range, kind, token: None }))
    }
}

impl Pattern {
    /// Where needles are taken from.
    fn anchors(&self) -> [usize; 2] {
        [0, SECOND.min(self.bytes.len() / 2)]
    }

    fn needle(&self, anchor: usize) -> &[u8] {
        // The prefixes of all tokens are longer than a needle, and are to be known again.
        let end = if anchor == 0 { SECOND.min(self.bytes.len() / 2) } else { anchor + NEEDLE };
        &self.bytes[anchor..end.min(self.bytes.len())]
    }
}

/// In order, none touching another: a trace takes the place of a likeness, and the longer that of the shorter.
fn apart(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| (found.range.start, found.token.is_none()));
    found.dedup_by(|later, earlier| {
        let touches = later.range.start < earlier.range.end;
        if touches && earlier.token.is_none() && later.token.is_some() {
            *earlier = later.clone();
        } else if touches && later.token.is_some() {
            earlier.range.end = earlier.range.end.max(later.range.end);
        }
        touches
    });
    found
}

impl std::fmt::Debug for Needles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Needles({})", self.patterns.len())
    }
}
