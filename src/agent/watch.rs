//! Changes of files, however they come about. The folder around a file is watched, never the file: it may be renamed over,
//! removed and made again, or be a link that is swapped. Where the file system does not tell, it is looked now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::keeper::News;
use super::system::{self, State};

/// So many links may be on the way to a file; the kernel's own limit.
const LINKS: usize = 40;

/// So often it is tried to watch folders that are made anew.
const ROUNDS: usize = 5;

/// What is watched.
#[derive(Default)]
struct Followed {
    files: Vec<PathBuf>,
    /// Every path on the way to them.
    steps: BTreeSet<PathBuf>,
}

/// See the file's head.
pub(super) struct Watch {
    watcher: RecommendedWatcher,
    followed: Arc<Mutex<Followed>>,
    watched: BTreeSet<PathBuf>,
    silent: bool,
    seen: Vec<Option<State>>,
}

impl Watch {
    /// # Errors
    /// The system has no more watches to give.
    pub(super) fn new(news: Sender<News>) -> notify::Result<Watch> {
        let followed = Arc::new(Mutex::new(Followed::default()));
        let concerned = Arc::clone(&followed);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let concerns = |event: &Event| {
                let followed = concerned.lock().unwrap_or_else(PoisonError::into_inner);
                is_change(event.kind) && (event.need_rescan() || event.paths.iter().any(|path| followed.concerns(path)))
            };
            // What cannot be told may be a change.
            if event.as_ref().map_or(true, concerns) {
                let _ = news.send(News::Changed);
            }
        })?;
        Ok(Watch { watcher, followed, watched: BTreeSet::new(), silent: false, seen: Vec::new() })
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
        for folder in std::mem::take(&mut self.watched) {
            let _ = self.watcher.unwatch(&folder);
        }
        self.silent = false;
        for folder in folders.keys() {
            let watched = self.watcher.watch(folder, RecursiveMode::NonRecursive).is_ok();
            self.silent |= !watched || system::is_silent(folder);
        }
        self.watched = folders.keys().cloned().collect();
    }

    /// Whether some of the files are where changes are not told.
    pub(super) fn must_be_polled(&self) -> bool {
        self.silent
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
