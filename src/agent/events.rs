//! What starts a refresh, and what comes of it.

use std::sync::mpsc::SyncSender;
use std::time::Duration;

use crate::error::{Error, Remark};

/// Why a refresh starts.
#[derive(Debug)]
pub(super) enum RefreshTrigger {
    /// A file that a source reads may have changed.
    FilesChanged,
    /// A thread waits for a refresh: it is done when the sender is dropped.
    Requested(SyncSender<()>),
}

/// What an agent reports.
#[derive(Debug)]
pub enum AgentEvent {
    /// Another token is held, or the same with another account or expiry.
    TokenChanged {
        /// Where it was found.
        place: String,
        /// Warnings about it.
        remarks: Vec<Remark>,
    },
    /// The token that was found cannot be used, or none was found.
    RefreshFailed {
        /// Why.
        error: Error,
        /// Whether the previous token is still held.
        is_kept: bool,
    },
    /// The token has changed, but its file could not be written, or the command of `--on-change` not be started.
    HookFailed(Error),
}

/// The result of a refresh.
#[derive(Debug, Default)]
pub struct RefreshOutcome {
    /// What to report.
    pub event: Option<AgentEvent>,
    /// Whether another token is held, none any more, or the same with another account or expiry.
    pub has_changed: bool,
    /// When to refresh again even if no file changes.
    pub retry_after: Option<Duration>,
    /// Whether the token that was found could not be used, or none was found.
    pub has_failed: bool,
}
