//! Notices changes of files, by notifications of the system and by polling.
//!
//! The folder around a file is watched, never the file: it may be replaced by a rename, removed and created again, or be a
//! link that is switched. Polling is needed because a network file system does not report the changes of other hosts, and
//! because a user may have no inotify instance left (Linux allows 128).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::events::RefreshTrigger;
use super::system::{self, FileFingerprint};

/// The most links that are followed on the way to a file; Linux has the same limit.
const MAX_LINKS: usize = 40;

/// How often to start again when folders are replaced while they are about to be watched.
const MAX_ATTEMPTS: usize = 5;

/// The polling interval where every folder is watched.
const POLL_INTERVAL: Duration = Duration::from_secs(30);

/// The polling interval where some folder cannot be watched.
const POLL_INTERVAL_UNWATCHED: Duration = Duration::from_secs(2);

/// The paths whose changes matter.
#[derive(Default)]
struct WatchedPaths {
    files: Vec<PathBuf>,
    /// Every path on the way to the files, from the root on.
    ancestors: BTreeSet<PathBuf>,
}

/// Triggers a refresh when a file changes.
pub(super) struct FileWatcher {
    /// None where the system has none left.
    watcher: Option<RecommendedWatcher>,
    trigger: Sender<RefreshTrigger>,
    paths: Arc<Mutex<WatchedPaths>>,
    folders: BTreeSet<PathBuf>,
    /// Whether some folder cannot be watched.
    is_incomplete: bool,
    /// The state of each path when it was last looked at, for polling.
    fingerprints: Vec<Option<FileFingerprint>>,
}

impl FileWatcher {
    pub(super) fn new(trigger: Sender<RefreshTrigger>) -> FileWatcher {
        FileWatcher {
            watcher: None,
            trigger,
            paths: Arc::default(),
            folders: BTreeSet::new(),
            is_incomplete: false,
            fingerprints: Vec::new(),
        }
    }

    /// A watcher of the system that triggers a refresh at every event that concerns the watched paths.
    fn system_watcher(&self) -> Option<RecommendedWatcher> {
        let (paths, trigger) = (Arc::clone(&self.paths), self.trigger.clone());
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let is_relevant = |event: &Event| {
                let paths = paths.lock().unwrap_or_else(PoisonError::into_inner);
                is_change(event.kind) && (event.need_rescan() || event.paths.iter().any(|path| paths.concerns(path)))
            };
            // An error may hide a change.
            if event.as_ref().map_or(true, is_relevant) {
                let _ = trigger.send(RefreshTrigger::FilesChanged);
            }
        });
        tracing::info!(created = watcher.is_ok(), "file watcher");
        watcher.ok()
    }

    /// Watches these files and folders from now on, in place of others. They need not exist.
    pub(super) fn watch(&mut self, files: Vec<PathBuf>) {
        let absolute = |file: PathBuf| std::path::absolute(&file).unwrap_or(file);
        let files: Vec<PathBuf> = files.into_iter().map(absolute).collect();
        // A folder that is replaced at this moment has another number: start again.
        for _ in 0..MAX_ATTEMPTS {
            let ancestors: BTreeSet<PathBuf> = files.iter().flat_map(|file| ancestors(file)).collect();
            let folders = folders_of(&ancestors);
            self.watch_folders(&folders);
            self.fingerprints = ancestors.iter().map(|path| fingerprint(path)).collect();
            let is_replaced = folders_of(&ancestors) != folders;
            // Events carry the path under which a folder is watched, not the link that led to it.
            let canonical = files.iter().filter_map(|file| file.canonicalize().ok());
            let paths = WatchedPaths { files: files.iter().cloned().chain(canonical).collect(), ancestors };
            *self.paths.lock().unwrap_or_else(PoisonError::into_inner) = paths;
            if !is_replaced {
                return;
            }
        }
    }

    fn watch_folders(&mut self, folders: &BTreeMap<PathBuf, u64>) {
        // Try again without one: another process may have released one.
        self.watcher = self.watcher.take().or_else(|| self.system_watcher());
        let before = std::mem::take(&mut self.folders);
        let Some(watcher) = &mut self.watcher else {
            self.is_incomplete = true;
            return;
        };
        for folder in before {
            let _ = watcher.unwatch(&folder);
        }
        let refused = folders.keys().filter(|folder| watcher.watch(folder, RecursiveMode::NonRecursive).is_err());
        self.is_incomplete = refused.count() > 0;
        self.folders = folders.keys().cloned().collect();
    }

    /// How often to call [`FileWatcher::has_changed`].
    pub(super) fn poll_interval(&self) -> Duration {
        if self.is_incomplete { POLL_INTERVAL_UNWATCHED } else { POLL_INTERVAL }
    }

    /// Whether a path has changed since it was last looked at.
    pub(super) fn has_changed(&mut self) -> bool {
        let paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        let now: Vec<_> = paths.ancestors.iter().map(|path| fingerprint(path)).collect();
        std::mem::replace(&mut self.fingerprints, now) != self.fingerprints
    }
}

/// Whether an event reports a change: reading a file is none.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

impl WatchedPaths {
    /// Whether a change at a path may change one of the files: it is on the way to one, or inside one that is a folder.
    fn concerns(&self, path: &Path) -> bool {
        self.ancestors.contains(path) || self.files.iter().any(|file| path.starts_with(file))
    }
}

/// Every path on the way to a file, itself included: its folders from the root on, and behind each link the folders of its
/// target.
fn ancestors(file: &Path) -> Vec<PathBuf> {
    let (mut ancestors, mut here, mut links) = (Vec::new(), PathBuf::new(), 0);
    let mut left: Vec<OsString> = file.components().rev().map(|part| part.as_os_str().to_owned()).collect();
    while let Some(part) = left.pop() {
        match part.as_encoded_bytes() {
            b"." => continue,
            b".." => drop(here.pop()),
            _ => here.push(part),
        }
        ancestors.push(here.clone());
        if let Ok(target) = here.read_link() {
            links += 1;
            if links > MAX_LINKS {
                break;
            }
            here.pop();
            left.extend(target.components().rev().map(|part| part.as_os_str().to_owned()));
        }
    }
    ancestors
}

/// The folders to watch, each with its number: those on the way, and the one around each. A shared folder such as `/tmp`
/// is watched only for files in it: it changes all the time, and no user can replace another's folder there.
fn folders_of(ancestors: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, u64> {
    let mut folders = BTreeMap::new();
    let mut add = |folder: &Path, holds_file: bool| match folder.metadata() {
        Ok(meta) if meta.is_dir() && (holds_file || !system::is_shared_folder(&meta)) => {
            folders.insert(folder.to_path_buf(), system::file_number(&meta));
        }
        _ => {}
    };
    for path in ancestors {
        add(path, false);
        path.parent().into_iter().for_each(|parent| add(parent, !path.is_dir()));
    }
    folders
}

fn fingerprint(path: &Path) -> Option<FileFingerprint> {
    path.metadata().ok().map(|meta| system::fingerprint(&meta))
}
