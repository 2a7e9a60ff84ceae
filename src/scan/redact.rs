//! Overwriting tokens in a file, in the same length: a copy without them replaces the file once it is complete. The copy
//! never contains a token. A file in gzip is compressed anew.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use flate2::{Compression, GzBuilder, GzHeader};
use zeroize::Zeroizing;

use crate::files::{self, Symlinks, identity};
use crate::patterns::Matcher;

use super::extents::data_extents;
use super::formats::{HEAD, Stream, is_file_packed, is_packed};
use super::matches::{Dropped, PendingMatches, StreamMatch};
use super::reader::{Buffer, ScanReader, fill};
use super::report::Report;
use super::system::fingerprint;

/// What is overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redact {
    /// Nothing.
    Nothing,
    /// The tokens that are searched for.
    Tokens,
    /// These, and text that looks like a token.
    TokenLike,
}

impl Redact {
    /// Whether a report has findings that are to be overwritten.
    pub(super) fn applies_to(self, report: &Report) -> bool {
        match self {
            Redact::Nothing => false,
            Redact::Tokens => report.tokens.count > 0,
            Redact::TokenLike => report.tokens.count + report.token_like.count > 0,
        }
    }

    fn includes(self, found: &StreamMatch) -> bool {
        match self {
            Redact::Nothing => false,
            Redact::Tokens => found.token.is_some(),
            Redact::TokenLike => true,
        }
    }
}

/// Overwrites the findings in a file, and nothing else; returns how many there were.
///
/// # Errors
/// The reason why the file was not changed, in words that follow its name.
pub(super) fn overwrite(scanner: &Matcher, path: &Path, redact: Redact) -> Result<u64, String> {
    let (file, meta) = files::open(path, Symlinks::Refuse).map_err(|trouble| trouble.to_string())?;
    let gzip = plain_gzip(&file).unwrap_or_default();
    if is_file_packed(&file) && gzip.is_none() {
        return Err("is packed and was not changed: unpack it, redact its content, and pack it again".to_owned());
    }
    if files::hard_links(&file).map_or(true, |names| names > 1) {
        return Err("has other names (hard links) and was not changed: they would keep the content".to_owned());
    }
    replace(path, file, &meta, |file, copy| match &gzip {
        Some(header) => rewrite_gzip(scanner, file, header, copy, redact),
        None => rewrite(scanner, file, copy, redact),
    })
    .map_err(|error| format!("was not changed: it cannot be rewritten ({})", error.kind()))
}

/// Replaces a file with a copy that `rewrite` writes, which returns what it overwrote.
fn replace(
    path: &Path,
    file: File,
    meta: &Metadata,
    rewrite: impl FnOnce(&File, &File) -> io::Result<u64>,
) -> io::Result<u64> {
    let mut count = 0;
    let copy = files::stage_copy(path, &file, |copy| rewrite(&file, copy).map(|overwritten| count = overwritten))?;
    // What another program wrote meanwhile would be lost.
    let (current, now) = files::open(path, Symlinks::Refuse).map_err(|_| io::ErrorKind::ResourceBusy)?;
    let is_same = identity(&current)? == identity(&file)? && fingerprint(&now) == fingerprint(meta);
    // Windows does not replace a file that is open.
    drop((current, file));
    if !is_same {
        return Err(io::ErrorKind::ResourceBusy.into());
    }
    copy.replace_original().map(|()| count)
}

fn rewrite(scanner: &Matcher, mut file: &File, copy: &File, redact: Redact) -> io::Result<u64> {
    let (meta, mut count) = (file.metadata()?, 0);
    copy.set_len(meta.len())?;
    for extent in data_extents(file, &meta) {
        let Range { start, end } = extent?;
        file.seek(SeekFrom::Start(start))?;
        let mut source = file.take(end - start);
        count += copy_redacted(scanner, &mut source, start, redact, |piece, at| files::write_all_at(copy, piece, at))?;
    }
    Ok(count)
}

/// The header of a file in gzip whose content can be compressed anew: it is not packed itself, since its checksums would be
/// wrong, and the header has no field of another program, such as the lengths of blocks that an index points to.
fn plain_gzip(mut file: &File) -> io::Result<Option<GzHeader>> {
    file.seek(SeekFrom::Start(0))?;
    let mut gzip = MultiGzDecoder::new(BufReader::new(file));
    let mut head = Zeroizing::new([0; HEAD]);
    let len = fill(&mut gzip, &mut *head)?;
    let is_plain = !is_packed(&head[..len]);
    Ok(gzip.header().filter(|header| is_plain && header.extra().is_none()).cloned())
}

fn rewrite_gzip(scanner: &Matcher, mut file: &File, header: &GzHeader, copy: &File, redact: Redact) -> io::Result<u64> {
    file.seek(SeekFrom::Start(0))?;
    let mut source = MultiGzDecoder::new(BufReader::new(file));
    let mut builder = GzBuilder::new().mtime(header.mtime());
    if let Some(name) = header.filename() {
        builder = builder.filename(name);
    }
    if let Some(comment) = header.comment() {
        builder = builder.comment(comment);
    }
    let mut gzip = builder.write(copy, Compression::default());
    let count = copy_redacted(scanner, &mut source, 0, redact, |piece, _| gzip.write_all(piece))?;
    gzip.finish()?;
    Ok(count)
}

/// Writes what a source has without the findings in it; returns how many there were. The source begins at `start`.
fn copy_redacted(
    scanner: &Matcher,
    source: &mut dyn Read,
    start: u64,
    redact: Redact,
    mut write: impl FnMut(&[u8], u64) -> io::Result<()>,
) -> io::Result<u64> {
    let (mut buffer, pending) = (Buffer::new(scanner), PendingMatches::default());
    let mut reader = ScanReader::new(scanner, &mut buffer, source, start, &pending);
    // Matches that may continue in the next piece.
    let (mut open, mut count) = (Vec::<StreamMatch>::new(), 0);
    loop {
        let start = reader.position();
        let mut piece = Zeroizing::new(reader.fill_buf()?.to_vec());
        if piece.is_empty() {
            return Ok(count);
        }
        reader.consume(piece.len());
        // All matches that begin in the piece are known now.
        let end = reader.position();
        let before = open.len();
        open.extend(pending.take(0..end).into_iter().filter(|found| redact.includes(found)));
        count += (open.len() - before) as u64;
        if pending.dropped() != Dropped::default() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        open.iter().for_each(|found| blot_out(&mut piece, start, found));
        write(&piece, start)?;
        open.retain(|found| found.end() > end);
    }
}

/// Overwrites the part of a match that is in a piece beginning at `start`. Line breaks and blanks stay.
fn blot_out(piece: &mut [u8], start: u64, found: &StreamMatch) {
    let filler = found.encoding.filler();
    let place = |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(piece.len());
    let (from, to) = (place(found.start), place(found.end()));
    let is_text = |byte: &&mut u8| !byte.is_ascii_whitespace() && **byte != 0;
    piece[from..to].iter_mut().filter(is_text).for_each(|byte| *byte = filler);
}
