//! Masking a stream: every trace of a token is replaced as it passes, wherever the stream is cut into pieces, and not a
//! byte of anything else is touched.
//!
//! A piece that ends in what may be the beginning of a trace is held back from there on. What is held is let go after a
//! while where it says no more than what every token begins with: a prompt that ends in `c` is to be seen.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memchr_iter;
use zeroize::Zeroizing;

use crate::traces::Traces;

/// What stands in the place of a trace.
pub const MASK: &[u8] = b"***";

/// What is looked for, in all streams.
#[derive(Debug)]
pub struct Patterns {
    automaton: AhoCorasick,
    patterns: Vec<Zeroizing<Vec<u8>>>,
    /// Whether two bytes stand side by side in a pattern, and so may be one before a line break and one after.
    pairs: Vec<bool>,
    longest: usize,
    /// So many bytes of a trace say no more than that it may be a token.
    public: usize,
}

/// The end of a piece that may be the beginning of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tail {
    start: usize,
    /// How many bytes of the trace it is, line breaks not counted.
    depth: usize,
}

impl Patterns {
    /// The traces of these tokens.
    ///
    /// # Errors
    /// There are more of them than an automaton can hold.
    pub fn of(traces: &[Traces]) -> Result<Patterns, aho_corasick::BuildError> {
        let copy = |pattern: &[u8]| Zeroizing::new(pattern.to_vec());
        let patterns: Vec<_> = traces.iter().flat_map(Traces::patterns).map(copy).collect();
        let mut pairs = vec![false; 1 << 16];
        for pair in patterns.iter().flat_map(|pattern| pattern.windows(2)) {
            pairs[pair_of(pair[0], pair[1])] = true;
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns)?;
        let longest = patterns.iter().map(|pattern| pattern.len()).max().unwrap_or_default();
        let public = traces.iter().map(Traces::public).min().unwrap_or_default();
        Ok(Patterns { automaton, patterns, pairs, longest, public })
    }

    /// Where traces stand, in order, none touching another.
    fn spans(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> = self.automaton.find_iter(bytes).map(|found| found.range()).collect();
        let folded = memchr_iter(b'\n', bytes).filter_map(|at| self.folded_at(bytes, at));
        let before = spans.len();
        spans.extend(folded);
        if spans.len() > before {
            spans.sort_by_key(|span| span.start);
            spans.dedup_by(|later, earlier| {
                let touches = later.start < earlier.end;
                if touches {
                    earlier.end = earlier.end.max(later.end);
                }
                touches
            });
        }
        spans
    }

    /// The trace that is broken at this line end, if one is.
    fn folded_at(&self, bytes: &[u8], at: usize) -> Option<Range<usize>> {
        let before = bytes[..at].iter().rposition(|byte| !is_break(*byte))?;
        let after = at + 1 + bytes[at + 1..].iter().position(|byte| !is_break(*byte))?;
        if !self.pairs[pair_of(bytes[before], bytes[after])] {
            return None;
        }
        self.patterns.iter().find_map(|pattern| {
            let joints = pattern.windows(2).enumerate().filter(|(_, pair)| *pair == [bytes[before], bytes[after]]);
            joints.filter_map(|(joint, _)| around(bytes, before, after, pattern, joint)).next()
        })
    }

    /// The longest end that may become a trace.
    fn tail(&self, bytes: &[u8]) -> Option<Tail> {
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
        let first = bytes.len() - bytes.len().min(2 * self.longest);
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

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn pair_of(before: u8, after: u8) -> usize {
    usize::from(before) << 8 | usize::from(after)
}

/// The range of a pattern whose bytes `joint` and `joint + 1` are those at `before` and `after`, with breaks between any.
fn around(bytes: &[u8], before: usize, after: usize, pattern: &[u8], joint: usize) -> Option<Range<usize>> {
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

/// One stream that is masked.
#[derive(Debug)]
pub struct Masker<'a> {
    patterns: &'a Patterns,
    /// The end of what came, which may be the beginning of a trace.
    held: Zeroizing<Vec<u8>>,
    /// So many bytes of it have been let go already.
    shown: usize,
    depth: usize,
    /// How many traces were masked.
    pub masked: usize,
}

impl<'a> Masker<'a> {
    /// A stream from its beginning.
    pub fn new(patterns: &'a Patterns) -> Masker<'a> {
        Masker { patterns, held: Zeroizing::new(Vec::new()), shown: 0, depth: 0, masked: 0 }
    }

    /// Takes what came, and adds to `out` what may pass.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let joined = if self.held.is_empty() {
            None
        } else {
            let mut joined = std::mem::replace(&mut self.held, Zeroizing::new(Vec::new()));
            joined.extend_from_slice(bytes);
            Some(joined)
        };
        let bytes = joined.as_ref().map_or(bytes, |joined| joined.as_slice());
        let spans = self.patterns.spans(bytes);
        let tail = self.patterns.tail(bytes);
        // A trace that is whole ends there, whatever its last bytes might begin.
        let inside = |at: usize| spans.iter().find(|span| span.start < at && at < span.end).map(|span| span.end);
        let (end, depth) = match tail {
            Some(Tail { start, depth }) => inside(start).map_or((start, depth), |end| (end, 0)),
            None => (bytes.len(), 0),
        };
        self.pass(&bytes[..end], spans.iter().filter(|span| span.end <= end), out);
        self.held.extend_from_slice(&bytes[end..]);
        self.shown = self.shown.saturating_sub(end);
        self.depth = depth;
    }

    fn pass<'s>(&mut self, bytes: &[u8], spans: impl Iterator<Item = &'s Range<usize>>, out: &mut Vec<u8>) {
        let mut from = self.shown.min(bytes.len());
        for span in spans {
            out.extend_from_slice(bytes.get(from..span.start).unwrap_or_default());
            out.extend_from_slice(MASK);
            self.masked += 1;
            from = span.end;
        }
        out.extend_from_slice(&bytes[from..]);
    }

    /// Whether something is held back that may be let go when nothing more comes for a while.
    pub fn may_let_go(&self) -> bool {
        self.shown < self.held.len() && self.depth <= self.patterns.public
    }

    /// Lets go what is held back; should a trace come of it all the same, the rest of it is masked.
    pub fn let_go(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.held[self.shown..]);
        self.shown = self.held.len();
    }

    /// The stream ends: what is held back was no trace.
    pub fn finish(mut self, out: &mut Vec<u8>) -> usize {
        // But a shorter one may stand in it.
        let held = std::mem::replace(&mut self.held, Zeroizing::new(Vec::new()));
        let spans = self.patterns.spans(&held);
        self.pass(&held, spans.iter(), out);
        self.masked
    }
}
