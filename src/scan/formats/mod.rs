//! The packed formats that are searched, in tables. The readers know no tokens: they show a [`Visitor`] what is packed.
//!
//! A new format is one file and one line of a table.

mod base64_text;
mod blosc;
mod bzip2;
mod compressed;
mod deflate;
mod embedded;
mod format;
mod gzip;
mod lz4;
mod lzip;
mod lzma;
mod orc;
mod pdf_text;
mod png;
mod shuffle;
mod starts;
mod stream;
mod tar;
mod xz;
mod zip;
mod zlib;
mod zstd;

use std::fs::File;

use crate::files;

pub(super) use embedded::{Embedded, Finder, Found};
pub(super) use format::{Encoded, Format, HEAD, Visitor};
pub(super) use stream::{Stream, skip_zeros};

/// Formats that a content has from its first byte on.
const PACKED: [Format; 11] = [
    compressed::format::<gzip::Gzip>(),
    compressed::format::<bzip2::Bzip2>(),
    compressed::format::<xz::Xz>(),
    compressed::format::<zstd::Zstd>(),
    compressed::format::<lz4::Lz4>(),
    compressed::format::<lzip::Lzip>(),
    lzma::FORMAT,
    zip::FORMAT,
    tar::FORMAT,
    png::FORMAT,
    orc::FORMAT,
];

/// The first bytes of compressed formats that are not unpacked, and their names.
const UNSUPPORTED: [(&[u8], &str); 4] = [
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x1f\x9d", "compress"),
    (b"PARE", "encrypted Parquet"),
];

/// Formats that a content of another format may have anywhere; besides base64, which is looked for in another way.
const EMBEDDED: [Embedded; 10] = [
    compressed::embedded::<zlib::Zlib>(),
    compressed::embedded::<gzip::Gzip>(),
    compressed::embedded::<bzip2::Bzip2>(),
    compressed::embedded::<xz::Xz>(),
    compressed::embedded::<zstd::Zstd>(),
    compressed::embedded::<lz4::Lz4>(),
    compressed::embedded::<lzip::Lzip>(),
    zip::EMBEDDED,
    blosc::EMBEDDED,
    pdf_text::EMBEDDED,
];

/// The format of a content.
pub(super) enum Detected {
    /// It is unpacked.
    Supported(&'static Format),
    /// It has this name, and is not unpacked.
    Unsupported(&'static str),
}

/// The format of a content with these first bytes and this name; `None`: it is not packed.
pub(super) fn detect(head: &[u8], name: &str) -> Option<Detected> {
    PACKED
        .iter()
        .find(|format| (format.matches)(head, name))
        .map(Detected::Supported)
        .or_else(|| unsupported(head).map(Detected::Unsupported))
}

fn unsupported(head: &[u8]) -> Option<&'static str> {
    UNSUPPORTED.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name)
}

/// Whether a content with these first bytes is packed, so that no byte of it can be changed without damage.
pub(super) fn is_packed(head: &[u8]) -> bool {
    PACKED.iter().any(|format| (format.matches)(head, "")) || unsupported(head).is_some()
}

/// The same for a file.
pub(super) fn is_file_packed(file: &File) -> bool {
    let mut head = [0; HEAD];
    let read = files::read_at(file, &mut head, 0).unwrap_or_default();
    is_packed(&head[..read])
}
