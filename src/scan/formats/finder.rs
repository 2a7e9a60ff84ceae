//! The search for what is packed in the middle of a content of another format: a chunk of HDF5, an object of Git, the archive
//! behind a script, the picture in a notebook.
//!
//! A first look (`starts`, and for base64 `base64_text`) finds where something may begin. A cheap check and a trial tell what it
//! is, so that bytes that only happen to begin like a stream are not accused of being a broken one.

use zeroize::Zeroizing;

use super::embedded::{Embedded, Trial, Tried};
use super::stream::Stream;
use super::{base64_text, starts};

/// How many bytes decide whether something may begin.
const CHECKED: usize = 512;

/// How many bytes may be tried out for each byte of the contents of a file, and for any file.
const MAX_TRIED: u64 = 8;
const MIN_TRIED: u64 = 16 << 20;

/// How many bytes are looked at before what may begin among them is tried out.
const CHUNK: usize = 256;

/// What stands at the position of a stream.
pub(in crate::scan) enum Found {
    /// Something of this format.
    Stream(&'static Embedded),
    /// What came out of something that breaks off, perhaps of this format.
    Perhaps(&'static Embedded, Zeroizing<Vec<u8>>),
}

/// The search for what is packed in the middle of the contents of one file.
#[derive(Default)]
pub(in crate::scan) struct Finder {
    /// How many bytes were looked at, and how many of them were tried out, some of them several times.
    passed: u64,
    tried: u64,
    /// Whether something was not tried out, for there was too much.
    pub(in crate::scan) is_exhausted: bool,
}

impl Finder {
    /// Skips to the next place where something is packed; `None`: the stream is at its end, or broken.
    pub(in crate::scan) fn next(&mut self, stream: &mut dyn Stream) -> Option<Found> {
        loop {
            let bytes = stream.peek(2 * CHECKED).ok()?;
            let is_last = bytes.len() < 2 * CHECKED;
            let end = if is_last { bytes.len() } else { bytes.len() - CHECKED };
            let start = next_start(bytes, end);
            let skipped = start.map_or(end, |(at, _)| at);
            stream.consume(skipped);
            self.passed += skipped as u64;
            match start {
                None if is_last => return None,
                None => {}
                Some((_, format)) => match self.try_out(stream.peek(format.window).ok()?, format) {
                    Trial::Stream => return Some(Found::Stream(format)),
                    Trial::Perhaps(output) => return Some(Found::Perhaps(format, output)),
                    Trial::Nothing => stream.consume(1),
                },
            }
        }
    }

    /// What would take far longer than to read the content is not tried out.
    fn try_out(&mut self, bytes: &[u8], format: &Embedded) -> Trial {
        if self.tried > MIN_TRIED + MAX_TRIED * self.passed {
            self.is_exhausted = true;
            return Trial::Nothing;
        }
        let Tried { trial, read } = (format.try_out)(&bytes[..bytes.len().min(format.window)]);
        self.tried += read as u64;
        trial
    }
}

/// The next place before `end` where one of the formats may begin.
fn next_start(bytes: &[u8], end: usize) -> Option<(usize, &'static Embedded)> {
    (0..end).step_by(CHUNK).find_map(|from| {
        let end = end.min(from + CHUNK);
        let packed = packed_start(bytes, from, end);
        let text = base64_text::first_run(bytes, from, packed.map_or(end, |(at, _)| at));
        text.map(|at| (at, &base64_text::EMBEDDED)).or(packed)
    })
}

fn packed_start(bytes: &[u8], mut from: usize, end: usize) -> Option<(usize, &'static Embedded)> {
    while let Some(at) = starts::first_start(bytes, from, end) {
        if let Some(format) = starts::format_at(&bytes[at..]) {
            return Some((at, format));
        }
        from = at + 1;
    }
    None
}
