//! The log, for whoever asks for it: co-cred's own steps on standard error, and nobody else's, since another crate's
//! might quote a request.

use std::io;

use tracing::Level;
use tracing_subscriber::fmt;

use crate::env::Env;

/// Runs `work` with the log that `-v` or `$CO_CRED_LOG` asks for; with none, which is the rule, at no cost.
pub(super) fn with(verbose: u8, env: &Env, work: impl FnOnce() -> u8) -> u8 {
    let Some(level) = level(verbose, env) else { return work() };
    let log = fmt().with_max_level(level).with_writer(io::stderr).with_ansi(false).without_time().finish();
    tracing::subscriber::with_default(log, work)
}

fn level(verbose: u8, env: &Env) -> Option<Level> {
    match (verbose, env.text("CO_CRED_LOG")) {
        (0, None) => None,
        (0, Some(word)) => word.parse().ok(),
        (1, _) => Some(Level::DEBUG),
        _ => Some(Level::TRACE),
    }
}
