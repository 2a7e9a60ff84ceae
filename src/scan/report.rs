//! The result of a search: what was found, what could not be done, and how often. The counts are always complete; the lists
//! have limits.

use std::path::PathBuf;

use crate::patterns::{Encoding, Extent};

use super::notebook::NotebookPart;

/// How many items are listed for one file, and for all files of one thread. The rest is counted.
const MAX_LISTED: (usize, usize) = (500, 2_000);

/// Beyond the limit of a thread, one item of each file is still listed, up to this number.
const MAX_ONE_EACH: usize = 6_000;

/// A token, a part of one, text that looks like one, or the signature of a signed URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, or the content inside it.
    pub location: Location,
    /// Where in it.
    pub position: Position,
    /// How it is written down.
    pub encoding: Encoding,
    /// The index of the token among those that were searched for; `None`: it looks like a token, or is a signature.
    pub token: Option<usize>,
    /// How much of it.
    pub extent: Extent,
    /// Whether it is the signature of a signed URL.
    pub is_signed_url: bool,
    /// Where in the text, if the content is a text in a file of its own.
    pub place: Option<TextPlace>,
}

/// A file, or content that is packed in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The path of the file.
    pub path: PathBuf,
    /// The path as it may be shown: tokens in it are masked.
    pub display: String,
    /// The names of the packed contents, from the file inwards.
    pub inside: Vec<String>,
}

impl Location {
    /// The name of the innermost content, or the path of the file.
    pub(super) fn name(&self) -> &str {
        self.inside.last().unwrap_or(&self.display)
    }
}

/// Where a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Position {
    /// In the content, at this offset in bytes.
    Byte(u64),
    /// In the name of the file.
    Name,
    /// In an extended attribute of the file.
    Attribute,
    /// In the path that a symbolic link points to.
    LinkTarget,
    /// Perhaps anywhere: a co-cred process that was killed left this temporary file behind, half written.
    LeftOver,
}

/// Where in a text a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextPlace {
    /// The line, from 1.
    pub line: u64,
    /// The column in characters, from 1.
    pub column: u64,
    /// The part of a notebook.
    pub part: Option<NotebookPart>,
}

/// What could not be done with a file, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, or the content inside it.
    pub location: Location,
    /// The reason, in words that follow the name of the file.
    pub reason: String,
}

/// A list with a limit, and the number of all items.
#[derive(Clone, Debug)]
pub struct Capped<T> {
    /// The first items, in the order of the files.
    pub items: Vec<T>,
    /// How many items there are, listed or not.
    pub count: u64,
    /// In how many files.
    pub files: u64,
}

impl<T> Default for Capped<T> {
    fn default() -> Capped<T> {
        Capped { items: Vec::new(), count: 0, files: 0 }
    }
}

impl<T> Capped<T> {
    pub(super) fn push(&mut self, item: T) {
        self.count += 1;
        if self.items.len() < MAX_LISTED.0 {
            self.items.push(item);
        }
    }

    fn append(&mut self, mut other: Capped<T>, what: Part) {
        if what == Part::File {
            other.files = (other.count > 0).into();
            let left = MAX_LISTED.1.saturating_sub(self.items.len());
            other.items.truncate(left.max((self.items.len() < MAX_ONE_EACH).into()));
        }
        self.count += other.count;
        self.files += other.files;
        self.items.append(&mut other.items);
    }
}

/// What a report is about that is appended to another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// One file, whole.
    File,
    /// More of the same file, or the files of another thread.
    Same,
}

/// The result of a search.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The tokens that were searched for.
    pub tokens: Capped<Finding>,
    /// Text that looks like a token, and signed URLs.
    pub token_like: Capped<Finding>,
    /// In how many files either was found.
    pub files_with_findings: u64,
    /// What should have been searched and was not, or not completely.
    pub unread: Capped<Problem>,
    /// Files that are compressed in a format that is not unpacked.
    pub unopened: Capped<Problem>,
    /// What has no content to search, or leads elsewhere: links out of the folder, pipes and devices.
    pub skipped: Capped<Problem>,
    /// How many findings were overwritten.
    pub redacted: u64,
    /// How many were removed together with a temporary file of a killed co-cred process.
    pub removed: u64,
    /// Where findings remain that should have been overwritten.
    pub not_redacted: Capped<Problem>,
    /// How many files were searched.
    pub files: u64,
    /// How many bytes of them.
    pub bytes: u64,
}

impl Report {
    pub(super) fn add(&mut self, finding: Finding) {
        match (finding.token, finding.position) {
            (Some(_), _) | (_, Position::LeftOver) => self.tokens.push(finding),
            (None, _) => self.token_like.push(finding),
        }
    }

    /// Appends the whole report of one more file.
    pub(super) fn append_file(&mut self, mut file: Report) {
        file.files_with_findings = (file.tokens.count + file.token_like.count > 0).into();
        self.append_part(file, Part::File);
    }

    /// Appends what another thread found, or what was found later in the same file.
    pub(super) fn append(&mut self, other: Report) {
        self.append_part(other, Part::Same);
    }

    fn append_part(&mut self, other: Report, what: Part) {
        self.tokens.append(other.tokens, what);
        self.token_like.append(other.token_like, what);
        self.unread.append(other.unread, what);
        self.unopened.append(other.unopened, what);
        self.skipped.append(other.skipped, what);
        self.not_redacted.append(other.not_redacted, what);
        self.redacted += other.redacted;
        self.removed += other.removed;
        self.files_with_findings += other.files_with_findings;
        self.files += other.files;
        self.bytes += other.bytes;
    }

    pub(super) fn sort(&mut self) {
        for findings in [&mut self.tokens, &mut self.token_like] {
            findings.items.sort_by(|one, other| (&one.location, one.position).cmp(&(&other.location, other.position)));
        }
        for problems in [&mut self.unread, &mut self.unopened, &mut self.skipped, &mut self.not_redacted] {
            problems.items.sort_by(|one, other| one.location.cmp(&other.location));
        }
    }
}
