//! For programs that cannot ask: a file that is kept fresh, and a command that is run on a change. The command learns that
//! there is another token, never which.

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

/// What is done with a new token.
#[derive(Debug)]
pub struct ChangeHooks {
    /// A file that holds it, for this user alone, replaced as a whole.
    file: Option<PathBuf>,
    /// What a shell is to run.
    command: Option<OsString>,
    /// The environment of the command: a variable that holds a trace of any token that was known is not in it any more.
    env: Mutex<Env>,
    /// The folder of the command: the one in which the agent was started, if it is still there. The agent leaves it.
    folder: Option<PathBuf>,
    /// The variable by which the command finds the agent.
    name: &'static str,
    /// For how many changes it has yet to run.
    runs: Arc<AtomicUsize>,
}

impl ChangeHooks {
    /// A file and a command, where they are wanted, with its environment and its folder; whether the agent has a broker, and gives the token
    /// to nobody else.
    pub fn new(
        file: Option<PathBuf>,
        command: Option<OsString>,
        env: &Env,
        folder: Option<&Path>,
        is_brokered: bool,
    ) -> ChangeHooks {
        let name = if is_brokered { BROKER_SOCKET } else { SOCKET };
        let (env, folder) = (Mutex::new(env.clone()), folder.map(Path::to_path_buf));
        ChangeHooks { file, command, env, folder, name, runs: Arc::default() }
    }

    /// Keeps these tokens from the command, now and later: what it is told is that there is another token, never which.
    pub(super) fn learn<'a>(&self, tokens: impl IntoIterator<Item = &'a Token>) {
        let encodings: Vec<Encodings> = tokens.into_iter().map(Encodings::of).collect();
        let env = &mut *self.env.lock().unwrap_or_else(PoisonError::into_inner);
        let betray = env.iter().filter(|(_, value)| holds_token(value, &encodings)).map(|(name, _)| name.to_owned());
        betray.collect::<Vec<OsString>>().iter().for_each(|name| env.remove(name));
    }

    /// Writes the token to the file; where there is none any more, the file goes as well.
    ///
    /// # Errors
    /// The file cannot be written, or removed.
    pub(super) fn write(&self, credential: Option<&Credential>) -> Result<()> {
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
                .hint("name a file in a folder that is yours, and that nobody else may write to")
        })
    }

    /// Has the command run, once more where it runs just now.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn run(&self, socket: &Path) -> Result<()> {
        let Some(command) = &self.command else { return Ok(()) };
        let mut shell = Command::new("/bin/sh");
        let env = self.env.lock().unwrap_or_else(PoisonError::into_inner);
        shell.arg("-c").arg(command).env_clear().envs(env.iter()).env(self.name, socket).stdin(Stdio::null());
        if let Some(folder) = self.folder.as_ref().filter(|folder| folder.is_dir()) {
            shell.current_dir(folder);
        }
        let runs = Arc::clone(&self.runs);
        if runs.fetch_add(1, Ordering::AcqRel) > 0 {
            return Ok(());
        }
        let run = move || run_all(shell, &runs);
        let started = std::thread::Builder::new().spawn(run).map(drop);
        started.map_err(|error| {
            self.runs.store(0, Ordering::Release);
            Error::new(Reason::Usage, format!("the command of --on-change cannot be started ({})", error.kind()))
                .hint("is there room for another process?")
        })
    }
}

/// Runs the command for as long as there are changes that it has not been run for: those that come while it runs are one.
fn run_all(mut shell: Command, runs: &AtomicUsize) {
    loop {
        let seen = runs.load(Ordering::Acquire);
        let well = process::run(&mut shell).is_ok_and(|status| status.success());
        tracing::info!(well, "the command of --on-change has ended");
        if runs.compare_exchange(seen, 0, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return;
        }
    }
}
