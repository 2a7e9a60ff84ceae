//! The files below some folders, searched on all cores: whoever is free takes the next ones. Links are not followed; one
//! that leads out of its folder is told.

use std::fs::FileType;
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use walkdir::{DirEntry, WalkDir};

use crate::traces::needles::Needles;

use super::unpack::Search;
use super::{At, Gap, Progress, Report, Site, file};

/// More threads than this would have no more to do, and need memory each.
const MOST: usize = 16;

/// So many entries are taken at once.
const BATCH: usize = 16;

/// Searches every file below these folders, which may be files themselves.
pub fn scan(needles: &Needles, roots: &[PathBuf], progress: &Progress) -> Report {
    let mut report = Report::default();
    for root in roots {
        let walk = Mutex::new(WalkDir::new(root).into_iter());
        let home = root.canonicalize().ok();
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST);
        let work = || {
            let mut search = Search::new(needles, progress);
            loop {
                let batch: Vec<_> = walk.lock().unwrap_or_else(PoisonError::into_inner).by_ref().take(BATCH).collect();
                if batch.is_empty() {
                    return search.report;
                }
                batch.into_iter().for_each(|entry| one(&mut search, entry, root, home.as_deref()));
            }
        };
        thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            report.add(work());
            for other in others {
                report.add(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
        });
    }
    report.sort();
    report
}

fn one(search: &mut Search, entry: walkdir::Result<DirEntry>, root: &Path, home: Option<&Path>) {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => {
            let site = site(search, error.path().unwrap_or(root));
            let why = error
                .io_error()
                .map_or_else(|| error.to_string(), |error| format!("cannot be entered ({})", error.kind()));
            return search.unread(&site, why);
        }
    };
    let kind = entry.file_type();
    let named = entry.depth() > 0 && !search.needles.find(entry.file_name().as_bytes()).is_empty();
    if kind.is_dir() && !named {
        return;
    }
    let mut site = site(search, entry.path());
    if named {
        file::look_at_text(search, entry.file_name().as_bytes(), At::Name, &site);
    }
    if kind.is_file() {
        search.progress.file();
        file::look(search, &mut site);
    } else if kind.is_symlink() {
        link(search, &site, home);
    } else if !kind.is_dir() {
        let why = format!("is {}: nothing is kept in it", word(kind));
        search.report.passed_over.push(Gap { site, why });
    }
}

/// What a link points to is searched where it lies, if that is below the same folder.
fn link(search: &mut Search, site: &Site, home: Option<&Path>) {
    if let Ok(target) = site.path.read_link() {
        file::look_at_text(search, target.as_os_str().as_bytes(), At::Target, site);
    }
    // One that leads nowhere, or round in a circle, holds nothing.
    let leads_out = site.path.canonicalize().is_ok_and(|target| home.is_none_or(|home| !target.starts_with(home)));
    if leads_out {
        let why = "is a link out of the folder: what it points to is not searched".to_owned();
        search.report.passed_over.push(Gap { site: site.clone(), why });
    }
}

fn site(search: &Search, path: &Path) -> Site {
    Site { path: path.to_path_buf(), file: search.name(path.as_os_str().as_bytes()), inside: Vec::new() }
}

fn word(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}
