//! A child that stays a child: its output is masked as it streams where that is wanted, every signal reaches it, and it
//! ends as it would if nothing stood between.

pub mod mask;
#[cfg_attr(unix, path = "unix/mod.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;

use std::io;

pub use system::{become_command, before_end, die_of, lead_command, mask_rest, outlive_file_limit, replace, run};

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With this exit code.
    Code(u8),
    /// By this signal.
    Signal(i32),
}

/// Why there was no supervision.
#[derive(Debug)]
pub enum Failure {
    /// The command cannot be started, where nothing stands between.
    NotStarted(io::Error),
    /// The system gives no pipe, no terminal or no process.
    Unable(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Unable(error)
    }
}

/// How it went.
#[derive(Debug)]
pub struct Report {
    /// How the child ended.
    pub end: End,
    /// How many traces were masked in what it printed.
    pub masked: usize,
    /// Where some of what it printed is lost.
    pub lost: Vec<Lost>,
}

/// Output that could not be written.
#[derive(Debug)]
pub struct Lost {
    /// The stream, in words.
    pub stream: &'static str,
    /// Why.
    pub error: io::Error,
}
