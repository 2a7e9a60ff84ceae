//! What a format is that may stand in the middle of a content of another format: how it is recognised, tried out and read.

use std::io;

use zeroize::Zeroizing;

use super::format::Visitor;
use super::stream::Stream;

/// A format that may begin anywhere.
pub(in crate::scan) struct Embedded {
    /// Its name, for messages.
    pub(in crate::scan) name: &'static str,
    /// Whether it may begin with these bytes: a cheap check.
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
        may_begin: fn(bytes: &[u8]) -> bool,
        read: fn(stream: &mut dyn Stream, name: &str, visitor: &mut dyn Visitor) -> io::Result<()>,
    ) -> Embedded {
        let try_out = |_: &[u8]| Tried { trial: Trial::Stream, read: 0 };
        Embedded { name, may_begin, try_out, window: 0, is_split: false, read }
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
