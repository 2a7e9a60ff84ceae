//! The gate: no file is kept with a token in it. Files are searched for traces in parallel, and what is packed in them is
//! unpacked on the way; nothing that could not be looked into goes untold.
//!
//! A file's bytes flow once, through [`tap`], which searches them. Whoever unpacks ([`unpack`]) reads from there, and what
//! it makes of them flows through a tap of its own. All of it is bounded, whatever the sizes: the memory of a tap, the depth
//! of what is packed in something packed, and how much comes out of how little.

mod base64;
mod file;
mod gzip;
mod layer;
pub mod redact;
pub mod staged;
mod tap;
mod tar;
mod tree;
mod unpack;
mod zip;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::traces::Kind;

pub use tree::scan;

/// So many findings are kept of one file, and so many of all; the rest is counted.
const KEPT: (usize, usize) = (1_000, 10_000);

/// A trace, or what looks like a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub site: Site,
    /// Where in it.
    pub at: At,
    /// How it is written down.
    pub kind: Kind,
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
}

/// What was not searched, or not wholly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The file.
    pub site: Site,
    /// Why, in words that follow its name.
    pub why: String,
}

/// What came of a search.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Traces and likenesses, in the order of the files, no more than a few thousand.
    pub findings: Vec<Finding>,
    /// How many traces there are.
    pub traces: u64,
    /// How many things look like a token.
    pub likenesses: u64,
    /// What should have been searched.
    pub unread: Vec<Gap>,
    /// What there is nothing to search in, or what leads elsewhere: links out of the folder, pipes and devices.
    pub passed_over: Vec<Gap>,
    /// How many files were searched.
    pub files: u64,
    /// How many bytes of them.
    pub bytes: u64,
}

impl Report {
    fn found(&mut self, finding: Finding) {
        match finding.token {
            Some(_) => self.traces += 1,
            None => self.likenesses += 1,
        }
        if self.findings.len() < KEPT.0 {
            self.findings.push(finding);
        }
    }

    /// Takes over what another search found.
    fn add(&mut self, other: Report) {
        self.traces += other.traces;
        self.likenesses += other.likenesses;
        self.files += other.files;
        self.bytes += other.bytes;
        let room = KEPT.1.saturating_sub(self.findings.len());
        self.findings.extend(other.findings.into_iter().take(room));
        self.unread.extend(other.unread);
        self.passed_over.extend(other.passed_over);
    }

    fn sort(&mut self) {
        self.findings.sort_by(|one, other| (&one.site, one.at).cmp(&(&other.site, other.at)));
        self.unread.sort_by(|one, other| one.site.cmp(&other.site));
        self.passed_over.sort_by(|one, other| one.site.cmp(&other.site));
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
