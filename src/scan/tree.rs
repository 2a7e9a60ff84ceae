//! The files below some folders, searched on all cores: whoever is free takes the next ones. Links are not followed; one
//! that leads out of its folder is told.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use walkdir::{DirEntry, WalkDir};

use crate::patterns::FastScan;

use super::file::Source;
use super::system::{is_circle, word};
use super::unpack::Search;
use super::{At, Gap, Progress, Redact, Report, Site, file};

/// More threads than this would have no more to do, and need memory each.
const MOST: usize = 16;

/// How long a stream will be, nobody knows: what comes out of it is bounded as if it were this long.
const OF_A_STREAM: u64 = 1 << 30;

/// So many entries are taken at once.
const BATCH: usize = 16;

/// So many folders are open at once, one in the other; a walk that goes deeper remembers what is left of the outer ones.
const DEEPEST: usize = 200;

/// Searches every file below these folders, which may be files themselves, or links to either; overwrites what is found,
/// where that is asked for.
pub fn scan(scanner: &FastScan, roots: &[PathBuf], redact: Redact, progress: &Progress) -> Report {
    let mut report = Report::default();
    for root in roots {
        let home = root.canonicalize().ok();
        if !root.is_dir() {
            report.join(no_folder(scanner, root, home, redact, progress));
            continue;
        }
        let walk = Mutex::new(WalkDir::new(root).max_open(DEEPEST).into_iter());
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST);
        let work = || {
            let mut search = Search::new(scanner, progress);
            loop {
                let batch: Vec<_> = walk.lock().unwrap_or_else(PoisonError::into_inner).by_ref().take(BATCH).collect();
                if batch.is_empty() {
                    return search.end();
                }
                for entry in batch {
                    one(&mut search, entry, root, home.as_deref(), redact);
                    search.end_file();
                }
            }
        };
        thread::scope(|scope| {
            // Where the system lets us have no more threads, there are fewer.
            let another = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
            let others: Vec<_> = (1..threads).filter_map(another).collect();
            report.join(work());
            for other in others {
                report.join(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
        });
    }
    report.sort();
    report
}

/// Searches what comes from a stream to its end, and what is packed in it.
pub fn scan_stream(scanner: &FastScan, input: &mut dyn Read, progress: &Progress) -> Report {
    let mut search = Search::new(scanner, progress);
    let mut site = Site { path: "-".into(), file: "standard input".to_owned(), inside: Vec::new() };
    search.begin(OF_A_STREAM);
    search.report.files = 1;
    let mut input = Source { from: input, progress, read: 0 };
    if let Err(error) = search.stream(&mut input, 0, &mut site) {
        search.unread(&site, format!("cannot be read to its end ({})", error.kind()));
    }
    search.report.bytes = input.read;
    let mut report = search.end();
    report.sort();
    report
}

/// Searches what was named itself: a file, perhaps by a link.
fn no_folder(scanner: &FastScan, root: &Path, home: Option<PathBuf>, redact: Redact, progress: &Progress) -> Report {
    let mut search = Search::new(scanner, progress);
    let mut site = site(&search, root);
    site.path = home.unwrap_or(site.path);
    name(&mut search, root.file_name().unwrap_or_default(), &site, redact);
    file::look(&mut search, &mut site, redact);
    search.end()
}

fn one(search: &mut Search, entry: walkdir::Result<DirEntry>, root: &Path, home: Option<&Path>, redact: Redact) {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => {
            let site = site(search, error.path().unwrap_or(root));
            let why = error
                .io_error()
                .map_or_else(|| error.to_string(), |error| format!("cannot be entered ({})", reason(error)));
            return search.unread(&site, why);
        }
    };
    if entry.file_type().is_dir()
        && (entry.depth() == 0 || search.scanner.find(entry.file_name().as_encoded_bytes()).is_empty())
    {
        return;
    }
    let mut site = site(search, entry.path());
    if entry.depth() > 0 {
        name(search, entry.file_name(), &site, redact);
    }
    match entry.file_type() {
        kind if kind.is_file() => {
            search.progress.file();
            file::look(search, &mut site, redact);
        }
        kind if kind.is_symlink() => link(search, &site, home, redact),
        kind if kind.is_dir() => {}
        kind => {
            let why = format!("is {}: nothing is kept in it", word(kind));
            search.report.passed_over.push(Gap { site, why });
        }
    }
}

/// In the system's own words where the library has none.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound => error.kind().to_string(),
        _ => error.to_string(),
    }
}

/// Searches a name.
fn name(search: &mut Search, name: &OsStr, site: &Site, redact: Redact) {
    file::look_at_text(search, name.as_encoded_bytes(), At::Name, site);
    if file::wanted(&search.report, redact) > 0 {
        let why = "still has it in its name: rename it".to_owned();
        search.report.left.push(Gap { site: site.clone(), why });
    }
}

/// What a link points to is searched where it lies, if that is below the same folder.
fn link(search: &mut Search, site: &Site, home: Option<&Path>, redact: Redact) {
    let target = match site.path.read_link() {
        Ok(target) => target,
        Err(error) => return search.unread(site, format!("is a link that cannot be read ({})", error.kind())),
    };
    file::look_at_text(search, target.as_os_str().as_encoded_bytes(), At::Target, site);
    if file::wanted(&search.report, redact) > 0 {
        let why = "still points to a path that holds it: remove it".to_owned();
        search.report.left.push(Gap { site: site.clone(), why });
    }
    let why = match site.path.canonicalize() {
        Ok(target) if home.is_some_and(|home| target.starts_with(home)) => return,
        Ok(_) => "is a link out of the folder: what it points to is not searched".to_owned(),
        // One that leads nowhere, or round in a circle, holds nothing.
        Err(error) if error.kind() == io::ErrorKind::NotFound || is_circle(&error) => return,
        Err(error) => format!("is a link that cannot be followed ({})", error.kind()),
    };
    search.report.passed_over.push(Gap { site: site.clone(), why });
}

fn site(search: &Search, path: &Path) -> Site {
    Site {
        path: path.to_path_buf(),
        file: search.scanner.mask(path.as_os_str().as_encoded_bytes()),
        inside: Vec::new(),
    }
}
