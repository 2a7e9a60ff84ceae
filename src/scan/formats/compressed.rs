//! Compressed streams: one content in one member, or in several that follow each other.
//!
//! A new compression is one implementation of [`Compression`], and one line in the table of formats.

use std::io::{self, Read};

use zeroize::Zeroizing;

use super::bytes::append;
use super::embedded::{Embedded, Start, Trial, Tried};
use super::format::{Format, Visitor, has_suffix};
use super::stream::{Slice, Stream};

/// How much memory a decoder may take for what it has to remember: 48 MiB. `xz -8` and `zstd -19` need less.
pub(super) const MAX_WINDOW: u64 = 48 << 20;

/// What so much comes out of is a stream, in bytes: where its beginning is proof enough, and where it is not.
const MIN_OUTPUT: usize = 1024;
const MAX_OUTPUT: usize = 256 * 1024;

/// A way to compress a stream.
pub(super) trait Compression {
    /// Its name, for messages.
    const NAME: &'static str;
    /// How a member begins.
    const MAGIC: &'static [u8];
    /// The same, to be found anywhere.
    const STARTS: &'static [Start] = &[Start::new(Self::MAGIC)];
    /// From how many bytes something surely comes out, if this is a stream.
    const WINDOW: usize = 4096;
    /// Whether several members in a row are one content.
    const HAS_MEMBERS: bool = true;
    /// Whether other formats keep such a stream in pieces as well.
    const IS_SPLIT: bool = false;
    /// How names of such files end, and what the name of the content ends in instead.
    const SUFFIXES: &'static [(&'static str, &'static str)];

    /// Whether a member may begin with these bytes: a cheap check, where the magic is short.
    fn may_begin(bytes: &[u8]) -> bool {
        bytes.starts_with(Self::MAGIC)
    }

    /// Whether what may begin with these bytes can hardly be anything else.
    fn is_certain(_: &[u8]) -> bool {
        true
    }

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
    Format { matches: |head, _| head.starts_with(C::MAGIC), read: read_file::<C> }
}

/// The same, in a content of another format.
pub(super) const fn embedded<C: Compression>() -> Embedded {
    Embedded {
        name: C::NAME,
        starts: C::STARTS,
        may_begin: C::may_begin,
        try_out: try_out::<C>,
        window: C::WINDOW,
        is_split: C::IS_SPLIT,
        read: read::<C>,
    }
}

fn read_file<C: Compression>(stream: &mut dyn Stream, name: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    read::<C>(stream, &content_name::<C>(name), visitor)
}

fn read<C: Compression>(stream: &mut dyn Stream, name: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    let magic = if C::HAS_MEMBERS { Some(C::MAGIC) } else { None };
    let mut members = Members { open: C::open, magic, decoder: Some(C::open(stream).map_err(broken::<C>)?) };
    visitor.unpacked(name.as_bytes(), &mut Checked::<C, _>(&mut members, std::marker::PhantomData))
}

/// The name of what is compressed in a file of this name.
fn content_name<C: Compression>(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or_default();
    let stem = C::SUFFIXES.iter().find(|(suffix, _)| has_suffix(file, &[suffix]));
    stem.map_or_else(|| C::NAME.to_owned(), |(suffix, end)| format!("{}{end}", &file[..file.len() - suffix.len()]))
}

/// Decompresses the beginning of what may be a member.
fn try_out<C: Compression>(window: &[u8]) -> Tried {
    let mut rest = Slice(window);
    let enough = if C::is_certain(window) { MIN_OUTPUT } else { MAX_OUTPUT };
    let mut output = Zeroizing::new(Vec::with_capacity(MIN_OUTPUT));
    let end = C::open(&mut rest).and_then(|mut decoder| read_some(&mut *decoder, &mut output, enough));
    let is_cut = rest.0.is_empty() && window.len() >= C::WINDOW;
    let read = window.len() - rest.0.len() + output.len();
    let trial = match end {
        Ok(()) => Trial::Stream,
        Err(_) if is_cut => Trial::Stream,
        Err(_) if output.is_empty() => Trial::Nothing,
        Err(_) => Trial::Perhaps(output),
    };
    Tried { trial, read }
}

/// Reads to the end, or so many bytes.
fn read_some(source: &mut dyn Read, output: &mut Zeroizing<Vec<u8>>, enough: usize) -> io::Result<()> {
    let mut piece = Zeroizing::new([0; MIN_OUTPUT]);
    while output.len() < enough {
        let read = source.read(&mut *piece)?;
        if read == 0 {
            break;
        }
        append(output, &piece[..read]);
    }
    Ok(())
}

type Open<'a> = fn(&'a mut dyn Stream) -> io::Result<Box<dyn Decoder<'a> + 'a>>;

/// The content of all members. What follows the last one is padding, and is searched as it is.
struct Members<'a> {
    open: Open<'a>,
    /// How the next one begins; `None`: there is one only.
    magic: Option<&'static [u8]>,
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
            let begins = |magic: &[u8]| stream.peek(magic.len()).is_ok_and(|head| head.starts_with(magic));
            if self.magic.is_some_and(begins) {
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
        _ if C::IS_SPLIT => "breaks off, or is kept in pieces: its rest is not unpacked".to_owned(),
        _ => format!("is broken {}: the rest of it cannot be unpacked", C::NAME),
    };
    io::Error::new(error.kind(), reason)
}
