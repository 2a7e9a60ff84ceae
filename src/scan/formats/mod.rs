//! The packed formats that are searched, in tables. The readers know no tokens: they show a [`Visitor`] what is packed.
//!
//! A new format is one file and one line of a table.

mod base64_text;
mod blosc;
mod bytes;
mod bzip2;
mod compressed;
mod deflate;
mod embedded;
mod finder;
mod format;
mod git_patch;
mod glyphs;
mod gzip;
mod hdf5;
mod lz4;
mod lzip;
mod lzma;
mod matlab;
mod orc;
mod parquet;
mod pdf_text;
mod png;
mod shuffle;
mod starts;
mod stream;
mod tar;
mod unsupported;
mod xz;
mod zip;
mod zlib;
mod zstd;

use std::fs::File;

use crate::files;

pub(super) use embedded::Embedded;
pub(super) use finder::{Finder, Found};
pub(super) use format::{Encoded, Format, HEAD, Visitor};
pub(super) use shuffle::unshuffle_bytes;
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

/// Formats that a content of another format may have anywhere; besides base64, which is looked for in another way.
const EMBEDDED: [Embedded; 15] = [
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
    glyphs::EMBEDDED,
    git_patch::EMBEDDED,
    hdf5::EMBEDDED,
    parquet::EMBEDDED,
    matlab::EMBEDDED,
];

/// The format of a content.
pub(super) enum Detected {
    /// It is unpacked.
    Supported(&'static Format),
    /// It is not unpacked, for this reason, in words that follow the name of the content.
    Unsupported(&'static str),
}

/// The format of a content with these first bytes and this name; `None`: it is not packed.
pub(super) fn detect(head: &[u8], name: &str) -> Option<Detected> {
    let supported = PACKED.iter().find(|format| (format.matches)(head, name)).map(Detected::Supported);
    supported.or_else(|| unsupported::reason(head, name).map(Detected::Unsupported))
}

/// Whether a content with these first bytes is packed, so that no byte of it can be changed without damage.
pub(super) fn is_packed(head: &[u8]) -> bool {
    detect(head, "").is_some()
}

/// Whether a short content may be packed, or hold what is.
pub(super) fn may_hold_packed(content: &[u8]) -> bool {
    is_packed(content)
        || starts::first_start(content, 0, content.len()).is_some()
        || base64_text::first_run(content, 0, content.len()).is_some()
}

/// The same for a file.
pub(super) fn is_file_packed(file: &File) -> bool {
    let mut head = [0; HEAD];
    let read = files::read_at(file, &mut head, 0).unwrap_or_default();
    is_packed(&head[..read])
}
