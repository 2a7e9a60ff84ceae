//! The gate: no file is kept with a token in it. Files are searched for traces in parallel, and what is packed in them is
//! unpacked on the way; nothing that could not be looked into goes untold.
//!
//! A file's bytes flow once, through a tap (`tap`), which searches them. Whoever unpacks (`unpack`) reads from there, and what
//! it makes of them flows through a tap of its own. All of it is bounded, whatever the sizes: the memory of a tap, the depth
//! of what is packed in something packed, and how much comes out of how little.

mod base64;
mod file;
mod gzip;
mod layer;
mod lfs;
mod redact;
pub mod staged;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;
mod tap;
mod tar;
mod tree;
mod unpack;
mod zip;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::patterns::Encoding;

pub use tree::{scan, scan_stream};

/// Whether what is found is overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redact {
    /// Nothing is changed.
    Nothing,
    /// Traces are.
    Encodings,
    /// And what looks like a token.
    Likenesses,
}

/// So many things of a kind are kept of one file, and so many of all that a thread searches; the rest is counted.
const KEPT: (usize, usize) = (500, 2_000);

/// Beyond that, one is kept of each file, until there are so many.
const ONE_EACH: usize = 6_000;

/// A trace, or what looks like a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub site: Site,
    /// Where in it.
    pub at: At,
    /// How it is written down.
    pub encoding: Encoding,
    /// Whose trace it is, by its place among the tokens that were looked for; `None`: it has a token's shape.
    pub token: Option<usize>,
}

/// A file, or something packed in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The file's path.
    pub path: PathBuf,
    /// The same to be shown, with no trace in it.
    pub file: String,
    /// From the file inwards: the names of what was unpacked.
    pub inside: Vec<String>,
}

/// Where something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// So many bytes from the beginning.
    Byte(u64),
    /// In the file's name.
    Name,
    /// In the path that a symbolic link points to.
    Target,
    /// Perhaps anywhere in it: a command that was killed left the file behind, half written.
    LeftOver,
}

/// What was not searched, or not wholly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The file.
    pub site: Site,
    /// Why, in words that follow its name.
    pub why: String,
}

/// Some things of a kind, of which no more than a few thousand are kept.
#[derive(Clone, Debug)]
pub struct Kept<T> {
    /// Those that are kept, in the order of the files.
    pub some: Vec<T>,
    /// How many there are.
    pub all: u64,
    /// In how many files.
    pub files: u64,
}

impl<T> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept { some: Vec::new(), all: 0, files: 0 }
    }
}

impl<T> Kept<T> {
    fn push(&mut self, one: T) {
        self.all += 1;
        if self.some.len() < KEPT.0 {
            self.some.push(one);
        }
    }

    /// Takes over another file's.
    fn add(&mut self, mut other: Kept<T>) {
        let room = KEPT.1.saturating_sub(self.some.len()).max((self.some.len() < ONE_EACH).into());
        other.some.truncate(room);
        self.join(other);
    }

    /// Takes over another thread's.
    fn join(&mut self, other: Kept<T>) {
        self.all += other.all;
        self.files += other.files;
        self.some.extend(other.some);
    }
}

/// What came of a search.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Traces of the tokens that were looked for.
    pub encodings: Kept<Finding>,
    /// What looks like a token.
    pub likenesses: Kept<Finding>,
    /// In how many files there is the one or the other.
    pub suspects: u64,
    /// What should have been searched.
    pub unread: Kept<Gap>,
    /// What is compressed in a way that is not looked into.
    pub unopened: Kept<Gap>,
    /// What there is nothing to search in, or what leads elsewhere: links out of the folder, pipes and devices.
    pub passed_over: Kept<Gap>,
    /// How many traces were overwritten.
    pub redacted: u64,
    /// How many were removed, with the files that had been left behind.
    pub removed: u64,
    /// Where traces are left that were to be overwritten, and why.
    pub left: Kept<Gap>,
    /// How many files were searched.
    pub files: u64,
    /// How many bytes of them.
    pub bytes: u64,
}

impl Report {
    fn found(&mut self, finding: Finding) {
        match (finding.token, finding.at) {
            (Some(_), _) | (_, At::LeftOver) => self.encodings.push(finding),
            (None, _) => self.likenesses.push(finding),
        }
    }

    /// Takes over what was found in another file, which counts as one.
    fn add_file(&mut self, mut file: Report) {
        file.encodings.files = (file.encodings.all > 0).into();
        file.likenesses.files = (file.likenesses.all > 0).into();
        file.suspects = (file.encodings.all + file.likenesses.all > 0).into();
        file.unread.files = (file.unread.all > 0).into();
        file.unopened.files = (file.unopened.all > 0).into();
        file.left.files = (file.left.all > 0).into();
        self.take(file, Kept::add, Kept::add);
    }

    /// Takes over what another thread found, or more that was found in the same file.
    fn join(&mut self, other: Report) {
        self.take(other, Kept::join, Kept::join);
    }

    fn take(
        &mut self,
        other: Report,
        findings: fn(&mut Kept<Finding>, Kept<Finding>),
        gaps: fn(&mut Kept<Gap>, Kept<Gap>),
    ) {
        findings(&mut self.encodings, other.encodings);
        findings(&mut self.likenesses, other.likenesses);
        gaps(&mut self.unread, other.unread);
        gaps(&mut self.unopened, other.unopened);
        gaps(&mut self.passed_over, other.passed_over);
        gaps(&mut self.left, other.left);
        self.redacted += other.redacted;
        self.removed += other.removed;
        self.suspects += other.suspects;
        self.files += other.files;
        self.bytes += other.bytes;
    }

    fn sort(&mut self) {
        for findings in [&mut self.encodings, &mut self.likenesses] {
            findings.some.sort_by(|one, other| (&one.site, one.at).cmp(&(&other.site, other.at)));
        }
        for gaps in [&mut self.unread, &mut self.unopened, &mut self.passed_over, &mut self.left] {
            gaps.some.sort_by(|one, other| one.site.cmp(&other.site));
        }
    }
}

/// How far a search has come; to be looked at while it goes on.
#[derive(Debug, Default)]
pub struct Progress {
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Progress {
    /// Files and bytes so far.
    pub fn so_far(&self) -> (u64, u64) {
        (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    fn file(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    fn bytes(&self, read: usize) {
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
    }
}
