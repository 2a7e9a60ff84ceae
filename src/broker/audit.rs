//! What was asked by whoever has the pass: one line of JSON for each request, never a header, a query or a body.
//!
//! A line is in the file before its request goes on, its status and duration `null`; they are filled in, in the very same
//! place, with the answer. So no request passes unnoted, whether the disk is full, the command ends or we are killed.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use serde_json::json;

use crate::error::{Error, Reason, Result};
use crate::files::{Log, read_exact_at, write_all_at};
use crate::token::mask;

use super::path::masked;

/// The longest path, and the longest rule, that is noted whole, in characters.
const LONGEST: usize = 1024;

/// The longest method that is noted whole: none of the API's is longer.
const LONGEST_METHOD: usize = 16;

/// Room for a duration in place of `null`: a week, to the tenth of a millisecond.
const ROOM: usize = "604800.0000".len() - "null".len();

/// Where requests are noted.
#[derive(Debug)]
pub struct AuditFile {
    path: PathBuf,
    log: Log,
    book: Mutex<Book>,
}

/// The file, as long as it is the one at its path.
#[derive(Debug)]
struct Book {
    /// To append to.
    end: File,
    /// To read and to fill in: what appends cannot write elsewhere. None where the file is for appending alone.
    pen: Option<Arc<File>>,
}

impl AuditFile {
    /// Opens a file to append to; it is made, for this user alone, where it is missing.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn open(path: &Path) -> Result<AuditFile> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let opened = Log::at(&path).and_then(|log| log.open(false).map(|opened| (log, opened)));
        let (log, (end, pen)) = opened.map_err(|error| {
            let why = match error.kind() {
                io::ErrorKind::NotFound => "its folder is not there".to_owned(),
                io::ErrorKind::InvalidInput => "it is no file".to_owned(),
                kind => kind.to_string(),
            };
            Error::new(Reason::Usage, format!("{} cannot be written to ({why})", path.display()))
                .hint("--audit takes a file in a folder that is there, and yours to write to")
        })?;
        Ok(AuditFile { path, log, book: Mutex::new(Book { end, pen: pen.map(Arc::new) }) })
    }

    /// Notes a request that is about to go on.
    ///
    /// # Errors
    /// There is no room for it: it must not.
    pub(super) fn begin(&self, asked: Asked) -> io::Result<Entry<'_>> {
        let begun = asked.begun();
        let (at, pen) = self.append(begun.as_bytes())?;
        Ok(Entry { audit: self, asked, begun, at, pen })
    }

    /// Notes a request that does not go on.
    pub(super) fn refused(&self, asked: &Asked, status: u16) {
        // Whoever asks is refused in any case.
        let _ = self.append(format!("{}\n", asked.written(Some(status))).as_bytes());
    }

    /// Where the line begins, and what it can be filled in with.
    fn append(&self, line: &[u8]) -> io::Result<(u64, Option<Arc<File>>)> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.log.holds(&book.end) {
            // It was moved away, to begin a new one.
            let (end, pen) = self.log.open(true)?;
            *book = Book { end, pen: pen.map(Arc::new) };
        }
        let mut written = 0;
        while written < line.len() {
            match book.end.write(&line[written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    take_back(&mut book.end, written as u64);
                    return Err(error);
                }
            }
        }
        // What appends stands behind what it has written, wherever others have since.
        Ok((book.end.stream_position()?.saturating_sub(line.len() as u64), book.pen.clone()))
    }
}

/// No half a line: the next one would begin in its midst. Where somebody else has begun one behind it, it stays.
fn take_back(book: &mut File, written: u64) {
    if let (Ok(end), Ok(meta)) = (book.stream_position(), book.metadata())
        && written > 0
        && meta.len() == end
    {
        let _ = book.set_len(end - written);
    }
}

impl std::fmt::Display for AuditFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--audit {}", self.path.display())
    }
}

/// What was asked, and when.
pub(super) struct Asked {
    time: Timestamp,
    start: Instant,
    method: String,
    path: String,
    rule: String,
}

impl Asked {
    pub(super) fn new(method: &str, path: &str, rule: &str) -> Asked {
        let (time, start) = (Timestamp::now(), Instant::now());
        let method = shown(&mask(method), LONGEST_METHOD);
        Asked { time, start, method, path: shown(&masked(path), LONGEST), rule: shown(&mask(rule), LONGEST) }
    }

    /// Its line before there is an answer, with room for one: blanks before a line end are JSON's own.
    fn begun(&self) -> String {
        let text = self.written(None);
        let room = text.len() + ROOM;
        format!("{text:<room$}\n")
    }

    fn written(&self, status: Option<u16>) -> String {
        let duration = status.map(|_| (self.start.elapsed().as_secs_f64() * 1e4).round() / 1e4);
        json!({
            "time": format!("{:.3}", self.time),
            "method": self.method,
            "path": self.path,
            "status": status,
            "duration": duration,
            "rule": self.rule,
        })
        .to_string()
    }
}

/// So much of a text, of which nothing drives a terminal. What looks like a token was masked before it is cut off.
fn shown(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

/// A request that is under way.
pub(super) struct Entry<'a> {
    audit: &'a AuditFile,
    asked: Asked,
    /// The line as it was written.
    begun: String,
    at: u64,
    pen: Option<Arc<File>>,
}

impl Entry<'_> {
    /// Fills in the status with which it was answered; where the line is not in its place any more, it is noted once more.
    pub(super) fn answered(self, status: u16) {
        let room = self.begun.len() - 1;
        let line = format!("{:<room$}\n", self.asked.written(Some(status)));
        let filled = self.pen.as_deref().is_some_and(|pen| {
            let mut there = vec![0; self.begun.len()];
            let is_there = read_exact_at(pen, &mut there, self.at).is_ok() && there == self.begun.as_bytes();
            is_there && write_all_at(pen, line.as_bytes(), self.at).is_ok()
        });
        if !filled {
            let _ = self.audit.append(line.as_bytes());
        }
    }
}
