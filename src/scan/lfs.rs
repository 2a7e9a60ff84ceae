//! Git LFS: what it keeps in the index is a pointer, and what it pushes is the content behind that. The content is in Git
//! LFS' own folder once the file was added; in the working tree it may have changed since.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::files::{self, Symlinks};

use super::file::Source;
use super::unpack::Search;
use super::{Report, Site};

/// Pointers are shorter than this (the specification of Git LFS, "The Pointer").
pub(super) const LONGEST: u64 = 1024;

/// What the first line of a pointer says, in its present form and in earlier ones.
const VERSIONS: [&str; 3] =
    ["https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1", "http://git-media.io/v/2"];

/// What a pointer says of the content.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    /// Its SHA-256, as 64 hexadecimal digits.
    id: String,
    size: u64,
}

impl Pointer {
    /// Reads a pointer, if it is one: `version`, then `oid` and `size` among other keys, a line each.
    pub(super) fn read(blob: &[u8]) -> Option<Pointer> {
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

/// Where content may be.
#[derive(Debug)]
pub(super) struct Store {
    /// The folder of Git LFS.
    pub(super) folder: PathBuf,
    /// The working tree, where there is one.
    pub(super) tree: Option<PathBuf>,
}

impl Store {
    /// Searches the content behind a pointer. Where it is not here, that is reported.
    pub(super) fn look(&self, search: &mut Search, pointer: &Pointer, site: &mut Site) {
        let id = &pointer.id;
        let kept = self.folder.join("objects").join(&id[..2]).join(&id[2..4]).join(id);
        let places = [Some(kept), self.tree.as_ref().map(|tree| tree.join(&site.path))];
        if !places.into_iter().flatten().any(|place| look_at(search, pointer, &place, site)) {
            let why = "is a pointer of Git LFS, and its content is not here (git lfs fetch gets it)";
            search.unread(site, why.to_owned());
        }
    }
}

/// Searches a file, if it holds the content. What was found in one that does not is not reported.
fn look_at(search: &mut Search, pointer: &Pointer, path: &Path, site: &mut Site) -> bool {
    let Ok((file, meta)) = files::open(path, Symlinks::Follow) else { return false };
    if meta.len() != pointer.size {
        return false;
    }
    let before = std::mem::take(&mut search.report);
    search.begin(pointer.size);
    let source = Source { from: file.take(pointer.size), progress: search.progress, read: 0 };
    let mut hashed = Hashed { from: source, hash: Sha256::new() };
    let is_read = search.stream(&mut hashed, 0, site).is_ok();
    let digest: String = hashed.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let is_it = is_read && digest == pointer.id;
    let found = std::mem::replace(&mut search.report, before);
    if is_it {
        search.report.join(Report { bytes: pointer.size, ..found });
    }
    is_it
}

/// What is read, and its sum.
struct Hashed<R> {
    from: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        self.hash.update(&into[..read]);
        Ok(read)
    }
}
