//! Gzip: one member after the other, as one stream (RFC 1952, section 2.2).

use std::io::{self, Read};

use flate2::bufread::GzDecoder;

use super::Site;
use super::layer::Layer;
use super::unpack::Search;

pub(super) fn look(search: &mut Search, layer: &mut dyn Layer, site: &mut Site) -> io::Result<()> {
    let name = name_of(site.inside.last().unwrap_or(&site.file));
    let mut members = Members { decoder: Some(GzDecoder::new(layer)) };
    search.unpacked(&mut members, name, site)
}

/// What is packed in a file of this name.
fn name_of(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or_default();
    let stem = file.strip_suffix(".gz").or_else(|| file.strip_suffix(".bgz")).map(str::to_owned);
    stem.or_else(|| Some(format!("{}.tar", file.strip_suffix(".tgz")?))).unwrap_or_else(|| "gzip".to_owned())
}

/// What the members hold. What follows the last and is none is padding, which is searched as it is.
struct Members<'a> {
    decoder: Option<GzDecoder<&'a mut dyn Layer>>,
}

impl Read for Members<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let read = decoder.read(into).map_err(broken)?;
            if read > 0 {
                return Ok(read);
            }
            self.decoder = self.decoder.take().map(GzDecoder::into_inner).and_then(another);
        }
        Ok(0)
    }
}

/// The member that begins here, if one does.
fn another(layer: &mut dyn Layer) -> Option<GzDecoder<&mut dyn Layer>> {
    let begins = layer.peek(2).is_ok_and(|head| head.starts_with(&[0x1f, 0x8b]));
    begins.then(|| GzDecoder::new(layer))
}

fn broken(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), "is broken gzip: the rest of it cannot be unpacked")
}
