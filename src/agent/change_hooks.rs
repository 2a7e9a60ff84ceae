//! What follows a change of the token, for programs that cannot ask the agent: a file that is rewritten, and a command that
//! is run. The command does not get the token, neither in its arguments nor in its environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files;
use crate::ipc::{BROKER_SOCKET, SOCKET};
use crate::patterns::{Encodings, holds_token};
use crate::process;
use crate::token::Token;

/// The file of `--keep-file` and the command of `--on-change`.
#[derive(Debug)]
pub struct ChangeHooks {
    /// A file that holds the token, readable by this user only, replaced as a whole.
    file: Option<PathBuf>,
    /// A command line for `/bin/sh -c`.
    command: Option<OsString>,
    /// The command's environment, without the variables that hold a token in any encoding.
    env: Mutex<Env>,
    /// The command's working directory, if it still exists: the one in which the agent was started, which the agent leaves.
    folder: Option<PathBuf>,
    /// The variable in which the command finds the agent's socket.
    socket_variable: &'static str,
    /// The number of changes that the command has yet to be run for.
    pending_runs: Arc<AtomicUsize>,
}

impl ChangeHooks {
    /// The hooks that were asked for. The command gets `env` less its tokens, and is run in `folder`. `has_broker`: the
    /// agent gives the token to its broker only.
    pub fn new(
        file: Option<PathBuf>,
        command: Option<OsString>,
        env: &Env,
        folder: Option<&Path>,
        has_broker: bool,
    ) -> ChangeHooks {
        ChangeHooks {
            file,
            command,
            env: Mutex::new(env.clone()),
            folder: folder.map(Path::to_path_buf),
            socket_variable: if has_broker { BROKER_SOCKET } else { SOCKET },
            pending_runs: Arc::default(),
        }
    }

    /// Removes the variables that hold one of these tokens, in any encoding, from the command's environment.
    pub(super) fn remove_from_env<'a>(&self, tokens: impl IntoIterator<Item = &'a Token>) {
        let encodings: Vec<Encodings> = tokens.into_iter().map(Encodings::of).collect();
        let env = &mut *self.env.lock().unwrap_or_else(PoisonError::into_inner);
        let holding = env.iter().filter(|(_, value)| holds_token(value, &encodings)).map(|(name, _)| name.to_owned());
        holding.collect::<Vec<OsString>>().iter().for_each(|name| env.remove(name));
    }

    /// Writes the token to the file, or removes the file where there is no token.
    ///
    /// # Errors
    /// The file cannot be written or removed.
    pub(super) fn write_file(&self, credential: Option<&Credential>) -> Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        let written = match credential {
            Some(credential) => {
                let line = Zeroizing::new(format!("{}\n", credential.token().expose()));
                files::write_own(path, line.as_bytes())
            }
            None => files::remove_own(path),
        };
        written.map_err(|error| {
            Error::new(Reason::Usage, format!("{} cannot be kept fresh ({})", path.display(), error.kind()))
                .hint("name a file in a folder that belongs to you, and that no other user may write to")
        })
    }

    /// Runs the command on a thread. If it runs already, it is run once more after its end.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(super) fn run_command(&self, socket: &Path) -> Result<()> {
        let Some(command) = &self.command else { return Ok(()) };
        let mut shell = Command::new("/bin/sh");
        let env = self.env.lock().unwrap_or_else(PoisonError::into_inner);
        shell.arg("-c").arg(command).env_clear().envs(env.iter()).env(self.socket_variable, socket);
        shell.stdin(Stdio::null());
        if let Some(folder) = self.folder.as_ref().filter(|folder| folder.is_dir()) {
            shell.current_dir(folder);
        }
        let pending_runs = Arc::clone(&self.pending_runs);
        if pending_runs.fetch_add(1, Ordering::AcqRel) > 0 {
            return Ok(());
        }
        let started = std::thread::Builder::new().spawn(move || run_pending(shell, &pending_runs));
        started.map(drop).map_err(|error| {
            self.pending_runs.store(0, Ordering::Release);
            Error::new(Reason::Usage, format!("the command of --on-change cannot be started ({})", error.kind()))
                .hint("end other processes of yours, or raise their limit (ulimit -u)")
        })
    }
}

/// Runs the command until no change is pending. Changes that come while it runs are one run.
fn run_pending(mut shell: Command, pending_runs: &AtomicUsize) {
    loop {
        let seen = pending_runs.load(Ordering::Acquire);
        let success = process::run(&mut shell).is_ok_and(|status| status.success());
        tracing::info!(success, "the command of --on-change has ended");
        if pending_runs.compare_exchange(seen, 0, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return;
        }
    }
}
