//! What a format is that may stand in the middle of a content of another format: how it is recognised, tried out and read.

use std::io;

use zeroize::Zeroizing;

use super::format::Visitor;
use super::stream::Stream;

/// A format that may begin anywhere.
pub(in crate::scan) struct Embedded {
    /// Its name, for messages.
    pub(in crate::scan) name: &'static str,
    /// How it begins; none: in more ways than a few, which `starts` knows.
    pub(super) starts: &'static [Start],
    /// Whether what begins so may be of the format: a cheap check.
    pub(super) may_begin: fn(bytes: &[u8]) -> bool,
    /// Unpacks a little of it, from the next so many bytes or fewer.
    pub(super) try_out: fn(bytes: &[u8]) -> Tried,
    pub(super) window: usize,
    /// Whether other formats keep it in pieces as well, so that one that breaks off need not be a broken one.
    pub(in crate::scan) is_split: bool,
    /// Reads what is packed, as [`super::Format::read`] does; the name is that of what comes out.
    pub(in crate::scan) read: fn(stream: &mut dyn Stream, name: &str, visitor: &mut dyn Visitor) -> io::Result<()>,
}

impl Embedded {
    /// A format whose beginning is proof enough.
    pub(super) const fn certain(
        name: &'static str,
        starts: &'static [Start],
        may_begin: fn(bytes: &[u8]) -> bool,
        read: fn(stream: &mut dyn Stream, name: &str, visitor: &mut dyn Visitor) -> io::Result<()>,
    ) -> Embedded {
        let try_out = |_: &[u8]| Tried { trial: Trial::Stream, read: 0 };
        Embedded { name, starts, may_begin, try_out, window: 0, is_split: false, read }
    }
}

/// The first two to four bytes of a format.
#[derive(Clone, Copy)]
pub(super) struct Start {
    /// As a number, the first byte lowest.
    bytes: u32,
    /// The bits that count.
    mask: u32,
}

impl Start {
    pub(super) const fn new(magic: &[u8]) -> Start {
        let (mut start, mut at) = (Start { bytes: 0, mask: 0 }, 0);
        while at < magic.len() && at < 4 {
            start.bytes |= (magic[at] as u32) << (8 * at);
            start.mask |= 0xff << (8 * at);
            at += 1;
        }
        start
    }

    pub(super) const fn pair(self) -> [u8; 2] {
        let [first, second, ..] = self.bytes.to_le_bytes();
        [first, second]
    }

    #[cfg(test)]
    pub(super) fn bytes(self) -> Vec<u8> {
        let bytes = self.bytes.to_le_bytes().into_iter().zip(self.mask.to_le_bytes());
        bytes.filter(|(_, mask)| *mask != 0).map(|(byte, _)| byte).collect()
    }

    /// Whether these four bytes begin so, as a number.
    pub(super) fn is_at(self, bytes: u32) -> bool {
        bytes & self.mask == self.bytes
    }
}

/// What the first bytes of something tell about it.
pub(in crate::scan) enum Trial {
    /// It is of the format.
    Stream,
    /// It is not.
    Nothing,
    /// This comes out before it breaks off: it may be either.
    Perhaps(Zeroizing<Vec<u8>>),
}

/// A trial, and how many bytes were read and written for it.
pub(super) struct Tried {
    pub(super) trial: Trial,
    pub(super) read: usize,
}
