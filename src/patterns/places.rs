//! The first look at a text: the regions that may have a token, what may read each, and where text begins as every token does.
//!
//! The samples that the prefilter knows are many in a table of numbers. So a region is added only where a decoder reads several
//! characters around a sample that follow each other in some pattern.

use std::ops::Range;

use super::decode::{Decoded, Decoders};
use super::prefilter::Prefilter;
use super::runs::RunIndex;
use super::{signed_url, token_like};

/// How much text before and after a known gram is decoded.
const BEFORE: usize = 512;
const AFTER: usize = 768;

/// How many bytes around a known gram are decoded to see whether a token is likely: most of them behind it.
const AROUND: usize = 32;

/// How many pairs of characters in a row must be such as some pattern has, for a token to be likely.
const CHAIN: usize = 3;

/// The same where no gram of seven bytes is known, for a line break or a terminal sequence may interrupt each.
const LONG_CHAIN: usize = 6;

/// What the first look found.
#[derive(Default)]
pub(super) struct Places {
    /// In order.
    pub(super) regions: Vec<Region>,
    /// Where text begins as every token does.
    pub(super) candidates: Vec<usize>,
    /// Where the name of a URL's signature may be.
    pub(super) signature_names: Vec<usize>,
    unlikely: Unlikely,
}

/// Up to this end, these decoders read no chain of this length.
#[derive(Clone, Copy, Default)]
struct Unlikely {
    end: usize,
    decoders: Decoders,
    chain: usize,
}

/// A stretch of a text that may have a token, and what may read it.
pub(super) struct Region {
    pub(super) range: Range<usize>,
    pub(super) decoders: Decoders,
}

impl Places {
    /// The places in a text.
    pub(super) fn in_text(bytes: &[u8], prefilter: &Prefilter, index: &RunIndex) -> Places {
        let (mut places, mut decoded) = (Places::default(), Decoded::default());
        prefilter.samples(bytes, |sample| {
            let decoders = prefilter.decoders_at(bytes, sample);
            let (decoders, chain) = match decoders.is_empty() {
                false => (decoders, CHAIN),
                true if is_interrupted(bytes, sample) => (Decoders::TEXT, LONG_CHAIN),
                true => (decoders, 0),
            };
            let is_open = !decoders.is_empty() && places.is_open(sample, decoders, chain);
            if is_open && is_long(prefilter, bytes, sample, decoders) {
                match is_likely(index, &bytes[around(sample, bytes.len())], decoders, chain, &mut decoded) {
                    true => places.add_region(sample, bytes.len(), decoders),
                    false => places.unlikely = Unlikely { end: sample + AROUND / 2, decoders, chain },
                }
            }
            let name = signed_url::name_near(bytes, sample);
            places.signature_names.extend(name.filter(|at| places.signature_names.last() != Some(at)));
            if let Some(at) = token_like::beginning_near(bytes, sample) {
                places.candidates.push(at);
                places.add_region(at, bytes.len(), Decoders::TEXT | Decoders::ESCAPES);
            }
        });
        // A sample around the last prefix may be behind the end.
        let last = bytes.len().saturating_sub(token_like::MAX_UNSAMPLED);
        let unsampled = (last..bytes.len()).find(|at| token_like::is_beginning(&bytes[*at..]));
        if let Some(at) = unsampled.filter(|at| places.candidates.last().is_none_or(|known| known < at)) {
            places.candidates.push(at);
            places.add_region(at, bytes.len(), Decoders::TEXT | Decoders::ESCAPES);
        }
        places
    }

    fn add_region(&mut self, at: usize, len: usize, decoders: Decoders) {
        let range = at.saturating_sub(BEFORE)..(at + AFTER).min(len);
        match self.regions.last_mut() {
            Some(last) if range.start <= last.range.end => {
                last.range.end = last.range.end.max(range.end);
                last.decoders = last.decoders | decoders;
            }
            _ => self.regions.push(Region { range, decoders }),
        }
    }

    /// Whether it is not known yet if there may be a token here that one of these decoders reads.
    fn is_open(&self, at: usize, decoders: Decoders, chain: usize) -> bool {
        let is_far = |region: &Region| region.decoders.contains(decoders) && at + AFTER / 2 <= region.range.end;
        let Unlikely { end, decoders: tried, chain: longest } = self.unlikely;
        let is_unlikely = at < end && tried.contains(decoders) && chain >= longest;
        !is_unlikely && !self.regions.last().is_some_and(is_far)
    }
}

/// Whether a gram next to a known one is known as well, where one has too few characters to tell.
fn is_long(prefilter: &Prefilter, bytes: &[u8], at: usize, decoders: Decoders) -> bool {
    let is_known = |at: usize| at + 8 <= bytes.len() && !prefilter.decoders_at(bytes, at).is_empty();
    !decoders.are_common() || is_known(at + 4) || at >= 4 && is_known(at - 4)
}

/// The text around a sample that tells whether a token is likely.
fn around(sample: usize, len: usize) -> Range<usize> {
    sample.saturating_sub(AROUND / 4)..(sample + 2 * AROUND).min(len)
}

/// Whether one of these decoders reads so many pairs of bytes in a row that follow each other in patterns.
fn is_likely(index: &RunIndex, text: &[u8], decoders: Decoders, wanted: usize, decoded: &mut Decoded) -> bool {
    decoders.that_apply(text).any(|decoder| {
        let mut chain = 0;
        decoder.decode(text, decoded);
        decoded.bytes.windows(2).any(|pair| {
            chain = if index.has_pair([pair[0], pair[1]]) { chain + 1 } else { 0 };
            chain == wanted
        })
    })
}

/// Whether there is a line break or a terminal sequence around a sample that is not indentation.
fn is_interrupted(bytes: &[u8], sample: usize) -> bool {
    if bytes[sample..sample + 4].iter().filter(|byte| matches!(byte, b' ' | b'\0')).count() > 1 {
        return false;
    }
    let around = &bytes[sample.saturating_sub(4)..bytes.len().min(sample + 8)];
    around.iter().any(|byte| matches!(byte, b'\n' | b'\r' | b'\x1b'))
}
