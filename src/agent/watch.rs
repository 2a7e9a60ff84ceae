//! Changes of files, however they come about. The folder around a file is watched, never the file: it may be renamed over,
//! removed and made again, or be a link that is swapped. Files are looked at now and then as well: a file system of the
//! network's tells nothing of another host's changes, and a user may have no watcher left (128 on Linux).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::system::{self, State};
use super::token_state::Wakeup;

/// So many links may be on the way to a file; the kernel's own limit.
const LINKS: usize = 40;

/// So often it is tried to watch folders that are made anew.
const ROUNDS: usize = 5;

/// How often files are looked at, whatever the system tells of them.
const SLOW: Duration = Duration::from_secs(30);

/// How often, where it tells nothing.
const BLIND: Duration = Duration::from_secs(2);

/// What is watched.
#[derive(Default)]
struct Followed {
    files: Vec<PathBuf>,
    /// Every path on the way to them.
    steps: BTreeSet<PathBuf>,
}

/// See the file's head.
pub(super) struct Watch {
    /// None where the system has none left.
    watcher: Option<RecommendedWatcher>,
    wakeup: Sender<Wakeup>,
    followed: Arc<Mutex<Followed>>,
    watched: BTreeSet<PathBuf>,
    /// Some folder is not watched.
    is_blind: bool,
    seen: Vec<Option<State>>,
}

impl Watch {
    pub(super) fn new(wakeup: Sender<Wakeup>) -> Watch {
        let followed = Arc::new(Mutex::new(Followed::default()));
        Watch { watcher: None, wakeup, followed, watched: BTreeSet::new(), is_blind: false, seen: Vec::new() }
    }

    /// A watcher that sends on what concerns the files that are followed.
    fn watcher(&self) -> Option<RecommendedWatcher> {
        let (concerned, wakeup) = (Arc::clone(&self.followed), self.wakeup.clone());
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let concerns = |event: &Event| {
                let followed = concerned.lock().unwrap_or_else(PoisonError::into_inner);
                is_change(event.kind) && (event.need_rescan() || event.paths.iter().any(|path| followed.concerns(path)))
            };
            // What cannot be told may be a change.
            if event.as_ref().map_or(true, concerns) {
                let _ = wakeup.send(Wakeup::Changed);
            }
        });
        tracing::info!(made = watcher.is_ok(), "watcher of files");
        watcher.ok()
    }

    /// Watches these files and folders from now on, whether they are there or not.
    pub(super) fn follow(&mut self, files: Vec<PathBuf>) {
        let absolute = |file: PathBuf| std::path::absolute(&file).unwrap_or(file);
        let files: Vec<PathBuf> = files.into_iter().map(absolute).collect();
        // A folder may be made anew while it is about to be watched; then it is another.
        for _ in 0..ROUNDS {
            let steps: BTreeSet<PathBuf> = files.iter().flat_map(|file| steps(file)).collect();
            let folders = folders_of(&steps);
            self.watch(&folders);
            self.seen = steps.iter().map(|file| state(file)).collect();
            let changed = folders_of(&steps) != folders;
            // What stands in a folder shows under the folder's own path, whatever link led there.
            let own = files.iter().filter_map(|file| file.canonicalize().ok());
            let followed = Followed { files: files.iter().cloned().chain(own).collect(), steps };
            *self.followed.lock().unwrap_or_else(PoisonError::into_inner) = followed;
            if !changed {
                return;
            }
        }
    }

    fn watch(&mut self, folders: &BTreeMap<PathBuf, u64>) {
        // Another process may have given one back since the last look.
        self.watcher = self.watcher.take().or_else(|| self.watcher());
        let watched = std::mem::take(&mut self.watched);
        let Some(watcher) = &mut self.watcher else {
            self.is_blind = true;
            return;
        };
        for folder in watched {
            let _ = watcher.unwatch(&folder);
        }
        let refused = folders.keys().filter(|folder| watcher.watch(folder, RecursiveMode::NonRecursive).is_err());
        self.is_blind = refused.count() > 0;
        self.watched = folders.keys().cloned().collect();
    }

    /// How often the files must be looked at.
    pub(super) fn interval(&self) -> Duration {
        if self.is_blind { BLIND } else { SLOW }
    }

    /// Whether a file is another than when it was last looked at.
    pub(super) fn has_changed(&mut self) -> bool {
        let followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let now: Vec<_> = followed.steps.iter().map(|file| state(file)).collect();
        std::mem::replace(&mut self.seen, now) != self.seen
    }
}

/// Reading is none.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

impl Followed {
    /// Whether a change at a path may be one of the files: it is on the way to one, or stands in one.
    fn concerns(&self, path: &Path) -> bool {
        self.steps.contains(path) || self.files.iter().any(|file| path.starts_with(file))
    }
}

/// Every path on the way to a file: its folders from the root on, and where a link leads, the same from there.
fn steps(file: &Path) -> Vec<PathBuf> {
    let (mut steps, mut here, mut links) = (Vec::new(), PathBuf::new(), 0);
    let mut left: Vec<OsString> = file.components().rev().map(|part| part.as_os_str().to_owned()).collect();
    while let Some(part) = left.pop() {
        match part.as_encoded_bytes() {
            b"." => continue,
            b".." => drop(here.pop()),
            _ => here.push(part),
        }
        steps.push(here.clone());
        if let Ok(target) = here.read_link() {
            links += 1;
            if links > LINKS {
                break;
            }
            here.pop();
            left.extend(target.components().rev().map(|part| part.as_os_str().to_owned()));
        }
    }
    steps
}

/// The folders in which a change of one of these shows, each with its number: those that they are, and those that they
/// stand in. Where everybody has folders, as in `/tmp`, there is always something going on, and nobody swaps another's:
/// only files are watched there.
fn folders_of(steps: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, u64> {
    let mut folders = BTreeMap::new();
    let mut add = |folder: &Path, of_file: bool| match folder.metadata() {
        Ok(meta) if meta.is_dir() && (of_file || !system::is_everybodys(&meta)) => {
            folders.insert(folder.to_path_buf(), system::number(&meta));
        }
        _ => {}
    };
    for step in steps {
        add(step, false);
        step.parent().into_iter().for_each(|parent| add(parent, !step.is_dir()));
    }
    folders
}

fn state(file: &Path) -> Option<State> {
    file.metadata().ok().map(|meta| system::state(&meta))
}
