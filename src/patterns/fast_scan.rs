//! The search of files: at the speed of memory, for tokens in every encoding and for text that looks like one.
//!
//! Each pattern contains two short anchors. One automaton looks for all anchors at once, and only where it finds one is the
//! pattern compared. The anchors that all tokens have in common also lead to text that looks like a token.

use std::ops::Range;

use aho_corasick::{AhoCorasick, Input, MatchKind};
use zeroize::Zeroizing;

use super::encodings::{Encoding, Encodings};
use super::line_breaks::match_around;
use super::token_like::{self, PREFIXES};

/// The length of a pattern's second anchor.
const ANCHOR: usize = 6;

/// Where the second anchor begins: after the first, which includes what all tokens begin with. A line break in one anchor
/// leaves the other one whole.
const SECOND_ANCHOR: usize = 8;

/// How many bytes around a place decide whether it looks like a token.
const CONTEXT: usize = 160;

/// A scanner for some tokens and for text that looks like a token. `Debug` shows the number of patterns.
pub struct FastScan {
    automaton: AhoCorasick,
    patterns: Vec<Pattern>,
    longest: usize,
}

struct Pattern {
    bytes: Zeroizing<Vec<u8>>,
    encoding: Encoding,
    token: usize,
}

/// A token, or text that looks like one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Its place.
    pub range: Range<usize>,
    /// How it is written down.
    pub encoding: Encoding,
    /// The index of the token among those that were given; `None`: it looks like a token.
    pub token: Option<usize>,
}

impl FastScan {
    /// A scanner for these tokens, and for text that looks like a token.
    ///
    /// # Errors
    /// There are more patterns than an automaton can hold.
    pub fn of(encodings: &[Encodings]) -> Result<FastScan, aho_corasick::BuildError> {
        let of_token = |(token, encodings): (usize, &Encodings)| {
            let copy =
                |(encoding, bytes): (Encoding, &Zeroizing<Vec<u8>>)| Pattern { bytes: bytes.clone(), encoding, token };
            encodings.patterns().map(copy).collect::<Vec<_>>()
        };
        let patterns: Vec<Pattern> = encodings.iter().enumerate().flat_map(of_token).collect();
        let mut anchors: Vec<&[u8]> = PREFIXES.iter().map(|prefix| prefix.bytes).collect();
        for anchor in patterns.iter().flat_map(|pattern| pattern.anchors().map(|at| pattern.anchor(at))) {
            // An anchor that begins with another one is found with it.
            if !anchors.iter().any(|known| anchor.starts_with(known)) {
                anchors.push(anchor);
            }
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&anchors)?;
        let longest = patterns.iter().map(|pattern| pattern.bytes.len()).max().unwrap_or_default();
        Ok(FastScan { automaton, patterns, longest })
    }

    /// A match that begins fewer bytes than this before the end of a piece may continue in the next piece.
    pub fn lookahead(&self) -> usize {
        // Twice the longest pattern leaves space for line breaks.
        2 * self.longest + CONTEXT
    }

    /// Every match, in order and without overlaps. A token may be wrapped into lines of at least sixteen bytes.
    pub fn find(&self, bytes: &[u8]) -> Vec<Match> {
        let mut matches = Vec::new();
        let mut from = 0;
        while let Some(anchor) = self.automaton.find(Input::new(bytes).range(from..)) {
            matches.extend(self.match_at(bytes, anchor.start()));
            from = anchor.start() + 1;
        }
        without_overlaps(matches)
    }

    /// The text with each match replaced by an ellipsis; for names that are shown.
    pub fn mask(&self, bytes: &[u8]) -> String {
        let (mut text, mut from) = (String::new(), 0);
        for found in self.find(bytes) {
            text.push_str(&String::from_utf8_lossy(&bytes[from..found.range.start]));
            text.push('…');
            from = found.range.end;
        }
        text + &String::from_utf8_lossy(&bytes[from..])
    }

    /// The match that an anchor at this place belongs to: the longest pattern, or text that looks like a token.
    fn match_at(&self, bytes: &[u8], place: usize) -> Option<Match> {
        let compare = |pattern: &Pattern| {
            let around = |anchor| match_around(bytes, place, place + 1, &pattern.bytes, anchor);
            let range = pattern.anchors().into_iter().find_map(around)?;
            Some(Match { range, encoding: pattern.encoding, token: Some(pattern.token) })
        };
        let longest = self.patterns.iter().filter_map(compare).max_by_key(|found| found.range.len());
        longest.or_else(|| {
            token_like::match_at(bytes, place).map(|(range, encoding)| Match { range, encoding, token: None })
        })
    }
}

impl Pattern {
    /// Where its anchors begin.
    fn anchors(&self) -> [usize; 2] {
        [0, SECOND_ANCHOR.min(self.bytes.len() / 2)]
    }

    fn anchor(&self, start: usize) -> &[u8] {
        // The first one is long enough to begin with what all tokens begin with.
        let end = if start == 0 { SECOND_ANCHOR.min(self.bytes.len() / 2) } else { start + ANCHOR };
        &self.bytes[start..end.min(self.bytes.len())]
    }
}

/// Sorts, and resolves overlaps: a token replaces text that looks like one, and overlapping tokens become one match.
fn without_overlaps(mut matches: Vec<Match>) -> Vec<Match> {
    matches.sort_by_key(|found| (found.range.start, found.token.is_none()));
    matches.dedup_by(|later, earlier| {
        let overlaps = later.range.start < earlier.range.end;
        if overlaps && earlier.token.is_none() && later.token.is_some() {
            *earlier = later.clone();
        } else if overlaps && later.token.is_some() {
            earlier.range.end = earlier.range.end.max(later.range.end);
        }
        overlaps
    });
    matches
}

impl std::fmt::Debug for FastScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FastScan({})", self.patterns.len())
    }
}
