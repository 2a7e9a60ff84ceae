//! Git LFS: the index has a pointer, and the content that it points to is pushed. Once a file was added, its content is in
//! the folder of Git LFS; the file in the working tree may have changed since.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::files::{self, Symlinks};

use super::progress::CountingReader;
use super::report::{Location, Report};
use super::search::Search;

/// Pointers are shorter than this, in bytes (the specification of Git LFS, "The Pointer").
pub(super) const MAX_POINTER: u64 = 1024;

/// The versions in the first line of a pointer: the present one, and earlier ones.
const VERSIONS: [&str; 3] =
    ["https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1", "http://git-media.io/v/2"];

/// The content that a pointer points to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    /// Its SHA-256, as 64 hexadecimal digits.
    id: String,
    /// Its size in bytes.
    size: u64,
}

impl Pointer {
    /// The pointer in a blob: a line each with `version`, then `oid` and `size` among other keys. `None`: it is not a pointer.
    pub(super) fn parse(blob: &[u8]) -> Option<Pointer> {
        let text = std::str::from_utf8(blob).ok()?.trim();
        let mut lines = text.lines().map(|line| line.split_once(' '));
        lines.next()?.filter(|(key, version)| *key == "version" && VERSIONS.contains(version))?;
        let (mut id, mut size) = (None, None);
        for (key, value) in lines.flatten() {
            match key {
                "oid" => id = value.strip_prefix("sha256:").filter(|id| is_id(id)),
                "size" => size = value.parse().ok(),
                _ => {}
            }
        }
        Some(Pointer { id: id?.to_ascii_lowercase(), size: size? })
    }
}

fn is_id(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Where Git LFS may have content.
#[derive(Debug)]
pub(super) struct Store {
    /// The folder of Git LFS.
    pub(super) folder: PathBuf,
    /// The working tree, where there is one.
    pub(super) tree: Option<PathBuf>,
}

impl Store {
    /// Searches the content that a pointer points to. Where it cannot be found, that is reported.
    pub(super) fn search(&self, search: &mut Search, pointer: &Pointer, location: &mut Location) {
        let id = &pointer.id;
        let stored = self.folder.join("objects").join(&id[..2]).join(&id[2..4]).join(id);
        let places = [Some(stored), self.tree.as_ref().map(|tree| tree.join(&location.path))];
        if !places.into_iter().flatten().any(|path| search_content(search, pointer, &path, location)) {
            let reason = "is a Git LFS pointer, and its content does not exist here (git lfs fetch gets it)";
            search.unread(location, reason.to_owned());
        }
    }
}

/// Searches a file if it has the content of the pointer; returns whether it has. Findings in another content are dropped.
fn search_content(search: &mut Search, pointer: &Pointer, path: &Path, location: &mut Location) -> bool {
    let Ok((file, meta)) = files::open(path, Symlinks::Follow) else { return false };
    if meta.len() != pointer.size {
        return false;
    }
    let before = std::mem::take(&mut search.report);
    search.begin_file(pointer.size);
    let source = CountingReader::new(file.take(pointer.size), search.progress);
    let mut hashing = HashingReader { source, hash: Sha256::new() };
    let is_read = search.stream(&mut hashing, 0, location).is_ok();
    search.tell_late_shuffles(location);
    let digest: String = hashing.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let is_it = is_read && digest == pointer.id;
    let found = std::mem::replace(&mut search.report, before);
    if is_it {
        search.report.append(Report { bytes: pointer.size, ..found });
    }
    is_it
}

/// A source whose bytes are hashed as they are read.
struct HashingReader<R> {
    source: R,
    hash: Sha256,
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.hash.update(&into[..read]);
        Ok(read)
    }
}
