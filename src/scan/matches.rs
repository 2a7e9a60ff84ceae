//! The matches in a stream that have not been reported yet: its reader adds them, the search takes them.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use crate::patterns::{Encoding, Extent};

/// How many matches are kept. The rest is counted.
const MAX_PENDING: usize = 100_000;

/// A token, a part of one, text that looks like one, or the signature of a signed URL, in a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamMatch {
    /// Its offset in the stream.
    pub(super) start: u64,
    pub(super) len: u64,
    pub(super) encoding: Encoding,
    /// The index of the token; `None`: it looks like a token, or is a signature.
    pub(super) token: Option<usize>,
    /// How much of it.
    pub(super) extent: Extent,
    pub(super) is_signed_url: bool,
}

impl StreamMatch {
    pub(super) fn end(&self) -> u64 {
        self.start + self.len
    }
}

/// The matches of one stream that wait to be taken, in order.
#[derive(Default)]
pub(super) struct PendingMatches {
    matches: RefCell<Vec<StreamMatch>>,
    dropped: Cell<Dropped>,
}

/// How many matches were not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dropped {
    pub(super) tokens: u64,
    pub(super) token_like: u64,
}

impl PendingMatches {
    pub(super) fn push(&self, found: StreamMatch) {
        let (mut matches, mut dropped) = (self.matches.borrow_mut(), self.dropped.get());
        // Text that looks like a token leaves half of the space to the tokens that were searched for.
        let max = if found.token.is_some() { MAX_PENDING } else { MAX_PENDING / 2 };
        match found.token {
            _ if matches.len() < max => matches.push(found),
            Some(_) => dropped.tokens += 1,
            None => dropped.token_like += 1,
        }
        self.dropped.set(dropped);
    }

    /// Takes the matches that begin in this range of the stream.
    pub(super) fn take(&self, range: Range<u64>) -> Vec<StreamMatch> {
        let mut matches = self.matches.borrow_mut();
        let first = matches.partition_point(|found| found.start < range.start);
        let last = matches.partition_point(|found| found.start < range.end);
        matches.drain(first..last.max(first)).collect()
    }

    /// How many matches were found and not kept.
    pub(super) fn dropped(&self) -> Dropped {
        self.dropped.get()
    }
}
