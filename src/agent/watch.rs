//! Changes of files, however they come about. The folder around a file is watched, never the file: it may be renamed over,
//! removed and made again, or be a link that is swapped. Where the file system does not tell, it is looked now and then.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::News;

/// File systems on which others change files without a word to us (statfs(2)): NFS, SMB, FUSE, 9P, Ceph.
const SILENT: [u64; 7] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546, 0x0102_1997, 0x00c3_6400];

/// See the file's head.
pub(super) struct Watch {
    watcher: RecommendedWatcher,
    files: Arc<Mutex<Vec<PathBuf>>>,
    watched: BTreeSet<PathBuf>,
    silent: bool,
    seen: Vec<Option<(u64, u64, i64, i64)>>,
}

impl Watch {
    /// # Errors
    /// The system has no more watches to give.
    pub(super) fn new(news: Sender<News>) -> notify::Result<Watch> {
        let files = Arc::new(Mutex::new(Vec::new()));
        let concerned = Arc::clone(&files);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let concerns = |event: &Event| {
                let files = concerned.lock().unwrap_or_else(PoisonError::into_inner);
                is_change(event.kind) && (event.need_rescan() || event.paths.iter().any(|path| concerns(&files, path)))
            };
            // What cannot be told may be a change.
            if event.as_ref().map_or(true, concerns) {
                let _ = news.send(News::Changed);
            }
        })?;
        Ok(Watch { watcher, files, watched: BTreeSet::new(), silent: false, seen: Vec::new() })
    }

    /// Watches these files and folders from now on, whether they are there or not.
    pub(super) fn follow(&mut self, files: Vec<PathBuf>) {
        let files: Vec<PathBuf> = files.into_iter().flat_map(with_target).collect();
        let folders: BTreeSet<PathBuf> = files.iter().flat_map(|file| folders_of(file)).collect();
        // A folder that was made anew is another: all of them are watched again.
        for folder in std::mem::take(&mut self.watched) {
            let _ = self.watcher.unwatch(&folder);
        }
        self.silent = false;
        for folder in &folders {
            let watched = self.watcher.watch(folder, RecursiveMode::NonRecursive).is_ok();
            self.silent |= !watched || is_silent(folder);
        }
        self.watched = folders;
        self.seen = files.iter().map(|file| state(file)).collect();
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = files;
    }

    /// Whether some of the files are where changes are not told.
    pub(super) fn must_be_polled(&self) -> bool {
        self.silent
    }

    /// Whether a file is another than when it was last looked at.
    pub(super) fn has_changed(&mut self) -> bool {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let now: Vec<_> = files.iter().map(|file| state(file)).collect();
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

/// Whether a change at a path may be one of the files: it is one, stands in one, or is a folder on the way to one.
fn concerns(files: &[PathBuf], path: &Path) -> bool {
    files.iter().any(|file| path.starts_with(file) || file.starts_with(path))
}

/// A file, and where it really lies.
fn with_target(file: PathBuf) -> Vec<PathBuf> {
    match file.canonicalize() {
        Ok(target) if target != file => vec![file, target],
        _ => vec![file],
    }
}

/// The folders in which a change of a file shows: its own, if it is one, and the next one above that is there.
fn folders_of(file: &Path) -> Vec<PathBuf> {
    let own = file.is_dir().then(|| file.to_path_buf());
    let above = file.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_path_buf);
    own.into_iter().chain(above).collect()
}

fn is_silent(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|info| SILENT.contains(&(info.f_type as u64 & 0xffff_ffff)))
}

fn state(file: &Path) -> Option<(u64, u64, i64, i64)> {
    let meta = file.metadata().ok()?;
    Some((meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
}
