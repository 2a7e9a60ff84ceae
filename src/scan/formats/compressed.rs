//! Compressed streams: one content in one member, or in several that follow each other.
//!
//! A new compression is one implementation of [`Compression`], and one line in the table of formats.

use std::io::{self, Read};

use super::format::{Format, Visitor, has_suffix};
use super::stream::Stream;

/// How much memory a decoder may take for what it has to remember: 48 MiB. `xz -8` and `zstd -19` need less.
pub(super) const MAX_WINDOW: u64 = 48 << 20;

/// A way to compress a stream.
pub(super) trait Compression {
    /// Its name, for messages.
    const NAME: &'static str;
    /// How a member begins.
    const MAGIC: &'static [u8];
    /// How names of such files end, and what the name of the content ends in instead.
    const SUFFIXES: &'static [(&'static str, &'static str)];

    /// Opens the member that begins here.
    ///
    /// # Errors
    /// Its header is broken, or it needs more memory than is allowed.
    fn open<'a>(stream: &'a mut dyn Stream) -> io::Result<Box<dyn Decoder<'a> + 'a>>;
}

/// What decompresses one member.
pub(super) trait Decoder<'a>: Read {
    /// The stream, behind the member.
    fn into_stream(self: Box<Self>) -> &'a mut dyn Stream;
}

/// The format of such files.
pub(super) const fn format<C: Compression>() -> Format {
    Format { matches: |head, _| head.starts_with(C::MAGIC), read: read::<C> }
}

fn read<C: Compression>(stream: &mut dyn Stream, name: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    let mut members = Members { open: C::open, magic: C::MAGIC, decoder: Some(C::open(stream).map_err(broken::<C>)?) };
    visitor.unpacked(content_name::<C>(name).as_bytes(), &mut Checked::<C, _>(&mut members, std::marker::PhantomData))
}

/// The name of what is compressed in a file of this name.
fn content_name<C: Compression>(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or_default();
    let stem = C::SUFFIXES.iter().find(|(suffix, _)| has_suffix(file, &[suffix]));
    stem.map_or_else(|| C::NAME.to_owned(), |(suffix, end)| format!("{}{end}", &file[..file.len() - suffix.len()]))
}

type Open<'a> = fn(&'a mut dyn Stream) -> io::Result<Box<dyn Decoder<'a> + 'a>>;

/// The content of all members. What follows the last one is padding, and is searched as it is.
struct Members<'a> {
    open: Open<'a>,
    magic: &'static [u8],
    decoder: Option<Box<dyn Decoder<'a> + 'a>>,
}

impl Read for Members<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let read = decoder.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            let Some(stream) = self.decoder.take().map(Decoder::into_stream) else { break };
            if stream.peek(self.magic.len()).is_ok_and(|head| head.starts_with(self.magic)) {
                self.decoder = Some((self.open)(stream)?);
            }
        }
        Ok(0)
    }
}

/// Names the compression in errors.
struct Checked<'m, C, R>(&'m mut R, std::marker::PhantomData<C>);

impl<C: Compression, R: Read> Read for Checked<'_, C, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).map_err(broken::<C>)
    }
}

fn broken<C: Compression>(error: io::Error) -> io::Error {
    let reason = match error.kind() {
        io::ErrorKind::OutOfMemory => format!("is {} that needs too much memory: it is not searched", C::NAME),
        _ => format!("is broken {}: the rest of it cannot be unpacked", C::NAME),
    };
    io::Error::new(error.kind(), reason)
}
