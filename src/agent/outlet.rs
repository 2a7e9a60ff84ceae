//! For programs that cannot ask: a file that is kept fresh, and a command that is run on a change. The command learns that
//! there is another token, never which.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files;
use crate::locate::agent::SOCKET;
use crate::token::is_token_like;
use crate::traces::Traces;

/// What is done with a new token.
#[derive(Debug, Default)]
pub struct Outlet {
    /// A file that holds it, for this user alone, replaced as a whole.
    pub file: Option<PathBuf>,
    /// What a shell is to run.
    pub command: Option<OsString>,
}

impl Outlet {
    /// Hands on a new token.
    ///
    /// # Errors
    /// The file cannot be written, or the command not be started.
    pub(super) fn hand_on(&self, credential: &Credential, env: &Env, socket: &Path, is_change: bool) -> Result<()> {
        if let Some(path) = &self.file {
            let line = Zeroizing::new(format!("{}\n", credential.token().expose()));
            files::write_own(path, line.as_bytes()).map_err(|error| {
                Error::new(Reason::Usage, format!("{} cannot be kept fresh ({})", path.display(), error.kind()))
                    .hint("name a file in a folder that is yours, and that nobody else may write to")
            })?;
        }
        match &self.command {
            Some(command) if is_change => run(command, credential, env, socket),
            _ => Ok(()),
        }
    }
}

/// Starts the command, and forgets about it; whatever holds a trace of the token, or another one, is not in its environment.
fn run(command: &OsString, credential: &Credential, env: &Env, socket: &Path) -> Result<()> {
    let traces = Traces::of(credential.token());
    let holds = |value: &[u8]| is_token_like(value) || traces.found_in(value).is_some();
    let clean = env.iter().filter(|(_, value)| !holds(value.as_encoded_bytes()));
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).env_clear().envs(clean).env(SOCKET, socket).stdin(Stdio::null());
    let mut child = shell.spawn().map_err(|error| {
        Error::new(Reason::Usage, format!("the command of --on-change cannot be started ({})", error.kind()))
            .hint("it is run by /bin/sh")
    })?;
    std::thread::spawn(move || {
        let ended = child.wait();
        tracing::info!(well = ended.is_ok_and(|status| status.success()), "the command of --on-change has ended");
    });
    Ok(())
}
