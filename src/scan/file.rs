//! One file: opened without following a link or waiting, searched to the end that it had then, and once more where it
//! changed meanwhile. The holes of a sparse file hold nothing, and are not read.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use crate::files::{self, Symlinks};
use crate::patterns::Encoding;

use super::system::{data, state, stored};
use super::unpack::{Search, TOO_MUCH, is_packed, most_of};
use super::{At, Finding, Gap, Progress, Redact, Report, Site, tar};

/// So often a file is searched that changes under our eyes.
const TRIES: usize = 3;

/// So much is read of what has no size, as files that the kernel makes up.
const OF_NO_SIZE: u64 = 64 << 20;

/// Searches a file, and what is packed in it; overwrites what is found, where that is asked for.
pub(super) fn look(search: &mut Search, site: &mut Site, redact: Redact) {
    let before = std::mem::take(&mut search.report);
    for attempt in 1..=TRIES {
        search.report = Report::default();
        match once(search, site) {
            Ok(false) if attempt < TRIES => continue,
            Ok(true) => {}
            Ok(false) => search.unread(site, "goes on changing: what was written last is not searched".to_owned()),
            Err(_) if is_gone(&site.path) => {}
            Err(why) => search.unread(site, why),
        }
        break;
    }
    if files::is_stale(&site.path) {
        left_over(search, site);
        if redact != Redact::Nothing {
            remove(search, site);
        }
    } else if wanted(&search.report, redact) > 0 && !is_temporary(&site.path) {
        overwrite(search, site, redact);
    }
    let this = std::mem::replace(&mut search.report, before);
    search.report.join(this);
}

/// A temporary file of co-cred's own is no file of the user's. Whatever is found in it, there may be half a token.
pub(super) fn left_over(search: &mut Search, site: &Site) {
    search.report.found(Finding { site: site.clone(), at: At::LeftOver, encoding: Encoding::Raw, token: None });
}

/// A command that still runs has this file, and will rename or remove it.
fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(files::is_temporary)
}

/// Whether such a command has done so since the folder was listed.
fn is_gone(path: &Path) -> bool {
    is_temporary(path) && path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn remove(search: &mut Search, site: &Site) {
    match files::remove_stale(&site.path) {
        true => search.report.removed += search.report.encodings.all + search.report.likenesses.all,
        false => {
            let why = "was left behind and cannot be removed: remove it".to_owned();
            search.report.left.push(Gap { site: site.clone(), why });
        }
    }
}

/// How much there is to overwrite.
pub(super) fn wanted(report: &Report, redact: Redact) -> u64 {
    match redact {
        Redact::Nothing => 0,
        Redact::Encodings => report.encodings.all,
        Redact::Likenesses => report.encodings.all + report.likenesses.all,
    }
}

/// Overwrites what was found, and looks once more: what is packed or encoded in it may be left.
fn overwrite(search: &mut Search, site: &mut Site, redact: Redact) {
    let done = super::redact::redact(search.scanner, &site.path, redact == Redact::Likenesses);
    let report = std::mem::take(&mut search.report);
    let why = match &done {
        Ok(_) => match once(search, site) {
            Ok(true) if wanted(&search.report, redact) == 0 => None,
            Ok(true) => Some("still holds it, encoded or packed".to_owned()),
            Ok(false) => Some("changes: it may still hold it".to_owned()),
            Err(why) => Some(why),
        },
        Err(why) => Some(why.clone()),
    };
    search.report = report;
    search.report.redacted += done.unwrap_or_default();
    if let Some(why) = why {
        search.report.left.push(Gap { site: site.clone(), why });
    }
}

/// Whether it is still what it was.
fn once(search: &mut Search, site: &mut Site) -> Result<bool, String> {
    let (file, meta) = files::open(&site.path, Symlinks::Refuse).map_err(|trouble| trouble.to_string())?;
    search.begin(meta.len());
    let stored = stored(&meta);
    search.report.files = 1;
    let read = match meta.len() {
        0 => part(search, &file, 0..OF_NO_SIZE, site),
        // A packed file is unpacked from its first byte to its last.
        len if !is_sparse(&meta) => part(search, &file, 0..len, site),
        // Unless it is hardly there: what seems to be packed in it is holes.
        len if begins_packed(&file) && len <= most_of(stored) => part(search, &file, 0..len, site),
        _ if begins_packed(&file) => {
            search.unread(site, TOO_MUCH.to_owned());
            in_extents(search, &file, &meta, site)
        }
        _ => in_extents(search, &file, &meta, site),
    };
    read.map_err(|error| format!("cannot be read to its end ({})", error.kind()))?;
    if meta.len() == 0 && search.report.bytes == OF_NO_SIZE {
        return Err("has no size and no end: not all of it is searched".to_owned());
    }
    let now = file.metadata().map_err(|error| format!("cannot be looked at ({})", error.kind()))?;
    Ok(state(&meta) == state(&now))
}

fn in_extents(search: &mut Search, file: &File, meta: &Metadata, site: &mut Site) -> io::Result<()> {
    for extent in extents(file, meta) {
        let (start, end) = extent?;
        part(search, file, start..end, site)?;
    }
    Ok(())
}

fn part(search: &mut Search, mut file: &File, range: Range<u64>, site: &mut Site) -> io::Result<()> {
    if range.start > 0 {
        file.seek(SeekFrom::Start(range.start))?;
    }
    let mut source = Source { from: file.take(range.end - range.start), progress: search.progress, read: 0 };
    let done = search.stream(&mut source, range.start, site);
    search.report.bytes += source.read;
    done
}

/// Where a file has data: from its beginning to its end, but for the holes of one that is mostly holes.
pub(super) fn extents(file: &File, meta: &Metadata) -> impl Iterator<Item = io::Result<(u64, u64)>> {
    let (len, sparse) = (meta.len(), is_sparse(meta));
    let mut from = 0;
    std::iter::from_fn(move || {
        if !sparse {
            let start = std::mem::replace(&mut from, len);
            return (start < len).then_some(Ok((start, len)));
        }
        let extent = data(file, from).map(|data| data.map(|(start, end)| (start, end.min(len)))).transpose()?;
        // After an error there is nothing more to ask.
        from = extent.as_ref().map_or(len, |(_, end)| *end);
        (!matches!(extent, Ok((start, end)) if start >= end)).then_some(extent)
    })
}

/// Whether so much less is stored than the file's size that holes are worth looking for.
fn is_sparse(meta: &Metadata) -> bool {
    const WORTH: u64 = 1 << 20;
    meta.len() > WORTH && stored(meta) < meta.len() / 2
}

pub(super) fn begins_packed(file: &File) -> bool {
    let mut head = [0; tar::BLOCK];
    let read = files::read_at(file, &mut head, 0).unwrap_or_default();
    is_packed(&head[..read])
}

/// What is read, so that it is seen how far that has come.
pub(super) struct Source<'a, R> {
    pub(super) from: R,
    pub(super) progress: &'a Progress,
    pub(super) read: u64,
}

impl<R: Read> Read for Source<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        self.read += read as u64;
        self.progress.bytes(read);
        Ok(read)
    }
}

/// Searches for traces where there is no file to read: a name, the target of a link. No such trace can be overwritten.
pub(super) fn look_at_text(search: &mut Search, text: &[u8], at: At, site: &Site) {
    for found in search.scanner.find(text) {
        let finding = Finding { site: site.clone(), at, encoding: found.encoding, token: found.token };
        search.report.found(finding);
    }
}
