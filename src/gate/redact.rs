//! Overwrites traces in a file, in place and with the same length: a copy takes the file's place once it is whole.

use std::fs::File;
use std::io::{self, BufRead, Seek, SeekFrom};
use std::path::Path;

use crate::files::{self, Links, identity};
use crate::traces::Kind;
use crate::traces::needles::Needles;

use super::file::{begins_packed, extents};
use super::layer::{Hit, Layer};
use super::system::state;
use super::tap::{Buffer, Tap};

/// Overwrites every trace in a file, and, where `likenesses` says so, what looks like a token; returns how many there were.
/// What holds something else stays as it is, to the byte.
///
/// # Errors
/// Why nothing was changed, in words that follow the file's name.
pub(super) fn redact(needles: &Needles, path: &Path, likenesses: bool) -> Result<u64, String> {
    let (file, meta) = files::open(path, Links::Refused).map_err(|trouble| trouble.to_string())?;
    if begins_packed(&file) {
        return Err("is packed and stays as it is: unpack it, redact what is in it, and pack it again".to_owned());
    }
    if files::names(&file).map_or(true, |names| names > 1) {
        return Err("has other names (hard links), under which it would stay as it is".to_owned());
    }
    let mut count = 0;
    let done = files::copy_beside(path, &file, |copy| {
        copy.set_len(meta.len())?;
        for extent in extents(&file, &meta) {
            let (start, end) = extent?;
            (&file).seek(SeekFrom::Start(start))?;
            (&*copy).seek(SeekFrom::Start(start))?;
            io::copy(&mut io::Read::take(&file, end - start), &mut &*copy)?;
            (&file).seek(SeekFrom::Start(start))?;
            count += overwrite(needles, &file, start..end, copy, likenesses)?;
        }
        Ok(())
    });
    let done = done.and_then(|copy| {
        // What was written meanwhile would be lost.
        let (there, now) = files::open(path, Links::Refused).map_err(|_| io::ErrorKind::ResourceBusy)?;
        let same = identity(&there)? == identity(&file)? && state(&now) == state(&meta);
        // Windows gives nobody the place of a file that is open.
        drop((there, file));
        if same { copy.take_place() } else { Err(io::ErrorKind::ResourceBusy.into()) }
    });
    done.map(|()| count).map_err(|error| format!("stays as it is: it cannot be rewritten ({})", error.kind()))
}

/// Overwrites in the copy what is found in the file, which stands at the beginning of the range.
fn overwrite(
    needles: &Needles,
    mut file: &File,
    range: std::ops::Range<u64>,
    copy: &File,
    likenesses: bool,
) -> io::Result<u64> {
    let mut buffer = Buffer::new(needles);
    let mut part = io::Read::take(&mut file, range.end - range.start);
    let mut tap = Tap::new(needles, &mut buffer, &mut part, range.start);
    let mut count = 0;
    loop {
        let read = tap.fill_buf()?.len();
        tap.consume(read);
        for hit in tap.take_hits(0).iter().filter(|hit| likenesses || hit.token.is_some()) {
            blot(hit, copy)?;
            count += 1;
        }
        if read == 0 {
            return Ok(count);
        }
    }
}

/// What is encoded can still be decoded, and a line ends where it did.
fn blot(hit: &Hit, copy: &File) -> io::Result<()> {
    let filler = match hit.kind {
        Kind::Base64 => b'A',
        Kind::Hex => b'0',
        Kind::Raw | Kind::Url | Kind::Json => b'*',
    };
    let mut bytes = zeroize::Zeroizing::new(vec![0; usize::try_from(hit.len).map_err(io::Error::other)?]);
    files::read_exact_at(copy, &mut bytes, hit.at)?;
    bytes.iter_mut().filter(|byte| !matches!(byte, b'\r' | b'\n')).for_each(|byte| *byte = filler);
    files::write_all_at(copy, &bytes, hit.at)
}
