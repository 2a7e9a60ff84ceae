//! Masking a stream: every trace of a token is replaced as it passes, wherever the stream is cut into pieces, and not a
//! byte of anything else is touched.
//!
//! A piece that ends in what may be the beginning of a trace is held back from there on. What is held is let go after a
//! while where it says no more than what every token begins with: a prompt that ends in `c` is to be seen.

use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::patterns::{Matcher, Matches, PartialMatch};
use crate::token::SHORTEST;

/// What stands in the place of a trace.
pub const MASK: &[u8] = b"***";

/// The tokens that are masked: they may become more while a stream flows.
pub trait Lookout: Send + Sync {
    /// The patterns of the moment. `in_doubt`: a stream holds what may be a token that none of them is of, so that the sources
    /// are to be looked at first.
    fn patterns(&self, in_doubt: bool) -> Arc<Matcher>;
}

/// Tokens that stay the same.
impl Lookout for Arc<Matcher> {
    fn patterns(&self, _: bool) -> Arc<Matcher> {
        Arc::clone(self)
    }
}

/// One stream that is masked.
#[allow(missing_debug_implementations, reason = "it holds what may be a part of a token")]
pub struct Masker<'a> {
    lookout: &'a dyn Lookout,
    patterns: Arc<Matcher>,
    /// The end of what came, which may be the beginning of a trace.
    held: Zeroizing<Vec<u8>>,
    /// So many bytes of it have been let go already.
    shown: usize,
    depth: usize,
    strangers: Strangers,
    /// How many traces were masked.
    pub masked: usize,
}

/// What begins as a token does, and was none when the sources were looked at for it: once is enough. The last ones are kept, as
/// hashes, each in a place of its own.
struct Strangers(Vec<u64>);

impl Strangers {
    /// So many are kept.
    const KEPT: usize = 4096;

    /// So much of each is looked at.
    const LENGTH: usize = 64;

    fn new() -> Strangers {
        Strangers(vec![0; Strangers::KEPT])
    }

    /// Whether one of them was not here before.
    fn are_new(&mut self, bytes: &[u8], places: &[usize]) -> bool {
        places.iter().filter(|place| self.is_new(&bytes[**place..])).count() > 0
    }

    fn is_new(&mut self, bytes: &[u8]) -> bool {
        let some = &bytes[..bytes.len().min(Strangers::LENGTH)];
        let word = some.iter().position(|byte| !byte.is_ascii_graphic()).map_or(some, |end| &some[..end]);
        // A word that is whole and so short is no token: one could not be told from other text.
        if word.len() < SHORTEST && word.len() < bytes.len() {
            return false;
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(word);
        let hash = hasher.finish();
        let kept = &mut self.0[hash as usize % Strangers::KEPT];
        std::mem::replace(kept, hash) != hash
    }
}

/// Where a masker is, for another process to go on from there.
#[derive(Serialize, Deserialize)]
#[allow(missing_debug_implementations, reason = "it holds tokens")]
pub struct Rest {
    patterns: Vec<Zeroizing<Vec<u8>>>,
    public: usize,
    held: Zeroizing<Vec<u8>>,
    shown: usize,
    depth: usize,
}

impl Rest {
    /// The tokens that are masked from here on.
    ///
    /// # Errors
    /// There are more of them than an automaton can hold.
    pub fn lookout(&mut self) -> Result<Arc<Matcher>, aho_corasick::BuildError> {
        Matcher::new(std::mem::take(&mut self.patterns), self.public).map(Arc::new)
    }
}

impl<'a> Masker<'a> {
    /// A stream from its beginning.
    pub fn new(lookout: &'a dyn Lookout) -> Masker<'a> {
        let patterns = lookout.patterns(false);
        Masker {
            lookout,
            patterns,
            held: Zeroizing::new(Vec::new()),
            shown: 0,
            depth: 0,
            strangers: Strangers::new(),
            masked: 0,
        }
    }

    /// A stream from where another masker was.
    pub fn resume(lookout: &'a dyn Lookout, rest: Rest) -> Masker<'a> {
        let Rest { held, shown, depth, .. } = rest;
        Masker { held, shown, depth, ..Masker::new(lookout) }
    }

    /// For another masker to go on from here.
    pub fn rest(self) -> Rest {
        let (patterns, public) = (self.patterns.all_patterns().to_vec(), self.patterns.common_prefix);
        Rest { patterns, public, held: self.held, shown: self.shown, depth: self.depth }
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
        let spans = self.spans(bytes);
        let (end, depth) = self.cut(bytes, &spans);
        self.pass(&bytes[..end], spans.iter().filter(|span| span.end <= end), out);
        self.held.extend_from_slice(&bytes[end..]);
        self.shown = self.shown.saturating_sub(end);
        self.depth = depth;
    }

    /// Where traces stand, of the tokens of the moment: the sources are looked at again where there may be another.
    fn spans(&mut self, bytes: &[u8]) -> Vec<Range<usize>> {
        self.patterns = self.lookout.patterns(false);
        let Matches { ranges: spans, candidates: strangers } = self.patterns.search(bytes);
        if self.strangers.are_new(bytes, &strangers) {
            let patterns = self.lookout.patterns(true);
            if !Arc::ptr_eq(&patterns, &self.patterns) {
                self.patterns = patterns;
                return self.patterns.search(bytes).ranges;
            }
        }
        spans
    }

    /// How much may pass, and how much of a trace the rest may be.
    fn cut(&self, bytes: &[u8], spans: &[Range<usize>]) -> (usize, usize) {
        let mut from = 0;
        loop {
            let Some(PartialMatch { start, len: depth }) = self.patterns.partial_match(&bytes[from..]) else {
                return (bytes.len(), 0);
            };
            let start = from + start;
            // A trace that is whole ends there; what its last bytes might begin is looked at from there.
            match spans.iter().find(|span| span.start < start && start < span.end) {
                Some(span) => from = span.end,
                None => return (start, depth),
            }
        }
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
        self.shown < self.held.len() && self.depth <= self.patterns.common_prefix
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
        let spans = self.spans(&held);
        self.pass(&held, spans.iter(), out);
        self.masked
    }
}
