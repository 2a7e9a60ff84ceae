//! The file of `--audit`: JSON lines about requests, without their headers, queries and bodies.
//!
//! A request that is let through has two lines with the same `id`: one is written before it is forwarded, the other once it
//! is answered. So each one is recorded, also where the client leaves, the command ends or co-cred is killed: then the
//! second line is missing. A request that is refused has one line with the keys of both.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;

use crate::error::{Error, Reason, Result};
use crate::files::Log;
use crate::token::mask;

use super::path::masked;

/// The most characters of a path and of a rule.
const MAX_LENGTH: usize = 1024;

/// The most characters of a method: those of the API are shorter.
const MAX_METHOD_LENGTH: usize = 16;

/// An audit file, to which lines are appended.
#[derive(Debug)]
pub struct AuditFile {
    path: PathBuf,
    log: Log,
    /// The file that was last seen at the path.
    file: Mutex<File>,
    /// Drawn at random, since several brokers may write to one file: the first part of each id.
    run: u32,
    /// The second part of the next id.
    next: AtomicU64,
}

impl AuditFile {
    /// Opens a file to append to; where it does not exist, it is created for this user alone.
    ///
    /// # Errors
    /// It cannot be written, or the system has no randomness.
    pub fn open(path: &Path) -> Result<AuditFile> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let opened = Log::at(&path).and_then(|log| Ok((log.open(false)?, getrandom::u32()?, log)));
        let (file, run, log) = opened.map_err(|error| {
            let why = match error.kind() {
                io::ErrorKind::NotFound => "its folder does not exist".to_owned(),
                io::ErrorKind::InvalidInput => "it is not a file".to_owned(),
                kind => kind.to_string(),
            };
            Error::new(Reason::Usage, format!("{} cannot be written to ({why})", path.display()))
                .hint("name a file in an existing folder that you may write to: --audit requests.jsonl")
        })?;
        Ok(AuditFile { path, log, file: Mutex::new(file), run, next: AtomicU64::new(1) })
    }

    /// Writes the first line of a request that is about to be forwarded.
    ///
    /// # Errors
    /// It cannot be written: the request must not be forwarded.
    pub(super) fn begin(&self, request: &AuditedRequest) -> io::Result<AuditEntry<'_>> {
        let entry = AuditEntry { file: self, id: self.id(), start: request.start };
        self.append(&Line { id: &entry.id, time: time(request.time), request: Some(request), response: None })?;
        Ok(entry)
    }

    /// Writes the only line of a request that is refused. Where that fails, it is refused all the same.
    pub(super) fn refuse(&self, request: &AuditedRequest, status: u16) {
        let response = Some(AuditedResponse::new(status, request.start));
        let _ = self.append(&Line { id: &self.id(), time: time(request.time), request: Some(request), response });
    }

    fn id(&self) -> String {
        format!("{:08x}-{}", self.run, self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Appends a line whole, or not at all.
    fn append(&self, line: &Line<'_>) -> io::Result<()> {
        let mut line = serde_json::to_vec(line)?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.log.holds(&file) {
            // The log was rotated: its path names another file, or none.
            *file = self.log.open(true)?;
        }
        let mut written = 0;
        while written < line.len() {
            let error = match file.write(&line[written..]) {
                Ok(0) => io::ErrorKind::WriteZero.into(),
                Ok(more) => {
                    written += more;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            truncate(&mut file, written as u64);
            return Err(error);
        }
        Ok(())
    }
}

/// Removes the beginning of a line that could not be written whole, unless another process has appended a line behind it.
fn truncate(file: &mut File, written: u64) {
    if let (Ok(end), Ok(meta)) = (file.stream_position(), file.metadata())
        && written > 0
        && meta.len() == end
    {
        let _ = file.set_len(end - written);
    }
}

impl std::fmt::Display for AuditFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--audit {}", self.path.display())
    }
}

/// A request that has its first line, and has yet to be answered.
pub(super) struct AuditEntry<'a> {
    file: &'a AuditFile,
    id: String,
    start: Instant,
}

impl AuditEntry<'_> {
    /// Writes the second line. Where that fails, the request is recorded without its answer, and the next one is refused as
    /// long as nothing can be written.
    pub(super) fn respond(self, status: u16) {
        let response = Some(AuditedResponse::new(status, self.start));
        let _ = self.file.append(&Line { id: &self.id, time: time(Timestamp::now()), request: None, response });
    }
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    time: String,
    #[serde(flatten)]
    request: Option<&'a AuditedRequest>,
    #[serde(flatten)]
    response: Option<AuditedResponse>,
}

/// What is recorded of a request: bounded in length, without control characters, and with what looks like a token masked.
#[derive(Serialize)]
pub(super) struct AuditedRequest {
    method: String,
    path: String,
    rule: String,
    #[serde(skip)]
    time: Timestamp,
    #[serde(skip)]
    start: Instant,
}

impl AuditedRequest {
    pub(super) fn new(method: &str, path: &str, rule: &str) -> AuditedRequest {
        AuditedRequest {
            method: printable(&mask(method), MAX_METHOD_LENGTH),
            path: printable(&masked(path), MAX_LENGTH),
            rule: printable(&mask(rule), MAX_LENGTH),
            time: Timestamp::now(),
            start: Instant::now(),
        }
    }
}

#[derive(Serialize)]
struct AuditedResponse {
    status: u16,
    /// In seconds, to a tenth of a millisecond.
    duration: f64,
}

impl AuditedResponse {
    fn new(status: u16, start: Instant) -> AuditedResponse {
        AuditedResponse { status, duration: (start.elapsed().as_secs_f64() * 1e4).round() / 1e4 }
    }
}

fn time(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// The first characters of a text; those that are not printable ASCII, which might control a terminal, become `?`. The text
/// is masked before: a token that is cut off is not recognised.
fn printable(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}
