//! Exit codes: how the end of a command becomes one, and those that `exec` keeps for itself.

use std::ffi::OsString;
use std::io::{self, ErrorKind};

use crate::error::{Error, Reason, Result};

use super::messages::Messages;
use super::refused::refused;

/// `exec`: co-cred itself failed. The codes below belong to its command.
pub(super) const EXEC_FAILED: u8 = 125;
/// `exec`: the command cannot be executed.
const NOT_EXECUTABLE: u8 = 126;
/// `exec`: the command does not exist.
const NOT_FOUND: u8 = 127;

/// What a command returns: its exit code, or why it ended early.
pub(super) type Outcome = Result<u8, Failure>;

/// Why a command ended early.
#[derive(Debug)]
pub(super) enum Failure {
    /// The reader of the output went away, as `head` does: a success, as with any tool in a pipe.
    ReaderGone,
    /// The command failed.
    Failed(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Failed(error)
    }
}

/// For writes to the output alone: any other I/O error is made an [`Error`] where it occurs.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            ErrorKind::BrokenPipe => Failure::ReaderGone,
            kind => Error::new(Reason::Internal, format!("the output cannot be written ({kind})"))
                .hint("check where it goes: a full disk, a closed terminal")
                .caused_by(error)
                .into(),
        }
    }
}

/// What a write to the output means for a command that goes on after it.
///
/// # Errors
/// The output cannot be written.
pub(super) fn written(result: io::Result<()>) -> Result<()> {
    match result.map_err(Failure::from) {
        Ok(()) | Err(Failure::ReaderGone) => Ok(()),
        Err(Failure::Failed(error)) => Err(error),
    }
}

/// Reports an error, if there is one; returns the exit code.
pub(super) fn code(outcome: Outcome, messages: &mut Messages) -> u8 {
    match outcome {
        Ok(code) => code,
        Err(Failure::ReaderGone) => 0,
        Err(Failure::Failed(error)) => messages.error(&error),
    }
}

/// The same for `exec`: its code does not say which kind of error it was, so the message does.
pub(super) fn exec_code(outcome: Outcome, messages: &mut Messages) -> u8 {
    match outcome {
        Err(Failure::Failed(mut error)) => {
            error.what = format!("{}: {}", error.kind().word(), error.what);
            messages.error(&error);
            EXEC_FAILED
        }
        outcome => code(outcome, messages),
    }
}

/// The exit code of a failure before any command runs: `exec` keeps the low ones for its command, even where its own
/// options are wrong.
pub(super) fn before_command(args: &[OsString], code: u8) -> u8 {
    let mut words = args.iter().skip(1).take_while(|arg| *arg != "--");
    let command = words.find(|arg| !arg.as_encoded_bytes().starts_with(b"-"));
    if command.is_some_and(|command| command == "exec") { EXEC_FAILED } else { code }
}

/// Reports why the command of `exec` was not started; returns the exit code.
pub(super) fn not_started(command: &[OsString], failure: io::Error, messages: &mut Messages) -> u8 {
    let program = command.first().map(OsString::as_os_str).unwrap_or_default();
    let code = if failure.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE };
    messages.error(&refused(program, failure));
    code
}
