//! An agent in a process of its own, which outlives the command that starts it.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;

use crate::cli::commands::supervised;
use crate::cli::{Invocation, args, exit};
use crate::error::Result;
use crate::ipc::{AgentRequest, AgentResponse, ask, is_timeout};

use super::errors::{no_response, not_started};
use super::join;
use super::options::AgentOptions;
use super::timeout::start_timeout;

/// The most bytes of output that are read from the agent.
const MAX_OUTPUT: u64 = 64 * 1024;

/// Prints the variables of the agent that runs; if none runs, starts one and waits until it is ready.
pub(super) fn run(
    invocation: &Invocation,
    agent: &args::Agent,
    options: &AgentOptions,
    out: &mut dyn Write,
) -> Result<u8> {
    let socket = options.socket();
    match ask(socket, &AgentRequest::Status) {
        Ok(AgentResponse::Status(status)) => return join::run(invocation, agent, socket, &status, out).map(|()| 0),
        Err(error) if is_timeout(&error) => return Err(no_response(socket, &error)),
        _ => {}
    }
    // It may have to wait for another agent to be ready first.
    let timeout = 2 * start_timeout(invocation)?;
    let (mut child, output) = spawn(invocation, options)?;
    match output.recv_timeout(timeout) {
        Ok(text) if !text.is_empty() => exit::written(out.write_all(text.as_bytes())).map(|()| 0),
        Err(RecvTimeoutError::Timeout) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(not_started("it is not ready in time"))
        }
        // It has written the error itself.
        _ => {
            let code = child.wait().ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
            Ok(code.filter(|code| *code != 0).unwrap_or(1))
        }
    }
}

/// Starts the process, hands it the options on its standard input, and returns what it prints until it is ready.
fn spawn(invocation: &Invocation, options: &AgentOptions) -> Result<(Child, Receiver<String>)> {
    let options = options.to_json()?;
    let mut command = Command::new(supervised::program()?);
    command.args(["agent", "--detach"]).env_clear().envs(invocation.env.iter());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| not_started(&error.to_string()))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (sender, receiver) = mpsc::channel();
    // On a thread: the options may not fit into the pipe, and the process may hang.
    thread::spawn(move || {
        // A process that ends without reading them has written an error.
        let _ = stdin.map(|mut stdin| stdin.write_all(&options));
        let mut text = String::new();
        let read = stdout.map(|stdout| stdout.take(MAX_OUTPUT).read_to_string(&mut text));
        let _ = sender.send(if matches!(read, Some(Ok(_))) { text } else { String::new() });
    });
    Ok((child, receiver))
}
