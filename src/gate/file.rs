//! One file: opened without following a link or waiting, searched to the end that it had then, and once more where it
//! changed meanwhile. The holes of a sparse file hold nothing, and are not read.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::files;

use super::unpack::{Search, is_packed};
use super::{Progress, Site, tar};

/// So often a file is searched that changes under our eyes.
const TRIES: usize = 3;

/// So much is read of what has no size, as files that the kernel makes up.
const OF_NO_SIZE: u64 = 64 << 20;

/// Searches a file, and what is packed in it.
pub(super) fn look(search: &mut Search, site: &mut Site) {
    for attempt in 1.. {
        let before = std::mem::take(&mut search.report);
        let steady = once(search, site);
        let this = std::mem::replace(&mut search.report, before);
        match steady {
            Ok(false) if attempt < TRIES => continue,
            Ok(steady) => {
                search.report.add(this);
                if !steady {
                    search.unread(site, "goes on changing: what was written last is not searched".to_owned());
                }
            }
            Err(why) => {
                search.report.add(this);
                search.unread(site, why);
            }
        }
        return;
    }
}

/// Whether it is still what it was.
fn once(search: &mut Search, site: &mut Site) -> Result<bool, String> {
    let (file, meta) = files::open(&site.path, OFlags::NOFOLLOW).map_err(|trouble| trouble.to_string())?;
    search.begin(meta.len());
    search.report.files = 1;
    let read = match meta.len() {
        0 => part(search, &file, 0..OF_NO_SIZE, site),
        // A packed file is unpacked from its first byte to its last.
        len if !is_sparse(&meta) || begins_packed(&file) => part(search, &file, 0..len, site),
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
    let mut source = Source { file: file.take(range.end - range.start), progress: search.progress, read: 0 };
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
        let start = next_data(file, from).transpose()?;
        let extent = start.and_then(|start| {
            let end = rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(start))?;
            Ok((start, end.min(len)))
        });
        // After an error there is nothing more to ask.
        from = extent.as_ref().map_or(len, |(_, end)| *end);
        (!matches!(extent, Ok((start, end)) if start >= end)).then_some(extent)
    })
}

/// Where data begins from here on; `None`: there is only a hole.
fn next_data(file: &File, from: u64) -> io::Result<Option<u64>> {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(from)) {
        Ok(start) => Ok(Some(start)),
        Err(Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether so much less is stored than the file's size that holes are worth looking for.
fn is_sparse(meta: &Metadata) -> bool {
    const WORTH: u64 = 1 << 20;
    meta.len() > WORTH && meta.blocks().saturating_mul(512) < meta.len() / 2
}

pub(super) fn begins_packed(file: &File) -> bool {
    let mut head = [0; tar::BLOCK];
    let read = file.read_at(&mut head, 0).unwrap_or_default();
    is_packed(&head[..read])
}

/// What is another after a change.
pub(super) fn state(meta: &Metadata) -> (u64, i64, i64, i64, i64) {
    (meta.len(), meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec())
}

/// A file, whose progress is seen.
struct Source<'a> {
    file: io::Take<&'a File>,
    progress: &'a Progress,
    read: u64,
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.read += read as u64;
        self.progress.bytes(read);
        Ok(read)
    }
}

/// Searches for traces where there is no file to read: a name, the target of a link.
pub(super) fn look_at_text(search: &mut Search, text: &[u8], at: super::At, site: &Site) {
    for found in search.needles.find(text) {
        let finding = super::Finding { site: site.clone(), at, kind: found.kind, token: found.token };
        search.report.found(finding);
    }
}
