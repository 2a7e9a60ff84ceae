//! What is packed in a layer, and how it is looked into: by what it begins with, as `file` would tell. Names alone lead only
//! to what a file may hold further on: base64 in a page, an archive behind a script.

use std::cell::Cell;
use std::io::{self, Read};

use memchr::memmem;

use crate::patterns::FastScan;

use super::layer::{Hit, Layer};
use super::tap::{Buffer, Tap};
use super::{At, Finding, Gap, Progress, Report, Site, base64, gzip, tar, zip};

/// What is packed deeper than this is not looked into.
const DEEPEST: usize = 8;

/// So much may come out of one byte of a file, over all that is packed in it: deflate alone makes a thousand of one.
const OUT_OF_ONE: u64 = 2_000;

/// So much may come out of any file.
const OUT_OF_ANY: u64 = 1 << 30;

/// One thread's search: what it looks for, and what it has found.
pub(super) struct Search<'a> {
    pub(super) scanner: &'a FastScan,
    pub(super) progress: &'a Progress,
    /// What was found in the present file, and what of it was not searched.
    pub(super) report: Report,
    /// The same of all files before it.
    before: Report,
    buffers: Vec<Buffer>,
    /// So much more may come out of this file.
    left: u64,
}

/// What a layer begins with.
enum Form {
    Gzip,
    Zip,
    /// Perhaps one behind something else.
    LateZip,
    Tar,
    /// Text with base64 in it: a notebook, a page made of one, a mail.
    Text,
    Plain,
    /// A form of compression that is not looked into.
    Other(&'static str),
}

/// The names of files in which base64 is looked for.
const TEXTS: [&str; 7] = [".ipynb", ".html", ".htm", ".svg", ".eml", ".mht", ".mhtml"];

/// The names of zip archives that may begin with something else: a script that runs them, or unpacks them.
const ZIPS: [&str; 5] = [".zip", ".npz", ".pyz", ".pex", ".whl"];

/// So much of a name is shown.
const NAME: usize = 256;

/// What other compressed files begin with.
const OTHERS: [(&[u8], &str); 6] = [
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
];

impl Form {
    fn of(head: &[u8], name: &str) -> Form {
        let ends = |end: &&str| {
            let at = name.len().checked_sub(end.len());
            at.is_some_and(|at| name.as_bytes()[at..].eq_ignore_ascii_case(end.as_bytes()))
        };
        match head {
            [0x1f, 0x8b, 8, ..] => Form::Gzip,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Form::Zip,
            head if tar::begins(head) => Form::Tar,
            head => match OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
                Some((_, format)) => Form::Other(format),
                None if head.starts_with(b"#!") || ZIPS.iter().any(ends) => Form::LateZip,
                None if TEXTS.iter().any(ends) || is_notebook(head) => Form::Text,
                None => Form::Plain,
            },
        }
    }
}

fn is_notebook(head: &[u8]) -> bool {
    head.first() == Some(&b'{') && memmem::find(head, b"\"cells\"").is_some()
}

/// Whether a file that begins so is packed, so that a byte of it cannot be changed without breaking it.
pub(super) fn is_packed(head: &[u8]) -> bool {
    matches!(Form::of(head, ""), Form::Gzip | Form::Zip | Form::Tar | Form::Other(_))
}

impl<'a> Search<'a> {
    pub(super) fn new(scanner: &'a FastScan, progress: &'a Progress) -> Search<'a> {
        let (report, before) = (Report::default(), Report::default());
        Search { scanner, progress, report, before, buffers: Vec::new(), left: 0 }
    }

    /// Another file comes next: what was reported since the one before counts as one file's.
    pub(super) fn end_file(&mut self) {
        let file = std::mem::take(&mut self.report);
        self.before.add_file(file);
    }

    /// All that was reported.
    pub(super) fn end(mut self) -> Report {
        self.end_file();
        self.before
    }

    /// A file begins, of this size.
    pub(super) fn begin(&mut self, size: u64) {
        self.left = most_of(size);
    }

    /// Searches a stream to its end, and what is packed in it; it begins at this place of what it is a part of.
    ///
    /// # Errors
    /// It cannot be read to its end.
    pub(super) fn stream(&mut self, from: &mut dyn Read, start: u64, site: &mut Site) -> io::Result<()> {
        let mut buffer = self.buffers.pop().unwrap_or_else(|| Buffer::new(self.scanner));
        let mut tap = Tap::new(self.scanner, &mut buffer, from, start);
        if start == 0 {
            self.look(&mut tap, site);
        }
        let done = self.drain(&mut tap, 0, site);
        self.report.encodings.all += tap.more().0;
        self.report.likenesses.all += tap.more().1;
        self.buffers.push(buffer);
        done
    }

    /// The same for what comes out of an unpacker, under a name; how much may come is bounded.
    ///
    /// # Errors
    /// It is broken.
    pub(super) fn unpacked(&mut self, from: &mut dyn Read, name: String, site: &mut Site) -> io::Result<()> {
        let left = Cell::new(self.left);
        site.inside.push(name);
        let done = self.stream(&mut Metered { from, left: &left }, 0, site);
        site.inside.pop();
        self.left = self.left.min(left.get());
        done
    }

    /// Looks into what is packed in a layer that is searched in any case; what cannot be looked into is noted.
    pub(super) fn look(&mut self, layer: &mut dyn Layer, site: &mut Site) {
        let done = self.look_into(layer, site);
        if let Err(error) = done {
            self.unread(site, error.to_string());
        }
    }

    fn look_into(&mut self, layer: &mut dyn Layer, site: &mut Site) -> io::Result<()> {
        loop {
            let name = site.inside.last().map_or(site.file.as_str(), |name| name.as_str());
            let head = layer.peek(tar::BLOCK)?;
            if head.is_empty() {
                return Ok(());
            }
            let form = Form::of(head, name);
            if !matches!(form, Form::Plain | Form::Other(_)) && site.inside.len() >= DEEPEST {
                return Err(io::Error::other("holds something packed too deeply to be looked into"));
            }
            match form {
                Form::Gzip => gzip::look(self, layer, site)?,
                Form::Zip => zip::look(self, layer, site)?,
                Form::LateZip => zip::look_behind(self, layer, site)?,
                Form::Tar => tar::look(self, layer, site)?,
                Form::Text => return base64::look(self, layer, site),
                Form::Other(format) => {
                    let why = format!("is compressed ({format}), which is not looked into");
                    self.report.unopened.push(Gap { site: site.clone(), why });
                    return Ok(());
                }
                Form::Plain => return Ok(()),
            }
            // Another may follow, behind padding.
            skip_zeros(layer)?;
        }
    }

    /// Looks into a member of a layer, whose bytes are searched as the layer's: what was found in them is the member's.
    ///
    /// # Errors
    /// The layer cannot be read, or ends too early.
    pub(super) fn member(&mut self, layer: &mut dyn Layer, name: String, site: &mut Site) -> io::Result<()> {
        let start = layer.position();
        site.inside.push(name);
        self.look(layer, site);
        let done = self.drain(layer, start, site);
        site.inside.pop();
        done
    }

    /// Reads what is left, and reports what was found from here on.
    fn drain(&mut self, layer: &mut dyn Layer, start: u64, site: &Site) -> io::Result<()> {
        loop {
            let read = layer.fill_buf().map(<[u8]>::len);
            layer.consume(*read.as_ref().unwrap_or(&0));
            self.found(&layer.take_hits(start), start, site);
            if read? == 0 {
                return Ok(());
            }
        }
    }

    /// Reports what was found in something that begins at this place.
    pub(super) fn found(&mut self, hits: &[Hit], start: u64, site: &Site) {
        for hit in hits {
            let at = At::Byte(hit.at - start);
            self.report.found(Finding { site: site.clone(), at, encoding: hit.encoding, token: hit.token });
        }
    }

    /// A member's name as it may be shown; it may be of any length.
    pub(super) fn name(&self, bytes: &[u8]) -> String {
        let name = self.scanner.mask(bytes);
        match name.char_indices().nth(NAME) {
            Some((end, _)) => format!("{}…", &name[..end]),
            None => name,
        }
    }

    /// Notes what could not be searched; once, where what it is packed in ends with it.
    pub(super) fn unread(&mut self, site: &Site, why: String) {
        let last = self.report.unread.some.last().map(|gap| &gap.site);
        let told = last.is_some_and(|last| last.path == site.path && last.inside.starts_with(&site.inside));
        if !told {
            self.report.unread.push(Gap { site: site.clone(), why });
        }
    }
}

/// So much may come out of a file of this size.
pub(super) fn most_of(size: u64) -> u64 {
    size.saturating_mul(OUT_OF_ONE).max(OUT_OF_ANY)
}

/// What is said of a bomb.
pub(super) const TOO_MUCH: &str = "unpacks to far more than it is: not looked into any further";

/// Skips the padding of an archive.
fn skip_zeros(layer: &mut dyn Layer) -> io::Result<()> {
    loop {
        let bytes = layer.fill_buf()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        if zeros == 0 {
            return Ok(());
        }
        layer.consume(zeros);
    }
}

/// Stops where more comes than may.
struct Metered<'a> {
    from: &'a mut dyn Read,
    left: &'a Cell<u64>,
}

impl Read for Metered<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        match self.left.get().checked_sub(read as u64) {
            Some(left) => self.left.set(left),
            None => return Err(io::Error::new(io::ErrorKind::FileTooLarge, TOO_MUCH)),
        }
        Ok(read)
    }
}
