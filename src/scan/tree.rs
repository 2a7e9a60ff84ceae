//! The search of folders, on all cores: each thread takes the next entries. Links are not followed; those that lead out of
//! their folder are reported.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use walkdir::{DirEntry, WalkDir};

use crate::patterns::Matcher;

use super::file::search_file;
use super::progress::{CountingReader, Progress};
use super::redact::Redact;
use super::report::{Location, Position, Problem, Report};
use super::search::Search;
use super::system::{is_link_loop, special_name};

/// More threads are no faster, and each needs memory.
const MAX_THREADS: usize = 16;

/// A stream has no known size: as much may be unpacked from it as from a file of this size.
const STREAM_SIZE: u64 = 1 << 30;

/// How many entries a thread takes at once.
const BATCH: usize = 16;

/// How many nested folders are open at once. In deeper trees, the rest of the outer ones is kept in memory.
const MAX_OPEN: usize = 200;

/// Searches every file below these folders, which may also be files, or links to either. With `redact`, findings are
/// overwritten.
pub fn scan(scanner: &Matcher, roots: &[PathBuf], redact: Redact, progress: &Progress) -> Report {
    let mut report = Report::default();
    for root in roots {
        let real = root.canonicalize().ok();
        report.append(match root.is_dir() {
            true => search_folder(scanner, root, real.as_deref(), redact, progress),
            false => search_named(scanner, root, real, redact, progress),
        });
    }
    report.sort();
    report
}

/// Searches a stream to its end, and what is packed in it.
pub fn scan_stream(scanner: &Matcher, input: &mut dyn Read, progress: &Progress) -> Report {
    let mut search = Search::new(scanner, progress);
    let mut location = Location { path: "-".into(), display: "standard input".to_owned(), inside: Vec::new() };
    search.begin_file(STREAM_SIZE);
    search.report.files = 1;
    let mut input = CountingReader::new(input, progress);
    if let Err(error) = search.stream(&mut input, 0, &mut location) {
        search.unread(&location, format!("cannot be read to its end ({})", error.kind()));
    }
    search.report.bytes = input.bytes;
    search.tell_late_shuffles(&location);
    let mut report = search.finish();
    report.sort();
    report
}

fn search_folder(scanner: &Matcher, root: &Path, real: Option<&Path>, redact: Redact, progress: &Progress) -> Report {
    let walk = Mutex::new(WalkDir::new(root).max_open(MAX_OPEN).into_iter());
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
    let work = || {
        let mut search = Search::new(scanner, progress);
        loop {
            let batch: Vec<_> = walk.lock().unwrap_or_else(PoisonError::into_inner).by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return search.finish();
            }
            for entry in batch {
                search_entry(&mut search, entry, root, real, redact);
                search.end_file();
            }
        }
    };
    thread::scope(|scope| {
        // Where the system allows no more threads, fewer do the work.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        let mut report = work();
        for other in others {
            report.append(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        report
    })
}

/// Searches a file that was named itself, perhaps by a link.
fn search_named(scanner: &Matcher, root: &Path, real: Option<PathBuf>, redact: Redact, progress: &Progress) -> Report {
    let mut search = Search::new(scanner, progress);
    let mut location = location(&search, root);
    location.path = real.unwrap_or(location.path);
    search_name(&mut search, root.file_name().unwrap_or_default(), &location, redact);
    search_file(&mut search, &mut location, redact);
    search.finish()
}

fn search_entry(
    search: &mut Search,
    entry: walkdir::Result<DirEntry>,
    root: &Path,
    real: Option<&Path>,
    redact: Redact,
) {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => return search.unread(&location(search, error.path().unwrap_or(root)), walk_error(&error)),
    };
    let kind = entry.file_type();
    if kind.is_dir() && (entry.depth() == 0 || search.scanner.find(entry.file_name().as_encoded_bytes()).is_empty()) {
        return;
    }
    let mut location = location(search, entry.path());
    if entry.depth() > 0 {
        search_name(search, entry.file_name(), &location, redact);
    }
    if kind.is_file() {
        search.progress.add_file();
        search_file(search, &mut location, redact);
    } else if kind.is_symlink() {
        search_link(search, &location, real, redact);
    } else if !kind.is_dir() {
        let reason = format!("is {}: it has no content to search", special_name(kind));
        search.report.skipped.push(Problem { location, reason });
    }
}

/// Why an entry could not be listed, in words that follow its name.
fn walk_error(error: &walkdir::Error) -> String {
    let Some(error) = error.io_error() else { return error.to_string() };
    let reason = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound => error.kind().to_string(),
        // The words of the system say more than those of the library.
        _ => error.to_string(),
    };
    format!("cannot be entered ({reason})")
}

fn search_name(search: &mut Search, name: &OsStr, location: &Location, redact: Redact) {
    search.text(name.as_encoded_bytes(), |_| Position::Name, location);
    if redact.applies_to(&search.report) {
        let reason = "still has it in its name: rename it".to_owned();
        search.report.not_redacted.push(Problem { location: location.clone(), reason });
    }
}

/// Searches the path that a link points to. The file it points to is searched where it is, if that is below the same folder.
fn search_link(search: &mut Search, location: &Location, real: Option<&Path>, redact: Redact) {
    let target = match location.path.read_link() {
        Ok(target) => target,
        Err(error) => return search.unread(location, format!("is a link that cannot be read ({})", error.kind())),
    };
    search.text(target.as_os_str().as_encoded_bytes(), |_| Position::LinkTarget, location);
    if redact.applies_to(&search.report) {
        let reason = "still points to a path that contains it: remove it".to_owned();
        search.report.not_redacted.push(Problem { location: location.clone(), reason });
    }
    let reason = match location.path.canonicalize() {
        Ok(target) if real.is_some_and(|root| target.starts_with(root)) => return,
        Ok(_) => "is a link out of the folder: the file that it points to is not searched".to_owned(),
        // A link to nothing, or in a loop, leads to no content.
        Err(error) if error.kind() == io::ErrorKind::NotFound || is_link_loop(&error) => return,
        Err(error) => format!("is a link that cannot be followed ({})", error.kind()),
    };
    search.report.skipped.push(Problem { location: location.clone(), reason });
}

fn location(search: &Search, path: &Path) -> Location {
    let display = search.scanner.mask(path.as_os_str().as_encoded_bytes());
    Location { path: path.to_path_buf(), display, inside: Vec::new() }
}
