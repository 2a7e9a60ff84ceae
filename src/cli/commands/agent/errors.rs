//! Errors about an agent that does not answer or does not start.

use std::io;
use std::path::Path;

use crate::error::{Error, Reason};
use crate::ipc::{describe_failure, is_not_running};

/// The agent gave no response.
pub(super) fn no_response(socket: &Path, error: &io::Error) -> Error {
    if is_not_running(error) {
        return not_found("no agent answers", socket);
    }
    if error.kind() == io::ErrorKind::InvalidData {
        return not_an_agent(socket);
    }
    let (what, hint) = describe_failure(socket, error);
    Error::new(Reason::Agent, format!("the agent at {} {what}", socket.display())).hint(hint)
}

/// Another program gave the response.
pub(super) fn not_an_agent(socket: &Path) -> Error {
    not_found("a program that is not an agent answers", socket)
}

/// The agent's process did not start.
pub(super) fn not_started(why: &str) -> Error {
    Error::new(Reason::Internal, format!("the agent cannot be started ({why})"))
        .hint("co-cred agent --foreground --verbose shows what it does")
}

fn not_found(what: &str, socket: &Path) -> Error {
    Error::new(Reason::NotFound, format!("{what} at {}", socket.display()))
        .hint("start one with: eval \"$(co-cred agent)\"")
}
