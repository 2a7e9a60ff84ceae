//! Zlib (RFC 1950): what HDF5, PNG, PDF, MAT files, pickles and Git keep compressed data in.

use std::io;

use flate2::bufread::ZlibDecoder;

use super::compressed::{Compression, Decoder};
use super::deflate;
use super::embedded::Start;
use super::starts::is_zlib;
use super::stream::Stream;

pub(super) struct Zlib;

impl Compression for Zlib {
    const NAME: &'static str = "zlib";
    /// The first byte has the method and the size of the window.
    const MAGIC: &'static [u8] = &[];
    const STARTS: &'static [Start] = &[];
    const SUFFIXES: &'static [(&'static str, &'static str)] = &[(".zz", ""), (".zlib", ""), (".z", "")];
    const HAS_MEMBERS: bool = false;
    const IS_SPLIT: bool = true;
    const WINDOW: usize = deflate::WINDOW;

    fn may_begin(bytes: &[u8]) -> bool {
        matches!(bytes, [method, check, data @ ..] if is_zlib([*method, *check]) && deflate::may_begin(data))
    }

    fn is_certain(bytes: &[u8]) -> bool {
        deflate::is_certain(&bytes[2..])
    }

    fn open<'a>(stream: &'a mut dyn Stream) -> io::Result<Box<dyn Decoder<'a> + 'a>> {
        Ok(Box::new(ZlibDecoder::new(stream)))
    }
}

impl<'a> Decoder<'a> for ZlibDecoder<&'a mut dyn Stream> {
    fn into_stream(self: Box<Self>) -> &'a mut dyn Stream {
        self.into_inner()
    }
}
