//! The search for several byte strings at once: the leftmost one, and of several there the longest.

use aho_corasick::packed::{self, Searcher};
use aho_corasick::{AhoCorasick, BuildError, Input, Match, MatchKind, Span};

/// Finds byte strings.
pub(super) enum Automaton {
    /// With SIMD instructions. `AhoCorasick` uses the same algorithm inside, but each call of it costs twice as much, which
    /// text with many matches shows.
    Packed(Searcher),
    /// Where the processor has no such instructions, or there are too many strings.
    AhoCorasick(AhoCorasick),
}

impl Automaton {
    /// # Errors
    /// There are more strings than an automaton can hold.
    pub(super) fn new<'s>(strings: impl Iterator<Item = &'s [u8]> + Clone) -> Result<Automaton, BuildError> {
        let mut config = packed::Config::new();
        config.match_kind(packed::MatchKind::LeftmostLongest);
        match config.builder().extend(strings.clone()).build() {
            Some(packed) => Ok(Automaton::Packed(packed)),
            None => {
                AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(strings).map(Automaton::AhoCorasick)
            }
        }
    }

    /// The first match at `from` or behind it.
    pub(super) fn find(&self, bytes: &[u8], from: usize) -> Option<Match> {
        match self {
            Automaton::Packed(packed) => packed.find_in(bytes, Span::from(from..bytes.len())),
            Automaton::AhoCorasick(automaton) => automaton.find(Input::new(bytes).range(from..)),
        }
    }
}
