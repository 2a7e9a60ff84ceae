//! The search for tokens, in files and in streams: whole or in part, in any encoding, with noise between their characters, and
//! for text that looks like a token, and for signed URLs.
//!
//! The first look (`places`) tells the regions in which there may be one. Each is read by the decoders that apply (`decode`), and
//! what these read is searched for runs of the patterns (`runs`).

use std::ops::Range;

use memchr::{memchr_iter, memchr2};

use super::decode::{Decoded, Decoder, Decoders, Numbers, finished_end};
use super::encodings::{Encoding, Encodings, Extent, Pattern, RawToken};
use super::places::{Places, Region};
use super::prefilter::Prefilter;
use super::runs::{OpenRun, RunIndex};
use super::signed_url;
use super::spellings;
use super::token_like;
use crate::token::{is_word_start, token_at};

/// How many bytes around a place decide whether it looks like a token, and how far a token may be spread.
const LOOKAHEAD: usize = 2048;

/// The first window in which a beginning is looked for at the end of a piece, and the last.
const WINDOWS: (usize, usize) = (64, 16 * 1024);

/// The search for some tokens. `Debug` shows the number of patterns.
pub struct Matcher {
    prefilter: Prefilter,
    index: RunIndex,
    patterns: Vec<Pattern>,
    tokens: Vec<RawToken>,
    lookahead: usize,
    /// How many bytes at the beginning of a pattern are common to all tokens, and so reveal none.
    pub common_prefix: usize,
}

/// A token or a part of one, text that looks like one, or the signature of a signed URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Its place.
    pub range: Range<usize>,
    /// How it is written down.
    pub encoding: Encoding,
    /// The index of the token among those that were given; `None`: it looks like a token, or is a signature.
    pub token: Option<usize>,
    /// How much of it.
    pub extent: Extent,
    /// Whether it is the signature of a signed URL.
    pub is_signed_url: bool,
}

/// The end of a piece that may be the beginning of a token, or of a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartialMatch {
    /// Where it begins.
    pub start: usize,
    /// How many bytes of the pattern it has, without what stands between them.
    pub len: usize,
    /// Whether it is the beginning of a pattern.
    pub is_beginning: bool,
}

impl Matcher {
    /// A matcher for these tokens, and for text that looks like a token.
    pub fn of(encodings: &[Encodings]) -> Matcher {
        let patterns: Vec<Pattern> =
            encodings.iter().enumerate().flat_map(|(token, encodings)| encodings.numbered(token)).collect();
        let mut prefilter = Prefilter::new();
        for pattern in &patterns {
            prefilter.add(&pattern.bytes, Decoders::TEXT | Decoders::ESCAPES);
            spellings::interrupted(&pattern.bytes, &mut |sample| prefilter.add_sample(sample));
        }
        for encodings in encodings {
            let raw = encodings.raw_bytes();
            spellings::all(raw, &mut |text, decoders| prefilter.add(text, decoders));
            spellings::coloured(raw, &mut |sample| prefilter.add_sample(sample));
        }
        token_like::add_beginnings(&mut prefilter);
        signed_url::add_beginnings(&mut prefilter);
        let longest = patterns.iter().map(|pattern| pattern.bytes.len()).max().unwrap_or_default();
        Matcher {
            prefilter,
            index: RunIndex::new(&patterns),
            lookahead: LOOKAHEAD.max(4 * longest),
            tokens: encodings.iter().map(|encodings| encodings.raw().clone()).collect(),
            common_prefix: encodings.iter().map(Encodings::common_prefix).min().unwrap_or_default(),
            patterns,
        }
    }

    /// The tokens, for a matcher in another process.
    pub fn tokens(&self) -> &[RawToken] {
        &self.tokens
    }

    /// A match that begins fewer bytes than this before the end of a piece may continue in the next piece.
    pub fn lookahead(&self) -> usize {
        self.lookahead
    }

    /// How many bytes before the beginning of a match decide whether it is one.
    pub fn lookbehind(&self) -> usize {
        signed_url::LOOKBEHIND
    }

    /// Every match, in order and without overlaps: a token replaces text that looks like one.
    pub fn find(&self, bytes: &[u8]) -> Vec<Match> {
        self.search(bytes).0
    }

    /// The matches, and the places where text begins as every token does: it may be one that is not known.
    pub fn search(&self, bytes: &[u8]) -> (Vec<Match>, Vec<usize>) {
        let places = Places::in_text(bytes, &self.prefilter, &self.index);
        let mut matches = Vec::new();
        for at in &places.candidates {
            if let Some((range, encoding)) = token_like::match_at(bytes, *at) {
                let (token, extent) = (None, Extent::Whole);
                matches.push(Match { range, encoding, token, extent, is_signed_url: false });
            }
        }
        for range in places.signature_names.iter().filter_map(|name| signed_url::signature_at(bytes, *name)) {
            let (encoding, extent) = (Encoding::Raw, Extent::Whole);
            matches.push(Match { range, encoding, token: None, extent, is_signed_url: true });
        }
        let (mut decoded, mut encoded) = (Decoded::default(), Vec::new());
        for region in &places.regions {
            self.search_region(bytes, region, &mut decoded, &mut matches, &mut encoded);
        }
        let mut candidates = places.candidates;
        candidates.append(&mut encoded);
        (without_overlaps(matches), candidates)
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

    fn search_region(
        &self,
        bytes: &[u8],
        region: &Region,
        decoded: &mut Decoded,
        matches: &mut Vec<Match>,
        candidates: &mut Vec<usize>,
    ) {
        let (text, first) = (&bytes[region.range.clone()], region.range.start);
        self.add_runs(text, matches, |pattern, range| (range.start + first..range.end + first, pattern.encoding));
        for decoder in region.decoders.that_apply(text) {
            decoder.decode(text, decoded);
            let place = |range: &Range<usize>| {
                let place = decoded.place(range);
                place.start + first..place.end + first
            };
            self.add_runs(&decoded.bytes, matches, |pattern, range| {
                let range = place(&range);
                let encoding = encoding_of(decoder, pattern.encoding, &bytes[range.clone()]);
                (range, encoding)
            });
            for start in token_like::beginnings_in(&decoded.bytes) {
                let end = match decoder {
                    Decoder::Numbers(_) => token_at(&decoded.bytes, start),
                    _ => token_at(&decoded.bytes[start..], 0).map(|len| start + len),
                };
                let range = place(&(start..end.unwrap_or(start + 1)));
                candidates.push(range.start);
                let is_new = || token_like::match_at(bytes, range.start).is_none();
                let is_number = matches!(decoder, Decoder::Numbers(_));
                let is_word = || (is_number || is_word_start(bytes, range.start)) && is_one_word(&bytes[range.clone()]);
                if end.is_some() && is_new() && is_word() {
                    let encoding = encoding_of(decoder, Encoding::Raw, &bytes[range.clone()]);
                    let (token, extent) = (None, Extent::Whole);
                    matches.push(Match { range, encoding, token, extent, is_signed_url: false });
                }
            }
        }
    }

    /// Adds the runs in a text that are whole tokens or parts; `place` gives the place of a run, and how it is encoded.
    fn add_runs(
        &self,
        text: &[u8],
        matches: &mut Vec<Match>,
        place: impl Fn(&Pattern, Range<usize>) -> (Range<usize>, Encoding),
    ) {
        for run in self.index.runs(text, &self.patterns) {
            let pattern = &self.patterns[run.pattern];
            if let Some(extent) = pattern.extent(&(run.at..run.at + run.range.len())) {
                let (range, encoding) = place(pattern, run.range);
                let token = Some(pattern.token);
                matches.push(Match { range, encoding, token, extent, is_signed_url: false });
            }
        }
    }

    /// The longest end of a piece that may be the beginning of a token, or of a part of one.
    pub fn partial_match(&self, bytes: &[u8]) -> Option<PartialMatch> {
        let mut window = WINDOWS.0;
        loop {
            let first = bytes.len().saturating_sub(window);
            let found = self.partial_match_in(&bytes[first..]);
            let is_certain = first == 0 || window >= WINDOWS.1 || found.is_none_or(|found| found.start > window / 4);
            if is_certain {
                return found.map(|found| PartialMatch { start: first + found.start, ..found });
            }
            window *= 4;
        }
    }

    /// The end of a piece that may be the beginning of a signed URL: its last word.
    pub fn partial_url(&self, bytes: &[u8]) -> Option<PartialMatch> {
        let (word, len) = signed_url::last_word(bytes);
        (word > 0).then_some(PartialMatch { start: bytes.len() - word, len, is_beginning: true })
    }

    fn partial_match_in(&self, tail: &[u8]) -> Option<PartialMatch> {
        let finished = finished_end(tail);
        // The first characters of an escape or a number are kept for what follows.
        let unfinished = PartialMatch { start: finished, len: 0, is_beginning: false };
        let mut found = (finished < tail.len()).then_some(unfinished);
        let mut add = |run: OpenRun, start: usize| {
            let partial = PartialMatch { start, len: run.range.len(), is_beginning: run.is_beginning };
            found = Some(found.map_or(partial, |found| found.or(partial)));
        };
        if let Some(run) = self.index.last_run(tail, &self.patterns) {
            let start = run.range.start;
            add(run, start);
        }
        let mut decoded = Decoded::default();
        for decoder in Decoders::at_end_of(tail).that_apply(tail) {
            decoder.decode(tail, &mut decoded);
            // What the end of the text cuts off may be read as text that is none: an escape without its last digit.
            let len = decoded.bytes.len();
            for end in (0..=len).rev().take_while(|end| *end == len || decoded.end_of(*end) >= finished) {
                if let Some(run) = self.index.last_run(&decoded.bytes[..end], &self.patterns) {
                    let start = decoded.place(&run.range).start;
                    add(run, start);
                }
            }
        }
        found
    }
}

impl PartialMatch {
    /// What is to be held back for either.
    pub fn or(self, other: PartialMatch) -> PartialMatch {
        PartialMatch {
            start: self.start.min(other.start),
            len: self.len.max(other.len),
            is_beginning: self.is_beginning || other.is_beginning,
        }
    }
}

/// Whether a text is one word, and not two on different lines, or two strings of a program: a NUL stands between all characters
/// (UTF-16) or none.
fn is_one_word(text: &[u8]) -> bool {
    let zeros = memchr_iter(0, text).count();
    memchr2(b'\n', b'\r', text).is_none() && (zeros == 0 || 2 * zeros + 1 >= text.len())
}

/// What a match is called that a decoder read from this text.
fn encoding_of(decoder: Decoder, encoding: Encoding, text: &[u8]) -> Encoding {
    match decoder {
        _ if encoding != Encoding::Raw => encoding,
        Decoder::Text | Decoder::Spaced => Encoding::Raw,
        Decoder::Numbers(Numbers::Hex | Numbers::HexWords) => Encoding::Hex,
        Decoder::Numbers(Numbers::Decimal) => Encoding::Decimal,
        Decoder::Numbers(Numbers::Octal | Numbers::OctalWords) => Encoding::Octal,
        Decoder::Escapes => {
            [(b'%', Encoding::Url), (b'\\', Encoding::Json), (b'&', Encoding::Html), (b'=', Encoding::QuotedPrintable)]
                .into_iter()
                .find(|(mark, _)| text.contains(mark))
                .map_or(Encoding::Raw, |(_, encoding)| encoding)
        }
    }
}

/// Sorts, and resolves overlaps: a token replaces text that looks like one, and overlapping tokens become one match.
fn without_overlaps(mut matches: Vec<Match>) -> Vec<Match> {
    matches.sort_by_key(|found| (found.range.start, found.token.is_none(), std::cmp::Reverse(found.range.end)));
    matches.dedup_by(|later, earlier| {
        let overlaps = later.range.start < earlier.range.end;
        if overlaps && earlier.token.is_none() && later.token.is_some() {
            let start = earlier.range.start;
            *earlier = later.clone();
            earlier.range.start = start;
        } else if overlaps && (later.token.is_some() || earlier.token.is_none()) {
            earlier.range.end = earlier.range.end.max(later.range.end);
            earlier.extent = earlier.extent.max(later.extent);
        }
        overlaps
    });
    matches
}

impl std::fmt::Debug for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Matcher({})", self.patterns.len())
    }
}
