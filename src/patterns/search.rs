//! Looking for the traces of several tokens at once, in pieces of whatever length: one automaton for all of them, and a
//! second look where a line is broken.

use std::ops::Range;

use aho_corasick::{AhoCorasick, BuildError, Input, MatchKind};
use memchr::memchr2_iter;
use zeroize::{DefaultIsZeroes, Zeroizing};

use super::Encodings;
use super::likeness::PREFIXES;

/// The traces of some tokens, ready to be looked for. `Debug` shows how many.
pub struct Patterns {
    /// Finds the patterns, and behind them in number, how any token's traces begin.
    automaton: AhoCorasick,
    patterns: Vec<Zeroizing<Vec<u8>>>,
    /// Whether two bytes stand side by side in a pattern, and so may be one before a line break and one after.
    pairs: Zeroizing<Vec<bool>>,
    /// Where they stand, in the order of the pairs: looked up at every line end. Whoever has these has the patterns.
    joints: Zeroizing<Vec<Joint>>,
    longest: usize,
    /// So many bytes of a trace say no more than that it may be a token.
    pub public: usize,
}

/// What a piece holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spans {
    /// Where traces stand, in order, none touching another.
    pub spans: Vec<Range<usize>>,
    /// Where something begins as traces do, and is none of these: it may be another token's.
    pub strangers: Vec<usize>,
}

/// Two bytes side by side in a pattern, between which a line may break.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Joint {
    pair: usize,
    pattern: usize,
    at: usize,
}

impl DefaultIsZeroes for Joint {}

/// The end of a piece that may be the beginning of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Where it begins.
    pub start: usize,
    /// How many bytes of the trace it is, line breaks not counted.
    pub depth: usize,
}

impl Patterns {
    /// The traces of these tokens.
    ///
    /// # Errors
    /// There are more of them than an automaton can hold.
    pub fn of(encodings: &[Encodings]) -> Result<Patterns, BuildError> {
        let copy = |pattern: &[u8]| Zeroizing::new(pattern.to_vec());
        let patterns = encodings.iter().flat_map(Encodings::patterns).map(copy).collect();
        Patterns::new(patterns, encodings.iter().map(Encodings::public).min().unwrap_or_default())
    }

    /// Patterns as they were in another process.
    ///
    /// # Errors
    /// There are more of them than an automaton can hold.
    pub fn new(patterns: Vec<Zeroizing<Vec<u8>>>, public: usize) -> Result<Patterns, BuildError> {
        // With room for all, and sorted in place: no copy is left behind unwiped.
        let mut joints = Zeroizing::new(Vec::with_capacity(patterns.iter().map(|pattern| pattern.len()).sum()));
        let mut pairs = Zeroizing::new(vec![false; 1 << 16]);
        for (pattern, bytes) in patterns.iter().enumerate() {
            for (at, two) in bytes.windows(2).enumerate() {
                let pair = pair_of(two[0], two[1]);
                joints.push(Joint { pair, pattern, at });
                pairs[pair] = true;
            }
        }
        joints.sort_unstable();
        let sought =
            patterns.iter().map(|pattern| pattern.as_slice()).chain(PREFIXES.iter().map(|prefix| prefix.bytes));
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(sought)?;
        let longest = patterns.iter().map(|pattern| pattern.len()).max().unwrap_or_default();
        Ok(Patterns { automaton, patterns, pairs, joints, longest, public })
    }

    /// The patterns themselves.
    pub fn bytes(&self) -> &[Zeroizing<Vec<u8>>] {
        &self.patterns
    }

    /// Looks for traces, and for what may be one of a token that is not known here.
    pub fn search(&self, bytes: &[u8]) -> Spans {
        let mut found = self.search_lines(bytes);
        let before = found.spans.len();
        // A plain loop: where code is built to be small, this is one, and a chain of iterators is five calls a line.
        for at in memchr2_iter(b'\n', b'\r', bytes) {
            // Of several breaks in a row, the last: looking back over all of them from each would take for ever.
            if bytes.get(at + 1).is_some_and(|next| !is_break(*next)) {
                found.spans.extend(self.folded_at(bytes, at));
            }
        }
        if found.spans.len() > before {
            found.spans.sort_by_key(|span| span.start);
            found.spans.dedup_by(|later, earlier| {
                let touches = later.start < earlier.end;
                if touches {
                    earlier.end = earlier.end.max(later.end);
                }
                touches
            });
        }
        found
    }

    /// The same, but for traces that are broken over several lines.
    fn search_lines(&self, bytes: &[u8]) -> Spans {
        let (mut spans, mut strangers, mut from) = (Vec::new(), Vec::new(), 0);
        while let Some(found) = self.automaton.find(Input::new(bytes).range(from..)) {
            if found.pattern().as_usize() < self.patterns.len() {
                spans.push(found.range());
                from = found.end();
            } else {
                strangers.push(found.start());
                // A trace may begin inside.
                from = found.start() + 1;
            }
        }
        Spans { spans, strangers }
    }

    /// The trace that is broken at this line end, behind which a line goes on, if one is.
    fn folded_at(&self, bytes: &[u8], at: usize) -> Option<Range<usize>> {
        let before = bytes[..at].iter().rposition(|byte| !is_break(*byte))?;
        let after = at + 1;
        let pair = pair_of(bytes[before], bytes[after]);
        if !self.pairs[pair] {
            return None;
        }
        let first = self.joints.partition_point(|joint| joint.pair < pair);
        let here = self.joints[first..].iter().take_while(|joint| joint.pair == pair);
        let found = here.filter_map(|joint| around(bytes, before, after, &self.patterns[joint.pattern], joint.at));
        found.max_by_key(|range| range.len())
    }

    /// The longest end that may become a trace.
    pub fn tail(&self, bytes: &[u8]) -> Option<Tail> {
        let first = bytes.len() - bytes.len().min(self.longest);
        let plain = (first..bytes.len()).find_map(|start| {
            let end = &bytes[start..];
            let begins = |pattern: &Zeroizing<Vec<u8>>| pattern.len() > end.len() && pattern.starts_with(end);
            self.patterns.iter().any(begins).then_some(Tail { start, depth: end.len() })
        });
        let folded = self.folded_tail(bytes);
        [plain, folded].into_iter().flatten().min_by_key(|tail| tail.start)
    }

    /// The same, for a trace that is broken over several lines.
    fn folded_tail(&self, bytes: &[u8]) -> Option<Tail> {
        // Every byte on a line of its own, and some to spare: what is broken further apart is not waited for.
        let first = bytes.len() - bytes.len().min(8 * self.longest + 256);
        let window = &bytes[first..];
        if !window.iter().any(|byte| is_break(*byte)) {
            return None;
        }
        let kept: Vec<usize> = (0..window.len()).filter(|at| !is_break(window[*at])).collect();
        let joined = Zeroizing::new(kept.iter().map(|at| window[*at]).collect::<Vec<u8>>());
        (0..joined.len()).find_map(|start| {
            let end = &joined[start..];
            let begins = |pattern: &Zeroizing<Vec<u8>>| pattern.len() > end.len() && pattern.starts_with(end);
            self.patterns.iter().any(begins).then_some(Tail { start: first + kept[start], depth: end.len() })
        })
    }
}

impl std::fmt::Debug for Patterns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Patterns({})", self.patterns.len())
    }
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn pair_of(before: u8, after: u8) -> usize {
    usize::from(before) << 8 | usize::from(after)
}

/// The range of a pattern whose bytes `joint` and `joint + 1` are those at `before` and `after`, with breaks between any.
pub(super) fn around(bytes: &[u8], before: usize, after: usize, pattern: &[u8], joint: usize) -> Option<Range<usize>> {
    let mut wanted = pattern[..=joint].iter().rev();
    let mut next = wanted.next();
    let mut start = before + 1;
    while let Some(byte) = next {
        start = start.checked_sub(1)?;
        match bytes[start] {
            found if found == *byte => next = wanted.next(),
            found if is_break(found) => {}
            _ => return None,
        }
    }
    let mut wanted = pattern[joint + 1..].iter();
    let mut next = wanted.next();
    let mut end = after;
    while let Some(byte) = next {
        match *bytes.get(end)? {
            found if found == *byte => next = wanted.next(),
            found if is_break(found) => {}
            _ => return None,
        }
        end += 1;
    }
    Some(start..end)
}
