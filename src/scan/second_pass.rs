//! The second pass over a text that has findings: the line and column of each, and in a notebook the cell.
//!
//! It is bounded: by the findings that a report lists, and by how much is read. Where it tells nothing, a finding has its
//! byte offset only.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;

use memchr::memchr;
use zeroize::Zeroizing;

use crate::files::BYTE_ORDER_MARK;

use super::lines::LineCounter;
use super::notebook::NotebookReader;
use super::reader::fill;
use super::report::{Finding, Position, Report, TextPlace};

/// How many bytes are read at once.
const PIECE: usize = 64 * 1024;

/// A content with a NUL in so many bytes is binary: it has no lines.
const HEAD: usize = 8 * 1024;

/// How much of a content is read.
const MAX_READ: u64 = 1 << 30;

/// The places of the findings in one text, by their offsets.
pub(super) struct TextPlaces(BTreeMap<u64, TextPlace>);

impl TextPlaces {
    /// Whether a report has findings whose place could be told.
    pub(super) fn are_wanted(report: &Report) -> bool {
        findings(report).next().is_some()
    }

    /// Reads the file with this path from its beginning to the last finding.
    pub(super) fn read(report: &Report, source: &mut dyn Read, path: &Path) -> TextPlaces {
        let wanted: BTreeSet<u64> = findings(report).filter_map(offset).collect();
        let is_notebook = path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case(OsStr::new("ipynb")));
        let text = Text { lines: LineCounter::default(), notebook: is_notebook.then(NotebookReader::new) };
        let mut places = TextPlaces(BTreeMap::new());
        // What was told before an error stays.
        let _ = places.read_to_last(&wanted, source, text);
        places
    }

    fn read_to_last(&mut self, wanted: &BTreeSet<u64>, source: &mut dyn Read, mut text: Text) -> io::Result<()> {
        let mut wanted = wanted.iter().copied().peekable();
        let (mut piece, mut start) = (Zeroizing::new(vec![0; PIECE]), 0);
        while wanted.peek().is_some() && start < MAX_READ {
            let len = fill(source, &mut piece)?;
            let piece = &piece[..len];
            if len == 0 || start == 0 && memchr(0, &piece[..len.min(HEAD)]).is_some() {
                break;
            }
            // Editors do not show it.
            let mut from = if start == 0 && piece.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
            while let Some(offset) = wanted.next_if(|offset| *offset < start + len as u64) {
                let at = from.max((offset - start) as usize);
                text.pass(&piece[from..at]);
                self.0.insert(offset, text.place());
                from = at;
            }
            text.pass(&piece[from..]);
            start += len as u64;
        }
        Ok(())
    }

    /// Adds the places to the findings.
    pub(super) fn add_to(&self, report: &mut Report) {
        for finding in report.tokens.items.iter_mut().chain(&mut report.token_like.items) {
            finding.place = offset(finding).and_then(|offset| self.0.get(&offset).copied());
        }
    }
}

/// The findings that a report lists in the content of the file itself.
fn findings(report: &Report) -> impl Iterator<Item = &Finding> {
    report.tokens.items.iter().chain(&report.token_like.items).filter(|finding| offset(finding).is_some())
}

/// The offset of a finding, unless that is in a content that is packed in the file.
fn offset(finding: &Finding) -> Option<u64> {
    match finding.position {
        Position::Byte(offset) if finding.location.inside.is_empty() => Some(offset),
        _ => None,
    }
}

/// A text up to a place in it.
struct Text {
    lines: LineCounter,
    notebook: Option<NotebookReader>,
}

impl Text {
    fn pass(&mut self, bytes: &[u8]) {
        self.lines.pass(bytes);
        if let Some(notebook) = &mut self.notebook {
            notebook.pass(bytes);
        }
    }

    fn place(&self) -> TextPlace {
        let part = self.notebook.as_ref().and_then(NotebookReader::part);
        TextPlace { line: self.lines.line(), column: self.lines.column(), part }
    }
}
