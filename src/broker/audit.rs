//! What was asked, by whom no more than by whoever has the pass: one line of JSON for each request, never a header, a
//! query or a body.
//!
//! A line is written before its answer is given. Where that cannot be done, it is kept, and nothing more is asked of the
//! deployment until it could be.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;

use crate::error::{Error, Reason, Result};
use crate::files;

/// The longest path that is noted whole, in characters.
const LONGEST: usize = 1024;

/// Where requests are noted.
#[derive(Debug)]
pub struct Audit {
    book: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    file: File,
    /// What could not be written yet.
    pending: Vec<u8>,
}

impl Audit {
    /// Opens a file to append to; it is made, for this user alone, where it is missing.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn open(path: &Path) -> Result<Audit> {
        let file = files::append(path).map_err(|error| {
            Error::new(Reason::Usage, format!("{} cannot be written to ({})", path.display(), error.kind()))
                .hint("--audit takes a file in a folder that is there, and yours to write to")
        })?;
        Ok(Audit { book: Mutex::new(Book { file, pending: Vec::new() }) })
    }

    /// Whether everything so far is written.
    pub(super) fn is_ready(&self) -> bool {
        self.book().settle().is_ok()
    }

    fn note(&self, line: &[u8]) {
        let mut book = self.book();
        book.pending.extend_from_slice(line);
        if let Err(error) = book.settle() {
            tracing::info!(kind = %error.kind(), "the audit cannot be written");
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn settle(&mut self) -> io::Result<()> {
        while !self.pending.is_empty() {
            match self.file.write(&self.pending) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                // A part of a line may fit where the whole did not.
                Ok(written) => drop(self.pending.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A request that is to be noted, once: when its answer is there, or when nobody waits for that any more.
pub(super) struct Entry<'a> {
    audit: &'a Audit,
    time: Timestamp,
    start: Instant,
    method: String,
    path: String,
    rule: String,
    status: Option<u16>,
}

impl<'a> Entry<'a> {
    pub(super) fn new(audit: &'a Audit, method: &str, path: &str) -> Entry<'a> {
        let path = path.chars().take(LONGEST).collect();
        let (time, start) = (Timestamp::now(), Instant::now());
        Entry { audit, time, start, method: method.to_owned(), path, rule: String::new(), status: None }
    }

    pub(super) fn by(&mut self, rule: &str) {
        rule.clone_into(&mut self.rule);
    }

    /// Notes it, with the status of its answer.
    pub(super) fn answered(mut self, status: u16) {
        self.status = Some(status);
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let line = json!({
            "time": self.time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "duration": seconds(self.start.elapsed()),
            "rule": self.rule,
        });
        self.audit.note(format!("{line}\n").as_bytes());
    }
}

/// Seconds, to the tenth of a millisecond.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e4).round() / 1e4
}
