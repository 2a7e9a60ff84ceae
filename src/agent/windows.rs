//! Windows has no agent: it would need a socket whose other end the system identifies. A broker of `exec` refreshes its token
//! without one.

use std::fs::Metadata;
use std::io;
use std::os::windows::fs::MetadataExt;
use std::path::Path;

use crate::env::Env;
use crate::error::{Error, Reason, Result};

use super::responder::Responder;

/// A claim on a socket path, which does not exist on Windows.
#[derive(Debug)]
pub enum AgentInstance {}

/// Whether this system has an agent.
///
/// # Errors
/// Always on Windows.
pub fn supported() -> Result<()> {
    Err(unsupported())
}

fn unsupported() -> Error {
    Error::new(Reason::Usage, "there is no agent on Windows")
        .hint("co-cred login keeps the token in the Credential Manager, where every command finds it")
}

impl AgentInstance {
    /// # Errors
    /// Always.
    pub fn claim(_: &Env, _: &Path) -> Result<Option<AgentInstance>> {
        Err(unsupported())
    }

    pub(super) fn exit_on_signals(&self) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn finish_before_exit<T>(&self, _: impl FnOnce() -> T) -> T {
        match *self {}
    }

    pub(super) fn record_change(&self) {
        match *self {}
    }

    pub(super) fn socket(&self) -> &Path {
        match *self {}
    }

    pub(super) fn serve(&self, _: Responder) -> Result<()> {
        match *self {}
    }
}

/// The number that tells a file or folder from another at the same path: its creation time.
pub(super) fn file_number(meta: &Metadata) -> u64 {
    meta.creation_time()
}

/// File fingerprint: creation time, size, last write time.
pub(super) type FileFingerprint = [u64; 3];

pub(super) fn fingerprint(meta: &Metadata) -> FileFingerprint {
    [meta.creation_time(), meta.len(), meta.last_write_time()]
}

/// Whether every user may create files in a folder: on Windows, each user has a temporary folder.
pub(super) fn is_shared_folder(_: &Metadata) -> bool {
    false
}

/// Not needed: there is no agent.
pub(super) fn host_name() -> String {
    String::new()
}
