//! `co-cred agent stop`.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::cli::{Invocation, exit};
use crate::error::{Error, Reason, Result};
use crate::ipc::{AgentRequest, AgentResponse, ask};

use super::errors::{no_response, not_an_agent};
use super::shell::stop_script;

/// How long an agent may take to remove its socket.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How soon to look again whether the socket is removed.
const STOP_INTERVAL: Duration = Duration::from_millis(5);

/// Ends the agent, and prints what restores the shell's variables.
///
/// The shell is restored even where no agent answers: the agent may have been killed, and another program may listen at its
/// broker's port by now.
pub(super) fn run(invocation: &Invocation, socket: &Path, out: &mut dyn Write) -> Result<u8> {
    let stopped = match ask(socket, &AgentRequest::Stop) {
        Ok(AgentResponse::Stopping) => wait_for_end(socket),
        Ok(_) => Err(not_an_agent(socket)),
        Err(error) => Err(no_response(socket, &error)),
    };
    let script = stop_script(invocation.env);
    let written = if script.is_empty() { Ok(()) } else { writeln!(out, "{script}") };
    stopped.and_then(|()| exit::written(written)).map(|()| 0)
}

/// Waits until the socket is removed.
fn wait_for_end(socket: &Path) -> Result<()> {
    let deadline = Instant::now() + STOP_TIMEOUT;
    while socket.exists() && Instant::now() < deadline {
        std::thread::sleep(STOP_INTERVAL);
    }
    match socket.exists() {
        false => Ok(()),
        true => Err(Error::new(Reason::Internal, "the agent was asked to end, but its socket still exists")
            .hint("co-cred agent status shows whether it runs, and its process")),
    }
}
