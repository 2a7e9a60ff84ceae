//! The log on standard error, on request: co-cred's own steps alone, since another crate's log might quote a request.

use std::io::{self, Write};

use tracing::Level;
use tracing_subscriber::fmt;

use crate::env::Env;
use crate::token;

/// Runs `work` with the log that `-v` or `CO_CRED_LOG` asks for; without either, no log is set up.
pub(super) fn with<T>(verbose: bool, env: &Env, work: impl FnOnce() -> T) -> T {
    let Some(level) = level(verbose, env) else { return work() };
    let log = fmt().with_max_level(level).with_writer(|| Masked).with_ansi(false).without_time().finish();
    tracing::subscriber::with_default(log, work)
}

fn level(verbose: bool, env: &Env) -> Option<Level> {
    match verbose {
        true => Some(Level::INFO),
        false => env.text("CO_CRED_LOG")?.parse().ok(),
    }
}

/// Standard error with tokens masked: a path or a name in the log may be one by mistake.
struct Masked;

impl Write for Masked {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // If standard error is closed, the command goes on without a log.
        let _ = io::stderr().write_all(token::mask(&String::from_utf8_lossy(event)).as_bytes());
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
