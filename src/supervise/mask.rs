//! Masking a stream: every encoding of a known token is replaced as it passes, wherever the stream is cut into pieces, and no
//! other byte is changed.
//!
//! Where a piece ends in what may be the beginning of a match, that end is held back until more of the stream shows what it
//! is. Held bytes that reveal no more than the common prefix of all tokens, or two bytes, are released after a while: a prompt
//! that ends in `c` must become visible.

use std::sync::Arc;

use memchr::memchr_iter;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::seen::SeenWords;
use crate::patterns::{Encodings, Match, Matcher, PartialMatch, RawToken};

/// What a match is replaced with.
pub const MASK: &[u8] = b"***";

/// How many held bytes are released even where they reveal a part of a token, which is one without the usual prefix: any
/// prompt may end in its first characters.
const RELEASED_DEPTH: usize = 2;

/// Gives the matcher of the tokens to mask. They may become more while a stream flows.
pub trait MatcherProvider: Send + Sync {
    /// The matcher of the tokens that are known now.
    fn current(&self) -> Arc<Matcher>;

    /// Whether the signatures of signed URLs are masked as well.
    fn masks_urls(&self) -> bool {
        false
    }

    /// The matcher after the token sources were searched again: the stream holds what may be a token that is not known.
    fn refreshed(&self) -> Arc<Matcher>;
}

/// Tokens that stay the same.
impl MatcherProvider for Arc<Matcher> {
    fn current(&self) -> Arc<Matcher> {
        Arc::clone(self)
    }

    fn refreshed(&self) -> Arc<Matcher> {
        Arc::clone(self)
    }
}

/// One stream that is masked.
#[allow(missing_debug_implementations, reason = "it holds what may be a part of a token")]
pub struct Masker<'a> {
    provider: &'a dyn MatcherProvider,
    matcher: Arc<Matcher>,
    /// Whether the signatures of signed URLs are masked as well.
    masks_urls: bool,
    /// The end of the stream so far, which may be the beginning of a match.
    held: Zeroizing<Vec<u8>>,
    /// How many bytes of `held` have been released already.
    released: usize,
    /// How many bytes of a pattern `held` is, without what stands between them.
    depth: usize,
    seen: SeenWords,
    /// How many matches were masked.
    pub masked: usize,
}

/// The state of a masker, from which another process continues its stream.
#[derive(Serialize, Deserialize)]
#[allow(missing_debug_implementations, reason = "it holds tokens")]
pub struct MaskerState {
    tokens: Vec<RawToken>,
    masks_urls: bool,
    held: Zeroizing<Vec<u8>>,
    released: usize,
    depth: usize,
}

impl MaskerState {
    /// Takes the tokens out, as the matcher to resume with.
    pub fn take_matcher(&mut self) -> Arc<Matcher> {
        let tokens = std::mem::take(&mut self.tokens);
        Arc::new(Matcher::of(&tokens.into_iter().map(Encodings::of_raw).collect::<Vec<_>>()))
    }
}

impl<'a> Masker<'a> {
    /// Masks a stream from its beginning.
    pub fn new(provider: &'a dyn MatcherProvider) -> Masker<'a> {
        Masker {
            provider,
            matcher: provider.current(),
            masks_urls: provider.masks_urls(),
            held: Zeroizing::new(Vec::new()),
            released: 0,
            depth: 0,
            seen: SeenWords::new(),
            masked: 0,
        }
    }

    /// Masks a stream from where another masker stopped.
    pub fn resume(provider: &'a dyn MatcherProvider, state: MaskerState) -> Masker<'a> {
        let MaskerState { tokens: _, masks_urls, held, released, depth } = state;
        Masker { masks_urls, held, released, depth, ..Masker::new(provider) }
    }

    /// Stops here; another masker resumes from the returned state.
    pub fn into_state(self) -> MaskerState {
        let tokens = self.matcher.tokens().to_vec();
        let Masker { masks_urls, held, released, depth, .. } = self;
        MaskerState { tokens, masks_urls, held, released, depth }
    }

    /// Takes the next bytes of the stream, and appends to `out` what may be written.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        // One buffer for all pieces: to wipe one for each piece took longer than the search.
        let mut held = std::mem::take(&mut self.held);
        let PartialMatch { len, is_beginning, .. } = if held.is_empty() {
            let partial = self.mask(bytes, out);
            held.extend_from_slice(&bytes[partial.start..]);
            partial
        } else {
            held.extend_from_slice(bytes);
            let partial = self.mask(&held, out);
            held.drain(..partial.start);
            partial
        };
        self.held = held;
        self.depth = len;
        // Most words end in one or two characters that also occur inside a token: held back, they would delay all output.
        if !is_beginning && len <= RELEASED_DEPTH {
            self.release(out);
        }
    }

    /// Writes what may be written; returns what is to be held back.
    fn mask(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> PartialMatch {
        let matches = self.matches(bytes);
        let partial = self.held_from(bytes, &matches);
        let written = matches.iter().filter(|found| found.range.end <= partial.start);
        self.write_masked(&bytes[..partial.start], written, out);
        self.released = self.released.saturating_sub(partial.start);
        partial
    }

    /// The matches of what is masked. Where the bytes hold what may be another token, the sources are searched first.
    fn matches(&mut self, bytes: &[u8]) -> Vec<Match> {
        self.matcher = self.provider.current();
        let (mut matches, candidates) = self.matcher.search(bytes);
        if self.seen.add_all(bytes, &candidates) {
            let matcher = self.provider.refreshed();
            if !Arc::ptr_eq(&matcher, &self.matcher) {
                self.matcher = matcher;
                matches = self.matcher.search(bytes).0;
            }
        }
        matches.retain(|found| found.token.is_some() || self.masks_urls && found.is_signed_url);
        matches
    }

    /// What to hold back at the end of the bytes. A match is written masked, or held back whole and never released.
    fn held_from(&self, bytes: &[u8], matches: &[Match]) -> PartialMatch {
        let mut from = 0;
        loop {
            let none = PartialMatch { start: bytes.len(), len: 0, is_beginning: false };
            let Some(found) = self.partial_match(&bytes[from..]) else { return none };
            let found = PartialMatch { start: from + found.start, ..found };
            match matches.iter().find(|other| found.start < other.range.end) {
                // Inside a match nothing is held back; another one may begin behind it.
                Some(other) if other.range.start < found.start => from = other.range.end,
                // It may go on: a part of a token, or a token that begins a longer one.
                Some(_) => return PartialMatch { len: usize::MAX, ..found },
                None => return found,
            }
        }
    }

    fn partial_match(&self, bytes: &[u8]) -> Option<PartialMatch> {
        let token = self.matcher.partial_match(bytes);
        match self.masks_urls.then(|| self.matcher.partial_url(bytes)).flatten() {
            None => token,
            Some(url) => Some(token.map_or(url, |token| token.or(url))),
        }
    }

    fn write_masked<'m>(&mut self, bytes: &[u8], matches: impl Iterator<Item = &'m Match>, out: &mut Vec<u8>) {
        let mut from = self.released.min(bytes.len());
        for Match { range, .. } in matches {
            out.extend_from_slice(bytes.get(from..range.start).unwrap_or_default());
            out.extend_from_slice(MASK);
            write_colours(&bytes[range.clone()], out);
            self.masked += 1;
            from = range.end;
        }
        out.extend_from_slice(&bytes[from..]);
    }

    /// Whether bytes are held back that may be released when the stream pauses.
    pub fn can_release(&self) -> bool {
        self.released < self.held.len() && self.depth <= self.matcher.common_prefix.max(RELEASED_DEPTH)
    }

    /// Releases what is held back. Should it become a match after all, the rest of that is masked.
    pub fn release(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.held[self.released..]);
        self.released = self.held.len();
    }

    /// Ends the stream: what is held back is no complete match, but may contain a shorter one. Returns how many matches were
    /// masked in all.
    pub fn finish(mut self, out: &mut Vec<u8>) -> usize {
        let held = std::mem::replace(&mut self.held, Zeroizing::new(Vec::new()));
        let matches = self.matches(&held);
        self.write_masked(&held, matches.iter(), out);
        self.masked
    }
}

/// Writes the changes of colour in a text, and nothing else of it, so that a colour that begins inside of a token ends behind it.
/// Other terminal sequences may contain text.
fn write_colours(text: &[u8], out: &mut Vec<u8>) {
    for at in memchr_iter(b'\x1b', text) {
        let Some(rest) = text[at..].strip_prefix(b"\x1b[") else { continue };
        let len = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
        let (parameters, end) = rest.split_at(len);
        let is_colour = parameters.split(|byte| *byte == b';').all(|number| number.len() <= MAX_DIGITS);
        if is_colour && end.first() == Some(&b'm') {
            out.extend_from_slice(&text[at..=at + 2 + len]);
        }
    }
}

/// The most digits of a number in a change of colour: each is at most 255.
const MAX_DIGITS: usize = 3;
