//! What a command reads to find its token, read at most once: the environment, the mounts, the slot files, the configuration,
//! the list of logins, the credentials file and the agent's answer.

use std::cell::OnceCell;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::error::Result;
use crate::files::{self, Contents, ReadError};
use crate::ipc::HeldToken;
use crate::keyring::{self, LoginList};

use super::{config, mount, slots};

/// The most bytes that the credentials file may have.
const CREDENTIALS_LIMIT: usize = 64 * 1024;

/// What the agent says that it has.
pub(super) enum AgentAnswer {
    /// A token.
    Token(HeldToken),
    /// No token, and why.
    Nothing(String),
}

/// All that sources read, read once for a command. A long-running process takes a new one for each look ([`SearchContext::reread`]).
pub struct SearchContext<'a> {
    /// The environment.
    pub env: &'a Env,
    /// The folder in which the command was started; none where that is the working directory.
    folder: Option<&'a Path>,
    mounts: OnceCell<Vec<mount::Mount>>,
    slots: OnceCell<slots::Slots>,
    config: OnceCell<config::Config>,
    logins: OnceCell<LoginList>,
    credentials: OnceCell<Result<Contents, ReadError>>,
    pub(super) agent: OnceCell<AgentAnswer>,
}

impl<'a> SearchContext<'a> {
    /// Reads nothing yet.
    pub fn new(env: &'a Env) -> SearchContext<'a> {
        SearchContext {
            env,
            folder: None,
            mounts: OnceCell::new(),
            slots: OnceCell::new(),
            config: OnceCell::new(),
            logins: OnceCell::new(),
            credentials: OnceCell::new(),
            agent: OnceCell::new(),
        }
    }

    /// For a process that has left the folder in which it was started.
    pub fn started_in(env: &'a Env, folder: Option<&'a Path>) -> SearchContext<'a> {
        SearchContext { folder, ..SearchContext::new(env) }
    }

    /// The same place to look, with nothing read yet: what changed since is seen.
    pub fn reread(&self) -> SearchContext<'a> {
        SearchContext::started_in(self.env, self.folder)
    }

    /// The folder in which the command was started.
    pub fn folder(&self) -> Option<PathBuf> {
        self.folder.map(Path::to_path_buf).or_else(|| std::env::current_dir().ok())
    }

    /// The mounts, in the order in which they are asked.
    pub(super) fn mounts(&self) -> &[mount::Mount] {
        self.mounts.get_or_init(|| mount::mounts(self.env))
    }

    pub(super) fn slots(&self) -> &slots::Slots {
        self.slots.get_or_init(|| slots::Slots::read(self.env))
    }

    /// # Errors
    /// The configuration exists but cannot be used.
    pub(super) fn config(&self) -> Result<&config::Config> {
        once(&self.config, || config::Config::read(self.env))
    }

    /// # Errors
    /// The list of logins exists but cannot be used.
    pub(super) fn logins(&self) -> Result<&LoginList> {
        once(&self.logins, || keyring::list(self.env))
    }

    /// The credentials file, which may have a problem, or not exist.
    pub(super) fn credentials(&self, path: &Path) -> Result<&Contents, &ReadError> {
        self.credentials.get_or_init(|| files::read(path, CREDENTIALS_LIMIT)).as_ref()
    }
}

impl fmt::Debug for SearchContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchContext").field("env", self.env).field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The value of the cell, which is worked out the first time. An error is not kept.
pub(super) fn once<T>(cell: &OnceCell<T>, work: impl FnOnce() -> Result<T>) -> Result<&T> {
    match cell.get() {
        Some(value) => Ok(value),
        None => work().map(|value| cell.get_or_init(|| value)),
    }
}
