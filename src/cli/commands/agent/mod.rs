//! `co-cred agent`: start one, see how it is, end it.

mod shell;
mod start;

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::agent;
use crate::error::{Error, Reason, Result};
use crate::ipc::{AgentRequest, AgentResponse, AgentStatus, ask, describe_failure, is_not_running};

use crate::cli::args::AgentAction;
use crate::cli::broker::describe;
use crate::cli::messages::{Messages, clean};
use crate::cli::{Invocation, args, closed};

/// How long an agent may take to leave its place.
const END: Duration = Duration::from_secs(5);

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Agent,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Result<u8> {
    agent::supported()?;
    let socket = typed.socket.clone().or_else(|| agent::socket(invocation.env)).ok_or_else(|| {
        Error::new(Reason::Usage, "there is no folder for the agent's socket: neither XDG_RUNTIME_DIR nor HOME is set")
            .hint("--socket names one")
    })?;
    let socket = std::path::absolute(&socket).unwrap_or(socket);
    match typed.action {
        Some(AgentAction::Status) => status(&socket, typed.json, out),
        Some(AgentAction::Stop) => stop(invocation, &socket, out),
        None => start::run(invocation, typed, &socket, out, messages),
    }
}

fn status(socket: &Path, json: bool, out: &mut dyn Write) -> Result<u8> {
    let answer = ask(socket, &AgentRequest::Status).map_err(|error| silent(socket, &error))?;
    let AgentResponse::Status(status) = answer else { return Err(no_agent(socket, "what answers is no agent")) };
    // Every word of it is another process's.
    let AgentStatus { pid, deployment, place, fingerprint, since, changes, trouble, broker, rules } = status;
    let [deployment, place, fingerprint, trouble, broker] =
        [deployment, place, fingerprint, trouble, broker].map(|text| text.map(|text| clean(&text)));
    let rules: Vec<String> = rules.iter().map(|rule| clean(rule)).collect();
    let (since, socket) = (format!("{since:.0}"), clean(&socket.display().to_string()));
    let written = if json {
        let status = json!({
            "pid": pid, "socket": socket, "deployment": deployment, "place": place,
            "fingerprint": fingerprint, "since": since, "changes": changes, "trouble": trouble,
            "broker": broker.map(|domain| json!({ "domain": domain, "rules": rules })),
        });
        writeln!(out, "{status:#}")
    } else {
        let none = || "none".to_owned();
        let token = fingerprint.map_or_else(none, |token| format!("{token} from {}", place.unwrap_or_else(none)));
        let lines = [
            ("process", pid.to_string()),
            ("socket", socket),
            ("token", token),
            ("deployment", deployment.unwrap_or_else(none)),
            ("since", since),
            ("changes", changes.to_string()),
        ];
        let broker = broker.map(|domain| ("broker", format!("{domain}, {}", describe(&rules))));
        let trouble = trouble.map(|trouble| ("trouble", trouble));
        lines.into_iter().chain(broker).chain(trouble).try_for_each(|(name, value)| writeln!(out, "{name:<12} {value}"))
    };
    written.map(|()| 0).or_else(closed)
}

/// Ends it. Where none answers, it may have been killed: its socket and its port may be another's by now, and nothing of
/// this shell must go there.
fn stop(invocation: &Invocation, socket: &Path, out: &mut dyn Write) -> Result<u8> {
    let stopped = match ask(socket, &AgentRequest::Stop) {
        Ok(AgentResponse::Stopping) => gone(socket),
        Ok(_) => Err(no_agent(socket, "what answers is no agent")),
        Err(error) => Err(silent(socket, &error)),
    };
    let unset = shell::afterwards(invocation.env);
    let written = if unset.is_empty() { Ok(()) } else { writeln!(out, "{unset}") };
    stopped.and_then(|()| written.map(|()| 0).or_else(closed))
}

/// Waits until its socket is gone.
fn gone(socket: &Path) -> Result<()> {
    let end = Instant::now() + END;
    while socket.exists() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    match socket.exists() {
        false => Ok(()),
        true => Err(Error::new(Reason::Internal, "the agent has been told to end, and its socket is still there")
            .hint("co-cred agent status shows whether it runs, and its process")),
    }
}

/// An agent that gave no answer.
fn silent(socket: &Path, error: &std::io::Error) -> Error {
    if is_not_running(error) {
        return no_agent(socket, "no agent answers");
    }
    if error.kind() == std::io::ErrorKind::InvalidData {
        return no_agent(socket, "what answers is no agent");
    }
    let (what, hint) = describe_failure(socket, error);
    Error::new(Reason::Agent, format!("the agent at {} {what}", socket.display())).hint(hint)
}

fn no_agent(socket: &Path, what: &str) -> Error {
    Error::new(Reason::NotFound, format!("{what} at {}", socket.display()))
        .hint("start one with: eval \"$(co-cred agent)\"")
}
