//! What a packed format is: how it is recognised and read, and what its reader shows a visitor.

use std::io::{self, BufRead, Read};

use super::stream::Stream;

/// How many bytes are enough to recognise a format.
pub(in crate::scan) const HEAD: usize = 512;

/// A packed format.
pub(in crate::scan) struct Format {
    /// Whether a content has the format, by its first [`HEAD`] bytes, or fewer where it is shorter, and its name.
    pub(in crate::scan) matches: fn(head: &[u8], name: &str) -> bool,
    /// Reads what is packed, from the position of the stream to the end of the format, and shows it to the visitor.
    ///
    /// # Errors
    /// The rest cannot be unpacked; the message follows the name of the content.
    pub(in crate::scan) read: fn(stream: &mut dyn Stream, name: &str, visitor: &mut dyn Visitor) -> io::Result<()>,
}

/// What a format reader shows to: the search.
pub(in crate::scan) trait Visitor {
    /// A member whose bytes are part of the stream: it is read to its end.
    ///
    /// # Errors
    /// The stream cannot be read.
    fn stored(&mut self, name: &[u8], stream: &mut dyn Stream) -> io::Result<()>;

    /// A member that is decompressed: it is read to its end.
    ///
    /// # Errors
    /// It is broken, or ([`io::ErrorKind::FileTooLarge`]) more comes out of it than is allowed.
    fn unpacked(&mut self, name: &[u8], bytes: &mut dyn Read) -> io::Result<()>;

    /// A run of base64 in the stream, decoded: it is read to its end.
    ///
    /// # Errors
    /// As for [`Visitor::unpacked`].
    fn decoded(&mut self, bytes: &mut dyn Encoded) -> io::Result<()>;

    /// Whether a content that begins with these bytes is packed.
    fn is_packed(&self, head: &[u8]) -> bool;

    /// Elements of this size were shuffled before they were compressed, in what was or will be shown of this file.
    fn shuffled(&mut self, element: usize);

    /// Something that is recognised and not unpacked, and why, in words that follow the name of the content.
    fn unopened(&mut self, reason: &str);

    /// A member that could not be read, and why, in words that follow its name.
    fn unread(&mut self, name: &[u8], reason: &str);
}

/// Bytes that are decoded from a stream. Fewer than a thousand at once are the last ones.
pub(in crate::scan) trait Encoded: BufRead {
    /// The position of the stream.
    fn position(&self) -> u64;
}

/// Whether a name has one of these suffixes, in upper or lower case.
pub(super) fn has_suffix(name: &str, suffixes: &[&str]) -> bool {
    suffixes.iter().any(|suffix| {
        let start = name.len().checked_sub(suffix.len());
        start.is_some_and(|start| name.as_bytes()[start..].eq_ignore_ascii_case(suffix.as_bytes()))
    })
}
