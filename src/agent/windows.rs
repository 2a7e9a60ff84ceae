//! There is no agent on Windows: it would need a socket of which the system says whose the other end is. The broker of
//! `exec` keeps its token fresh all the same.

use std::fs::Metadata;
use std::io;
use std::os::windows::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::ipc::Brokered;

use super::Claim;
use super::token_state::TokenState;

/// A place that was claimed, of which there is none.
#[derive(Debug)]
pub enum AgentInstance {}

/// Says where there is no agent: on this system.
///
/// # Errors
/// Always.
pub fn supported() -> Result<()> {
    Err(none())
}

fn none() -> Error {
    Error::new(Reason::Usage, "there is no agent on Windows")
        .hint("co-cred login keeps the token in the Credential Manager, where every command finds it")
}

impl AgentInstance {
    /// # Errors
    /// Always.
    pub fn claim(_: &Env, _: &Path) -> Result<Claim> {
        Err(none())
    }

    pub(super) fn end_on_signals(&self) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn while_it_lives<T>(&self, _: impl FnOnce() -> T) -> T {
        match *self {}
    }

    pub(super) fn mark(&self) {
        match *self {}
    }

    pub(super) fn socket(&self) -> &Path {
        match *self {}
    }

    pub(super) fn serve(&self, _: Arc<TokenState>, _: Option<Brokered>) -> Result<()> {
        match *self {}
    }
}

/// What a file or a folder is told apart by from another that takes its place: when it was made.
pub(super) fn number(meta: &Metadata) -> u64 {
    meta.creation_time()
}

/// What is another after a change.
pub(super) type State = [u64; 3];

pub(super) fn state(meta: &Metadata) -> State {
    [meta.creation_time(), meta.len(), meta.last_write_time()]
}

/// Whether everybody has folders in there, as in `/tmp`: each user has a place of their own for that.
pub(super) fn is_everybodys(_: &Metadata) -> bool {
    false
}

/// Never asked for: there is no agent.
pub(super) fn host() -> String {
    String::new()
}
