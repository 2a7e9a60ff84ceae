//! The agent: watches the files that sources read, obtains the token again when one changes, and serves it over a Unix socket
//! to this user's programs.
//!
//! [`TokenState`] decides which token is held, [`RefreshLoop`] when it is obtained again, [`ChangeHooks`] what follows a
//! change, [`Responder`] what is answered. [`run()`] is the whole agent. A broker uses a [`RefreshLoop`] without an agent.
//!
//! An input that cannot be read or used never ends an agent: it is reported, and obtained again later.

mod change_hooks;
mod error;
mod events;
mod file_watcher;
mod refresh_loop;
mod responder;
mod run;
#[cfg_attr(unix, path = "unix/mod.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;
mod token_state;

use std::path::PathBuf;

use crate::env::Env;
use crate::ipc::{BROKER_SOCKET, SOCKET};

pub use change_hooks::ChangeHooks;
pub use error::unable;
pub use events::{AgentEvent, RefreshOutcome};
pub use refresh_loop::RefreshLoop;
pub use responder::Responder;
pub use run::run;
pub use system::{AgentInstance, supported};
pub use token_state::TokenState;

/// The socket of this user's agent: the one that the environment names, else `agent.sock` below `$XDG_RUNTIME_DIR`, else
/// one below the cache folder. None where no folder is known.
pub fn socket(env: &Env) -> Option<PathBuf> {
    match env.path(SOCKET).or_else(|| env.path(BROKER_SOCKET)) {
        Some(named) => Some(named.to_path_buf()),
        None => match env.runtime_dir() {
            Some(folder) => Some(folder.join("agent.sock")),
            // Hosts may share a home, and a socket leads to an agent on one of them.
            None => Some(env.cache_dir()?.join(format!("agent-{}.sock", system::host_name()))),
        },
    }
}
