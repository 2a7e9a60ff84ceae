//! The search of one file: opened without following a link or blocking, read to the end that it had when it was opened, and
//! read again where it changed meanwhile.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use crate::files::{self, Symlinks};
use crate::patterns::{Encoding, Extent};

use super::extents::{data_extents, is_sparse};
use super::formats::is_file_packed;
use super::progress::CountingReader;
use super::redact::{Redact, overwrite};
use super::report::{Finding, Location, Position, Problem, Report};
use super::search::{Search, TOO_MUCH, unpacking_budget};
use super::second_pass::TextPlaces;
use super::system::{extended_attributes, fingerprint, stored_size};

/// How often a file is searched that keeps changing.
const MAX_ATTEMPTS: usize = 3;

/// How many bytes are read of a file without a size, such as those in /proc.
const MAX_WITHOUT_SIZE: u64 = 64 << 20;

/// Whether a file is the one that was opened, and unchanged, once it has been read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unchanged,
    Changed,
}

/// Searches a file and what is packed in it. With `redact`, findings are overwritten.
pub(super) fn search_file(search: &mut Search, location: &mut Location, redact: Redact) {
    let before = std::mem::take(&mut search.report);
    for attempt in 1..=MAX_ATTEMPTS {
        search.report = Report::default();
        match search_once(search, location) {
            Ok(State::Changed) if attempt < MAX_ATTEMPTS => continue,
            Ok(State::Unchanged) if attempt < MAX_ATTEMPTS && search.shuffles.read_again() => continue,
            Ok(State::Unchanged) => {}
            Ok(State::Changed) => {
                search.unread(location, "keeps changing: its latest content is not searched".to_owned());
            }
            Err(_) if is_gone(&location.path) => {}
            Err(reason) => search.unread(location, reason),
        }
        break;
    }
    if files::is_stale(&location.path) {
        add_left_over(search, location);
        if redact != Redact::Nothing {
            remove(search, location);
        }
    } else if redact.applies_to(&search.report) && !is_temporary(&location.path) {
        redact_file(search, location, redact);
    }
    let file = std::mem::replace(&mut search.report, before);
    search.report.append(file);
}

/// Reports a temporary file that a killed co-cred process left behind. It is always a finding, since it may contain half
/// a token.
pub(super) fn add_left_over(search: &mut Search, location: &Location) {
    let (location, position) = (location.clone(), Position::LeftOver);
    let (encoding, extent) = (Encoding::Raw, Extent::Whole);
    search.report.add(Finding { location, position, encoding, token: None, extent, is_signed_url: false, place: None });
}

/// Whether a co-cred process that still runs has this file, and will rename or remove it.
fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(files::is_temporary)
}

/// Whether such a process has renamed or removed it since the folder was listed.
fn is_gone(path: &Path) -> bool {
    is_temporary(path) && path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn remove(search: &mut Search, location: &Location) {
    match files::remove_stale(&location.path) {
        true => search.report.removed += search.report.tokens.count + search.report.token_like.count,
        false => {
            let reason = "was left behind by co-cred and cannot be removed: remove it".to_owned();
            search.report.not_redacted.push(Problem { location: location.clone(), reason });
        }
    }
}

/// Overwrites what was found, and searches again: packed or encoded content may still contain a token.
fn redact_file(search: &mut Search, location: &mut Location, redact: Redact) {
    let overwritten = overwrite(search.scanner, &location.path, redact);
    let report = std::mem::take(&mut search.report);
    let reason = match &overwritten {
        Ok(_) => match search_once(search, location) {
            Ok(State::Unchanged) if !redact.applies_to(&search.report) => None,
            Ok(State::Unchanged) => Some(why_still_there(&search.report).to_owned()),
            Ok(State::Changed) => Some("is changing: it may still contain it".to_owned()),
            Err(reason) => Some(reason),
        },
        Err(reason) => Some(reason.clone()),
    };
    search.report = report;
    search.report.redacted += overwritten.unwrap_or_default();
    if let Some(reason) = reason {
        search.report.not_redacted.push(Problem { location: location.clone(), reason });
    }
}

/// Why a report has findings in a file that was overwritten, in words that follow its name.
fn why_still_there(report: &Report) -> &'static str {
    match report.tokens.items.iter().any(|finding| finding.position == Position::Attribute) {
        true => "still has it in an extended attribute: remove that",
        false => "still contains it, encoded or packed",
    }
}

/// Searches a file as it is now.
///
/// # Errors
/// The reason why it was not searched completely, in words that follow its name.
fn search_once(search: &mut Search, location: &mut Location) -> Result<State, String> {
    let (file, meta) = files::open(&location.path, Symlinks::Refuse).map_err(|trouble| trouble.to_string())?;
    search.begin_file(meta.len());
    search.report.files = 1;
    search_attributes(search, &file, location)?;
    search_contents(search, &file, &meta, location)
        .map_err(|error| format!("cannot be read to its end ({})", error.kind()))?;
    if meta.len() == 0 && search.report.bytes == MAX_WITHOUT_SIZE {
        return Err("has no size and no end: it is not searched completely".to_owned());
    }
    let state = current_state(&file, &meta)?;
    if state == State::Changed || meta.len() == 0 || !TextPlaces::are_wanted(&search.report) {
        return Ok(state);
    }
    let Ok(places) = read_places(&search.report, &file, &location.path) else { return Ok(state) };
    let state = current_state(&file, &meta)?;
    if state == State::Unchanged {
        places.add_to(&mut search.report);
    }
    Ok(state)
}

/// Whether a file has changed since it had this metadata.
fn current_state(file: &File, before: &Metadata) -> Result<State, String> {
    let now = file.metadata().map_err(|error| format!("has unreadable metadata ({})", error.kind()))?;
    Ok(if fingerprint(before) == fingerprint(&now) { State::Unchanged } else { State::Changed })
}

fn read_places(report: &Report, mut file: &File, path: &Path) -> io::Result<TextPlaces> {
    file.seek(SeekFrom::Start(0))?;
    Ok(TextPlaces::read(report, &mut file, path))
}

/// Searches the names and values of the extended attributes.
fn search_attributes(search: &mut Search, file: &File, location: &Location) -> Result<(), String> {
    let attributes =
        extended_attributes(file).map_err(|error| format!("has unreadable extended attributes ({})", error.kind()))?;
    attributes.iter().for_each(|attribute| search.text(attribute, |_| Position::Attribute, location));
    Ok(())
}

fn search_contents(search: &mut Search, file: &File, meta: &Metadata, location: &mut Location) -> io::Result<()> {
    let len = meta.len();
    if len == 0 {
        return search_range(search, file, 0..MAX_WITHOUT_SIZE, location);
    }
    if !is_sparse(meta) {
        return search_range(search, file, 0..len, location);
    }
    if is_file_packed(file) {
        // To be unpacked, a file must be read whole, holes included: only where they are not far more than the data.
        if len <= unpacking_budget(stored_size(meta)) {
            return search_range(search, file, 0..len, location);
        }
        search.unread(location, TOO_MUCH.to_owned());
    }
    data_extents(file, meta).try_for_each(|extent| search_range(search, file, extent?, location))
}

fn search_range(search: &mut Search, mut file: &File, range: Range<u64>, location: &mut Location) -> io::Result<()> {
    if range.start > 0 {
        file.seek(SeekFrom::Start(range.start))?;
    }
    let mut source = CountingReader::new(file.take(range.end - range.start), search.progress);
    let done = search.stream(&mut source, range.start, location);
    search.report.bytes += source.bytes;
    done
}
