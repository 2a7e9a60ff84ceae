//! How supervision of a command went: its exit, what was masked, what could not be written.

use std::io;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this exit code.
    Code(u8),
    /// By this signal.
    Signal(i32),
}

/// Why a command was not supervised.
#[derive(Debug)]
pub enum SuperviseError {
    /// The command cannot be started.
    NotStarted(io::Error),
    /// The system gives no pipe, no terminal or no process for the supervision itself.
    Setup(io::Error),
}

impl From<io::Error> for SuperviseError {
    fn from(error: io::Error) -> SuperviseError {
        SuperviseError::Setup(error)
    }
}

/// What became of a supervised command.
#[derive(Debug)]
pub struct Report {
    /// How the command ended.
    pub exit: Exit,
    /// How many matches were masked in its output.
    pub masked: usize,
    /// The streams of which some output is lost.
    pub lost: Vec<Lost>,
}

/// A stream whose output could not be written.
#[derive(Debug)]
pub struct Lost {
    /// The stream, as messages name it: `standard output`.
    pub stream: &'static str,
    /// The first error of writing it.
    pub error: io::Error,
}
