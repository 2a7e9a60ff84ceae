//! Overwrites traces in a file, with the same length: a copy without them takes the file's place once it is whole. No trace
//! is ever in the copy.

use std::fs::File;
use std::io::{self, BufRead, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use zeroize::Zeroizing;

use crate::files::{self, Symlinks, identity};
use crate::patterns::FastScan;

use super::file::{begins_packed, extents};
use super::layer::{Hit, Layer};
use super::system::state;
use super::tap::{Buffer, Tap};

/// Overwrites every trace in a file, and, where `likenesses` says so, what looks like a token; returns how many there were.
/// What holds something else stays as it is, to the byte.
///
/// # Errors
/// Why nothing was changed, in words that follow the file's name.
pub(super) fn redact(scanner: &FastScan, path: &Path, likenesses: bool) -> Result<u64, String> {
    let (file, meta) = files::open(path, Symlinks::Refuse).map_err(|trouble| trouble.to_string())?;
    if begins_packed(&file) {
        return Err("is packed and stays as it is: unpack it, redact what is in it, and pack it again".to_owned());
    }
    if files::hard_links(&file).map_or(true, |names| names > 1) {
        return Err("has other names (hard links), under which it would stay as it is".to_owned());
    }
    let mut count = 0;
    let done = files::stage_copy(path, &file, |copy| {
        copy.set_len(meta.len())?;
        for extent in extents(&file, &meta) {
            let (start, end) = extent?;
            (&file).seek(SeekFrom::Start(start))?;
            count += copy_without(scanner, &file, start..end, copy, likenesses)?;
        }
        Ok(())
    });
    let done = done.and_then(|copy| {
        // What was written meanwhile would be lost.
        let (there, now) = files::open(path, Symlinks::Refuse).map_err(|_| io::ErrorKind::ResourceBusy)?;
        let same = identity(&there)? == identity(&file)? && state(&now) == state(&meta);
        // Windows gives nobody the place of a file that is open.
        drop((there, file));
        if same { copy.replace_original() } else { Err(io::ErrorKind::ResourceBusy.into()) }
    });
    done.map(|()| count).map_err(|error| format!("stays as it is: it cannot be rewritten ({})", error.kind()))
}

/// Copies a range of a file, which stands at its beginning, without what is found in it; returns how much that was.
fn copy_without(
    scanner: &FastScan,
    mut file: &File,
    range: Range<u64>,
    copy: &File,
    likenesses: bool,
) -> io::Result<u64> {
    let mut buffer = Buffer::new(scanner);
    let mut part = io::Read::take(&mut file, range.end - range.start);
    let mut tap = Tap::new(scanner, &mut buffer, &mut part, range.start);
    // What was found and ends behind the last piece that was written.
    let (mut open, mut count) = (Vec::<Hit>::new(), 0);
    loop {
        let start = tap.position();
        let mut piece = Zeroizing::new(tap.fill_buf()?.to_vec());
        if piece.is_empty() {
            return Ok(count);
        }
        tap.consume(piece.len());
        // All that begins in the piece is known by now.
        let before = open.len();
        open.extend(tap.take_hits(0).into_iter().filter(|hit| likenesses || hit.token.is_some()));
        count += (open.len() - before) as u64;
        if tap.more() != (0, 0) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        open.iter().for_each(|hit| blot(&mut piece, start, hit));
        files::write_all_at(copy, &piece, start)?;
        open.retain(|hit| hit.at + hit.len > tap.position());
    }
}

/// Overwrites as much of a hit as a piece that begins at `start` holds. What is encoded can still be decoded, and a line
/// ends where it did.
fn blot(piece: &mut [u8], start: u64, hit: &Hit) {
    let filler = hit.encoding.filler();
    let place = |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(piece.len());
    let (from, to) = (place(hit.at), place(hit.at + hit.len));
    piece[from..to].iter_mut().filter(|byte| !matches!(byte, b'\r' | b'\n')).for_each(|byte| *byte = filler);
}
