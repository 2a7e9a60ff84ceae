//! The search of a stream for several tokens at once, in pieces of any length: one automaton for all patterns, and a second
//! comparison at each line break, since a token may be wrapped.

use std::ops::Range;

use aho_corasick::BuildError;
use memchr::memchr2_iter;
use zeroize::{DefaultIsZeroes, Zeroizing};

use super::automaton::Automaton;
use super::encodings::Encodings;
use super::line_breaks::{is_break, match_around};
use super::token_like::PREFIXES;

/// The patterns of some tokens, ready to be searched for. `Debug` shows how many.
pub struct Matcher {
    /// Finds the patterns and, with the numbers after theirs, the prefixes of any token.
    automaton: Automaton,
    patterns: Vec<Zeroizing<Vec<u8>>>,
    /// For every pair of bytes, whether a pattern contains it, so that a line may break between the two.
    is_pair: Zeroizing<Vec<bool>>,
    /// The places of these pairs, sorted by pair: looked up at every line break. They reveal the patterns, so they are wiped.
    pairs: Zeroizing<Vec<PairPlace>>,
    longest: usize,
    /// How many bytes at the beginning of a pattern are common to all tokens, and so reveal none.
    pub common_prefix: usize,
}

/// The matches in a piece of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matches {
    /// The places of tokens, in order and without overlaps.
    pub ranges: Vec<Range<usize>>,
    /// Where text begins as every token does, but is none of these tokens: it may be another one.
    pub candidates: Vec<usize>,
}

/// Where a pattern contains a pair of bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct PairPlace {
    pair: usize,
    pattern: usize,
    at: usize,
}

impl DefaultIsZeroes for PairPlace {}

/// The end of a piece that may be the beginning of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartialMatch {
    /// Where it begins.
    pub start: usize,
    /// How many bytes of the pattern it has, not counting line breaks.
    pub len: usize,
}

impl Matcher {
    /// A matcher for these tokens.
    ///
    /// # Errors
    /// There are more patterns than an automaton can hold.
    pub fn of(encodings: &[Encodings]) -> Result<Matcher, BuildError> {
        let patterns = encodings.iter().flat_map(Encodings::patterns).map(|(_, pattern)| pattern.clone()).collect();
        Matcher::new(patterns, encodings.iter().map(Encodings::common_prefix).min().unwrap_or_default())
    }

    /// A matcher for the patterns of another process's matcher.
    ///
    /// # Errors
    /// There are more patterns than an automaton can hold.
    pub fn new(patterns: Vec<Zeroizing<Vec<u8>>>, common_prefix: usize) -> Result<Matcher, BuildError> {
        // Allocated once and sorted in place: no copy stays behind unwiped.
        let mut pairs = Zeroizing::new(Vec::with_capacity(patterns.iter().map(|pattern| pattern.len()).sum()));
        let mut is_pair = Zeroizing::new(vec![false; 1 << 16]);
        for (pattern, bytes) in patterns.iter().enumerate() {
            for (at, two) in bytes.windows(2).enumerate() {
                let pair = pair_of(two[0], two[1]);
                pairs.push(PairPlace { pair, pattern, at });
                is_pair[pair] = true;
            }
        }
        pairs.sort_unstable();
        let prefixes = PREFIXES.iter().map(|prefix| prefix.bytes);
        let all = patterns.iter().map(|pattern| pattern.as_slice()).chain(prefixes);
        let automaton = Automaton::new(all)?;
        let longest = patterns.iter().map(|pattern| pattern.len()).max().unwrap_or_default();
        Ok(Matcher { automaton, patterns, is_pair, pairs, longest, common_prefix })
    }

    /// The patterns, for a matcher in another process.
    pub fn all_patterns(&self) -> &[Zeroizing<Vec<u8>>] {
        &self.patterns
    }

    /// The matches in a piece.
    pub fn search(&self, bytes: &[u8]) -> Matches {
        let mut found = self.search_unwrapped(bytes);
        let before = found.ranges.len();
        // A plain loop: in code that is optimised for size, a chain of iterators would make five calls for each line.
        for at in memchr2_iter(b'\n', b'\r', bytes) {
            // Only the last of several breaks: to look back over all of them from each would take quadratic time.
            if bytes.get(at + 1).is_some_and(|next| !is_break(*next)) {
                found.ranges.extend(self.wrapped_at(bytes, at));
            }
        }
        if found.ranges.len() > before {
            found.ranges.sort_by_key(|range| range.start);
            found.ranges.dedup_by(|later, earlier| {
                let overlaps = later.start < earlier.end;
                if overlaps {
                    earlier.end = earlier.end.max(later.end);
                }
                overlaps
            });
        }
        found
    }

    /// The matches that have no line break inside.
    fn search_unwrapped(&self, bytes: &[u8]) -> Matches {
        let (mut ranges, mut candidates, mut from) = (Vec::new(), Vec::new(), 0);
        while let Some(found) = self.automaton.find(bytes, from) {
            if found.pattern().as_usize() < self.patterns.len() {
                ranges.push(found.range());
                from = found.end();
            } else {
                candidates.push(found.start());
                // A token may begin inside the candidate.
                from = found.start() + 1;
            }
        }
        Matches { ranges, candidates }
    }

    /// The longest match that contains the line break at `at`, which text follows.
    fn wrapped_at(&self, bytes: &[u8], at: usize) -> Option<Range<usize>> {
        let before = bytes[..at].iter().rposition(|byte| !is_break(*byte))?;
        let after = at + 1;
        let pair = pair_of(bytes[before], bytes[after]);
        if !self.is_pair[pair] {
            return None;
        }
        let first = self.pairs.partition_point(|place| place.pair < pair);
        let here = self.pairs[first..].iter().take_while(|place| place.pair == pair);
        let found =
            here.filter_map(|place| match_around(bytes, before, after, &self.patterns[place.pattern], place.at));
        found.max_by_key(|range| range.len())
    }

    /// The longest end of a piece that may be the beginning of a token.
    pub fn partial_match(&self, bytes: &[u8]) -> Option<PartialMatch> {
        let first = bytes.len() - bytes.len().min(self.longest);
        let unwrapped = (first..bytes.len())
            .find(|start| self.begins_pattern(&bytes[*start..]))
            .map(|start| PartialMatch { start, len: bytes.len() - start });
        let wrapped = self.wrapped_partial_match(bytes);
        [unwrapped, wrapped].into_iter().flatten().min_by_key(|found| found.start)
    }

    /// The same, for a token that is wrapped over several lines.
    fn wrapped_partial_match(&self, bytes: &[u8]) -> Option<PartialMatch> {
        // Long enough for every byte on a line of its own. More distant bytes are not considered.
        let first = bytes.len() - bytes.len().min(8 * self.longest + 256);
        let window = &bytes[first..];
        if !window.iter().any(|byte| is_break(*byte)) {
            return None;
        }
        let kept: Vec<usize> = (0..window.len()).filter(|at| !is_break(window[*at])).collect();
        let joined = Zeroizing::new(kept.iter().map(|at| window[*at]).collect::<Vec<u8>>());
        let start = (0..joined.len()).find(|start| self.begins_pattern(&joined[*start..]))?;
        Some(PartialMatch { start: first + kept[start], len: joined.len() - start })
    }

    /// Whether a pattern begins with these bytes and continues.
    fn begins_pattern(&self, bytes: &[u8]) -> bool {
        self.patterns.iter().any(|pattern| pattern.len() > bytes.len() && pattern.starts_with(bytes))
    }
}

impl std::fmt::Debug for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Matcher({})", self.patterns.len())
    }
}

fn pair_of(before: u8, after: u8) -> usize {
    usize::from(before) << 8 | usize::from(after)
}
