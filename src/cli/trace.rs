//! The log, for whoever asks for it: co-cred's own steps on standard error, and nobody else's, since another crate's
//! might quote a request.

use std::io::{self, Write};

use tracing::Level;
use tracing_subscriber::fmt;

use crate::env::Env;
use crate::token;

/// Runs `work` with the log that `-v` or `$CO_CRED_LOG` asks for; with none, which is the rule, at no cost.
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

/// Standard error, with whatever has a token's shape masked: a path or a name in the log may be one by mistake.
struct Masked;

impl Write for Masked {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // Nobody to tell that nobody listens: the command goes on.
        let _ = io::stderr().write_all(token::mask(&String::from_utf8_lossy(event)).as_bytes());
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
