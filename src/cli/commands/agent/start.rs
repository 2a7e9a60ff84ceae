//! Starting an agent, or finding the one that runs.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::agent::{self, AgentInstance, ChangeHooks, TokenState, unable};
use crate::broker::is_pass;
use crate::credential::{Mode, ObtainOptions};
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::ipc::{AgentRequest, AgentResponse, AgentStatus, BrokerOffer, SOCKET, ask, is_timeout};
use crate::sources::{self, SearchContext, SearchOptions};
use crate::token::Token;

use super::super::supervised;
use super::shell::{Running, write_variables};
use super::silent;
use crate::cli::broker::{PendingBroker, describe};
use crate::cli::messages::Messages;
use crate::cli::{Invocation, agent_events, args, broker, closed, system};

/// How long an agent may take to be ready, beside what the deployment may.
const START: Duration = Duration::from_secs(20);

/// The most that an agent prints to its parent.
const PRINTED: u64 = 64 * 1024;

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Agent,
    socket: &Path,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Result<u8> {
    // The agent leaves the folder in which it was started.
    let (common, env) = (invocation.common.with_absolute_paths(), invocation.env.with_absolute_paths());
    let folder = std::env::current_dir().ok();
    let context = &SearchContext::started_in(&env, folder.as_deref());
    let invocation = &Invocation { common: &common, env: &env, context, ..*invocation };
    let typed = &typed.with_absolute_paths();
    if typed.foreground || typed.detach {
        return foreground(invocation, typed, socket, out, messages);
    }
    let started = background(invocation, typed, socket, out);
    if typed.brokered.broker && !matches!(started, Ok(0)) {
        // A shell that evaluates nothing would go on, with the token.
        let _ = out.write_all(b"false;\n");
    }
    started
}

/// How long the first look of an agent may take, and all that goes with it: the deployment is asked twice at most.
fn patience(invocation: &Invocation) -> Result<Duration> {
    Ok(START + 2 * invocation.options(Mode::Auto)?.budget.timeout)
}

/// Runs here until it is told to end.
fn foreground(
    invocation: &Invocation,
    typed: &args::Agent,
    socket: &Path,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Result<u8> {
    let instance = match claim(invocation, typed, socket, out)? {
        Place::Ours(instance) => instance,
        Place::Joined(code) => return Ok(code),
    };
    // An agent does not ask itself.
    let mut env: Env = invocation.env.clone();
    env.remove(SOCKET);
    let folder = invocation.context.folder();
    let context = SearchContext::started_in(&env, folder.as_deref());
    let hooks = ChangeHooks::new(
        typed.keep_file.clone(),
        typed.on_change.clone(),
        &env,
        folder.as_deref(),
        typed.brokered.broker,
    );
    system::leave_the_folder();
    let options = invocation.options(Mode::Auto)?;
    let options = ObtainOptions { search: SearchOptions { context: &context, ..options.search }, ..options };
    let detach = typed.detach;
    let opened = broker::open(&typed.brokered)?;
    let offer = opened.as_ref().map(PendingBroker::access);
    let held = Cell::new(None);
    let serve = |token_state: &Arc<TokenState>| {
        let deployment = opened.map(|opened| opened.serve(invocation, &env, token_state)).transpose()?;
        held.set(token_state.held());
        Ok(offer.clone().zip(deployment))
    };
    let ready = || {
        let held = held.take();
        let fingerprint = held.as_ref().map(|held| held.token().fingerprint());
        let (pid, brokered, held) = (std::process::id(), offer.as_ref(), held.as_deref());
        write_variables(invocation, &Running { socket, pid, brokered, fingerprint, held }, out)?;
        if detach { system::leave_the_terminal().map_err(|error| unable("leave the terminal", error)) } else { Ok(()) }
    };
    // A log wants to know; a shell that starts does not.
    agent::run(&options, typed.brokered.broker, instance, &hooks, serve, ready, |event| {
        agent_events::report(messages, event, !detach)
    })?;
    Ok(0)
}

/// What came of claiming a place.
enum Place {
    Ours(AgentInstance),
    /// Another agent has it, and is used.
    Joined(u8),
}

/// Claims the place. Of two shells that start an agent at once, one waits for the other's; should that one end before it is
/// ready, its place is free.
fn claim(invocation: &Invocation, typed: &args::Agent, socket: &Path, out: &mut dyn Write) -> Result<Place> {
    let end = Instant::now() + patience(invocation)?;
    loop {
        match AgentInstance::claim(invocation.env, socket)? {
            Some(instance) => return Ok(Place::Ours(instance)),
            None if !typed.detach => {
                return Err(Error::new(Reason::Usage, format!("an agent runs already at {}", socket.display()))
                    .hint("co-cred agent status shows it; --socket names another place"));
            }
            None => {}
        }
        match ask(socket, &AgentRequest::Status) {
            Ok(AgentResponse::Status(status)) => {
                return join(invocation, typed, socket, &status, out).map(Place::Joined);
            }
            Err(error) if is_timeout(&error) => return Err(silent(socket, &error)),
            _ if Instant::now() >= end => {
                return Err(not_started("another one is about to start, and is not ready in time"));
            }
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Uses the agent that runs. Its broker must be what was asked for: another may let more pass, or lead elsewhere.
fn join(
    invocation: &Invocation,
    typed: &args::Agent,
    socket: &Path,
    status: &AgentStatus,
    out: &mut dyn Write,
) -> Result<u8> {
    let brokered = match ask(socket, &AgentRequest::Broker) {
        Ok(AgentResponse::Broker(brokered)) if is_one(&brokered) => Some(brokered),
        _ => None,
    };
    let asked = broker::restrictions(&typed.brokered)?.map(|restrictions| restrictions.rules());
    let sorted = |rules: &[String]| rules.iter().cloned().collect::<BTreeSet<String>>();
    let why = match (&asked, &brokered) {
        (None, None) => None,
        (None, Some(_)) => Some("has a broker, and gives the token to nobody else".to_owned()),
        (Some(_), None) => Some("has no broker".to_owned()),
        (Some(asked), Some(brokered)) if sorted(asked) != sorted(&brokered.rules) => {
            Some(format!("has a broker with other rules ({})", describe(&brokered.rules)))
        }
        (Some(_), Some(_)) => elsewhere(invocation, status)?,
    };
    if let Some(why) = why {
        return Err(Error::new(Reason::Usage, format!("an agent runs already at {}, and {why}", socket.display()))
            .hint("end it with co-cred agent stop, or start another beside it with --socket"));
    }
    let (pid, brokered, fingerprint) = (status.pid, brokered.as_ref(), status.fingerprint.clone());
    write_variables(invocation, &Running { socket, pid, brokered, fingerprint, held: None }, out).map(|()| 0)
}

/// Whether it is a broker's address on this machine, and a pass: whoever answers at a socket may say anything.
fn is_one(brokered: &BrokerOffer) -> bool {
    let is_here = brokered.domain.strip_prefix("http://127.0.0.1:").is_some_and(|port| port.parse::<u16>().is_ok());
    is_here && Token::parse(brokered.token.as_bytes()).is_ok_and(|parsed| is_pass(&parsed.token))
}

/// Where its broker leads, if that is not where this one would.
fn elsewhere(invocation: &Invocation, status: &AgentStatus) -> Result<Option<String>> {
    let wanted = sources::destination(&invocation.options(Mode::Never)?.search)?.map(|resolved| resolved.deployment);
    // In its own shell, the deployment is the broker.
    let is_there = |there: &str| Some(there) == status.deployment.as_deref() || Some(there) == status.broker.as_deref();
    let other = wanted.filter(|wanted| !is_there(wanted.origin()));
    Ok(other.map(|_| format!("is for {}", status.deployment.as_deref().unwrap_or("no deployment"))))
}

/// Starts one behind us, unless one runs already, and waits until it is ready.
fn background(invocation: &Invocation, typed: &args::Agent, socket: &Path, out: &mut dyn Write) -> Result<u8> {
    match ask(socket, &AgentRequest::Status) {
        Ok(AgentResponse::Status(status)) => return join(invocation, typed, socket, &status, out),
        Err(error) if is_timeout(&error) => return Err(silent(socket, &error)),
        _ => {}
    }
    // It may have to wait for another one to be ready, before it is itself.
    let patience = 2 * patience(invocation)?;
    let (mut child, said) = spawn(invocation, typed, socket)?;
    match said.recv_timeout(patience) {
        Ok(text) if !text.is_empty() => out.write_all(text.as_bytes()).map(|()| 0).or_else(closed),
        Err(RecvTimeoutError::Timeout) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(not_started("it is not ready in time"))
        }
        // It has told why.
        _ => {
            let code = child.wait().ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
            Ok(code.filter(|code| *code != 0).unwrap_or(1))
        }
    }
}

/// Starts one that goes to the background once it is ready; what it prints until then is received.
fn spawn(invocation: &Invocation, typed: &args::Agent, socket: &Path) -> Result<(Child, mpsc::Receiver<String>)> {
    let mut agent = Command::new(supervised::program()?);
    agent.args(["agent", "--detach", "--socket"]).arg(socket).args(invocation.common.typed()).args(typed.typed());
    agent.env_clear().envs(invocation.env.iter()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = agent.spawn().map_err(|error| not_started(&error.to_string()))?;
    let (sender, receiver) = mpsc::channel();
    let output = child.stdout.take();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = output.map(|output| output.take(PRINTED).read_to_string(&mut text));
        let _ = sender.send(if matches!(read, Some(Ok(_))) { text } else { String::new() });
    });
    Ok((child, receiver))
}

fn not_started(why: &str) -> Error {
    Error::new(Reason::Internal, format!("the agent cannot be started ({why})"))
        .hint("co-cred agent --foreground --verbose shows what it does")
}
