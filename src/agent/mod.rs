//! The agent: a token that stays fresh for whoever asks. It watches what the sources read, obtains again on a change, and
//! serves what is good over a Unix socket of this user's.
//!
//! No secret makes it end, and it ends nobody. The [`TokenState`] has the rules by which a token is replaced; [`RefreshLoop`] look
//! when something changes; [`run`] is the agent that others ask.

mod change_hooks;
mod refresh_loop;
#[cfg_attr(unix, path = "unix/mod.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;
mod token_state;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;

use crate::credential::ObtainOptions;
use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::Result;
use crate::ipc::{BROKER_SOCKET, Brokered, SOCKET};
use crate::sources::{self, SearchOptions};

pub use change_hooks::ChangeHooks;
pub use refresh_loop::RefreshLoop;
pub use system::{AgentInstance, supported};
pub use token_state::{AgentEvent, Looked, TokenState};

pub use refresh_loop::unable;
use token_state::RETRY;

/// The socket of this user's agent: the one that is named, be it for its broker alone, else one below `$XDG_RUNTIME_DIR` or
/// the cache folder.
pub fn socket(env: &Env) -> Option<PathBuf> {
    match env.path(SOCKET).or_else(|| env.path(BROKER_SOCKET)) {
        Some(named) => Some(named.to_path_buf()),
        None => match env.runtime_dir() {
            Some(folder) => Some(folder.join("agent.sock")),
            // A home may be shared between hosts, and a socket leads to an agent on one of them.
            None => Some(env.cache_dir()?.join(format!("agent-{}.sock", system::host()))),
        },
    }
}

/// What came of claiming a place.
#[derive(Debug)]
pub enum Claim {
    /// It is ours, as long as this is kept.
    Ours(AgentInstance),
    /// An agent runs there.
    Taken,
}

/// Runs until it is told to end, by a signal or over the socket: then the process ends, whatever is under way. A strict one keeps to the place of its first token.
///
/// `open` is called once it is known whether there is a token, and returns the broker that others are told of, where there
/// is one, and the deployment to which it leads: from then on no other is sent the token, whatever the files that name one
/// say. `ready` is called once whoever asks is answered.
///
/// # Errors
/// The system does not let it watch or serve.
pub fn run(
    options: &ObtainOptions,
    is_strict: bool,
    instance: AgentInstance,
    hooks: &ChangeHooks,
    open: impl FnOnce(&Arc<TokenState>) -> Result<Option<(Brokered, Deployment)>>,
    ready: impl FnOnce() -> Result<()>,
    mut tell: impl FnMut(AgentEvent),
) -> Result<()> {
    let mut refresh = RefreshLoop::new(options, is_strict);
    let token_state = refresh.token_state().clone();
    // What is found at the start is no change.
    let (mut unwritten, mut is_running) = (false, false);
    let mut hand_on = |looked: Looked| {
        let Looked { told, has_changed, retry, .. } = looked;
        told.into_iter().for_each(&mut tell);
        let held = token_state.held();
        if has_changed || !is_running {
            let context = options.search.context.reread();
            let search = options.with_context(&context).search;
            hooks.learn(sources::tokens(&search).iter().chain(held.iter().map(|held| held.token())));
        }
        let mut failures = Vec::new();
        if has_changed && is_running {
            instance.mark();
            failures.extend(hooks.run(instance.socket()).err());
        }
        is_running = true;
        if has_changed || unwritten {
            let written = instance.while_it_lives(|| hooks.write(held.as_deref()));
            // Told once, and tried again.
            if !unwritten || written.is_ok() {
                unwritten = written.is_err();
                failures.extend(written.err());
            }
        }
        failures.into_iter().map(AgentEvent::NotHandedOn).for_each(&mut tell);
        if unwritten { Some(RETRY) } else { retry }
    };
    instance.end_on_signals().map_err(|error| unable("wait for signals", error))?;
    refresh.look(options, &mut hand_on);
    let (brokered, deployment) = open(&token_state)?.unzip();
    let pinned = deployment.as_ref().map(Deployment::origin).or(options.search.deployment);
    let options = &ObtainOptions { search: SearchOptions { deployment: pinned, ..options.search }, ..*options };
    instance.serve(token_state.clone(), brokered)?;
    ready()?;
    refresh.run(options, &mut hand_on);
    Ok(())
}
