//! An agent in this process.

use std::cell::Cell;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::agent::{self, AgentInstance, ChangeHooks, TokenState, unable};
use crate::cli::broker::PendingBroker;
use crate::cli::messages::Messages;
use crate::cli::{Invocation, agent_events, args, broker, system};
use crate::credential::{Mode, ObtainOptions};
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::ipc::{AgentRequest, AgentResponse, SOCKET, ask, is_timeout};
use crate::sources::{SearchContext, SearchOptions};

use super::errors::{no_response, not_started};
use super::join;
use super::shell::{AgentVariables, write_variables};
use super::timeout::start_timeout;

/// How soon to look again whether another agent is ready.
const CLAIM_INTERVAL: Duration = Duration::from_millis(20);

/// Runs the agent until a signal or a request ends the process. Where `agent.detach` is set and another agent runs, prints
/// that one's variables instead.
pub(super) fn run(
    invocation: &Invocation,
    agent: &args::Agent,
    socket: &Path,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Result<u8> {
    let Some(instance) = claim(invocation, agent, socket, out)? else { return Ok(0) };
    // An agent must not ask itself.
    let mut env: Env = invocation.env.clone();
    env.remove(SOCKET);
    let folder = invocation.context.folder();
    let context = SearchContext::started_in(&env, folder.as_deref());
    let args::Agent { keep_file, on_change, broker_options, detach, .. } = agent;
    let hooks = ChangeHooks::new(keep_file.clone(), on_change.clone(), &env, folder.as_deref(), broker_options.broker);
    system::leave_the_folder();
    let options = invocation.options(Mode::Auto)?;
    let options = ObtainOptions { search: SearchOptions { context: &context, ..options.search }, ..options };
    let pending = broker::open(broker_options)?;
    let offer = pending.as_ref().map(PendingBroker::access);
    let credential = Cell::new(None);
    let open_broker = |token_state: &Arc<TokenState>| {
        let deployment = pending.map(|pending| pending.serve(invocation, &env, token_state)).transpose()?;
        credential.set(token_state.held());
        Ok(offer.clone().zip(deployment))
    };
    let ready = || {
        let credential = credential.take();
        let variables = AgentVariables {
            socket,
            pid: std::process::id(),
            broker: offer.as_ref(),
            fingerprint: credential.as_ref().map(|credential| credential.token().fingerprint()),
            credential: credential.as_deref(),
        };
        write_variables(invocation, &variables, out)?;
        if *detach { system::leave_the_terminal().map_err(|error| unable("leave the terminal", error)) } else { Ok(()) }
    };
    // A new token is reported in a log, and not in the shell that starts the agent.
    let report = |event| agent_events::report(messages, event, !detach);
    agent::run(&options, broker_options.broker, instance, &hooks, open_broker, ready, report)?;
    Ok(0)
}

/// Claims the socket; returns none where another agent runs, whose variables have been printed.
///
/// Of two agents that start at once, one waits until the other is ready. If that one ends before, this one takes its place.
fn claim(
    invocation: &Invocation,
    agent: &args::Agent,
    socket: &Path,
    out: &mut dyn Write,
) -> Result<Option<AgentInstance>> {
    let deadline = Instant::now() + start_timeout(invocation)?;
    loop {
        match AgentInstance::claim(invocation.env, socket)? {
            Some(instance) => return Ok(Some(instance)),
            None if !agent.detach => {
                return Err(Error::new(Reason::Usage, format!("an agent already runs at {}", socket.display()))
                    .hint("co-cred agent status shows it; start another beside it with --socket"));
            }
            None => {}
        }
        match ask(socket, &AgentRequest::Status) {
            Ok(AgentResponse::Status(status)) => {
                return join::run(invocation, agent, socket, &status, out).map(|()| None);
            }
            Err(error) if is_timeout(&error) => return Err(no_response(socket, &error)),
            _ if Instant::now() >= deadline => {
                return Err(not_started("another agent is starting, and is not ready in time"));
            }
            _ => thread::sleep(CLAIM_INTERVAL),
        }
    }
}
