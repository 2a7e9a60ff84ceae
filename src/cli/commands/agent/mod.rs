//! `co-cred agent`: start an agent, show its state, end it.

mod background;
mod errors;
mod foreground;
mod join;
mod options;
mod shell;
mod start;
mod status;
mod stop;
mod timeout;

use std::io::Write;
use std::path::PathBuf;

use crate::agent;
use crate::cli::args::AgentAction;
use crate::cli::messages::Messages;
use crate::cli::{Invocation, args};
use crate::error::{Error, Reason, Result};

use options::AgentOptions;

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Agent,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Result<u8> {
    agent::supported()?;
    match typed.action {
        Some(AgentAction::Status) => status::run(&socket(invocation, typed)?, typed.json, out),
        Some(AgentAction::Stop) => stop::run(invocation, &socket(invocation, typed)?, out),
        None => {
            let options = match typed.detach {
                true => AgentOptions::receive()?,
                false => AgentOptions::new(invocation.common, typed, &socket(invocation, typed)?),
            };
            start::run(invocation, typed, &options, out, messages)
        }
    }
}

/// The absolute path of the agent's socket.
///
/// # Errors
/// It is not named, and no folder for it is known.
fn socket(invocation: &Invocation, typed: &args::Agent) -> Result<PathBuf> {
    let socket = typed.socket.clone().or_else(|| agent::socket(invocation.env)).ok_or_else(|| {
        Error::new(Reason::Usage, "there is no folder for the agent's socket: neither XDG_RUNTIME_DIR nor HOME is set")
            .hint("name the socket with --socket PATH")
    })?;
    Ok(std::path::absolute(&socket).unwrap_or(socket))
}
