//! For programs that cannot ask: a file that is kept fresh, and a command that is run on a change. The command learns that
//! there is another token, never which.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files;
use crate::locate::agent::{BROKER_SOCKET, SOCKET};
use crate::traces::{Traces, betrays};

/// What is done with a new token.
#[derive(Debug)]
pub struct Outlet {
    /// A file that holds it, for this user alone, replaced as a whole.
    file: Option<PathBuf>,
    /// What a shell is to run.
    command: Option<OsString>,
    /// The variable by which the command finds the agent.
    name: &'static str,
    /// For how many changes it has yet to run.
    runs: Arc<AtomicUsize>,
}

impl Outlet {
    /// A file and a command, where they are wanted; whether the agent has a broker, and gives the token to nobody else.
    pub fn new(file: Option<PathBuf>, command: Option<OsString>, is_brokered: bool) -> Outlet {
        let name = if is_brokered { BROKER_SOCKET } else { SOCKET };
        Outlet { file, command, name, runs: Arc::default() }
    }

    /// Writes a new token to the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn write(&self, credential: &Credential) -> Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        let line = Zeroizing::new(format!("{}\n", credential.token().expose()));
        files::write_own(path, line.as_bytes()).map_err(|error| {
            Error::new(Reason::Usage, format!("{} cannot be kept fresh ({})", path.display(), error.kind()))
                .hint("name a file in a folder that is yours, and that nobody else may write to")
        })
    }

    /// Has the command run, once more where it runs just now.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn run(&self, credential: &Credential, env: &Env, socket: &Path) -> Result<()> {
        let Some(command) = &self.command else { return Ok(()) };
        let mut shell = shell(command, credential, env);
        shell.env(self.name, socket);
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
        let well = shell.status().is_ok_and(|status| status.success());
        tracing::info!(well, "the command of --on-change has ended");
        if runs.compare_exchange(seen, 0, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return;
        }
    }
}

/// The command, without whatever holds a trace of the token, or looks like another, in its environment.
fn shell(command: &OsString, credential: &Credential, env: &Env) -> Command {
    let traces = [Traces::of(credential.token())];
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).env_clear().envs(env.iter().filter(|(_, value)| !betrays(value, &traces)));
    shell.stdin(Stdio::null());
    shell
}
