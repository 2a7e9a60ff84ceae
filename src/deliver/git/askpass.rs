//! Under `exec --git`, `GIT_ASKPASS` is co-cred. Git has one such program for all hosts, so co-cred passes a prompt for another
//! host on to the program that Git would have started without it.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use crate::deliver::Assignment;
use crate::env::Env;
use crate::error::Result;

use super::config::{self, text};

/// The program that Git starts with a prompt.
const ASKPASS: &str = "GIT_ASKPASS";

/// The former value of [`ASKPASS`]. An empty one means no program, as for Git.
const FORMER: &str = "CO_CRED_GIT_ASKPASS";

/// The variables that make Git start `program`, and keep the program that it would start otherwise.
///
/// # Errors
/// Its path is not UTF-8.
pub(super) fn variables(env: &Env, program: &str) -> Result<Vec<Assignment>> {
    let mut set = vec![Assignment::plain(ASKPASS, program)];
    // Under another `exec --git`, it is co-cred already, and the former program is kept.
    let name = |path: &OsStr| Path::new(path).file_name().map(OsStr::to_owned);
    let is_co_cred = env.get(ASKPASS).is_some_and(|former| name(former) == name(program.as_ref()));
    if env.has(ASKPASS) && !is_co_cred {
        set.push(Assignment::plain(FORMER, text(env, ASKPASS)?.unwrap_or_default()));
    }
    Ok(set)
}

/// The program that Git would start with this prompt without co-cred: the former `GIT_ASKPASS`, else `core.askPass`, else
/// `SSH_ASKPASS` (gitcredentials(7)). None if Git would ask on the terminal.
pub fn next(env: &Env, prompt: &OsStr) -> Option<Command> {
    let former = env.has(FORMER).then(|| env.get(FORMER).unwrap_or_default().to_owned());
    let ssh = || env.get("SSH_ASKPASS").map(OsStr::to_owned);
    let program = former.or_else(|| configured(env)).or_else(ssh).filter(|program| !program.is_empty())?;
    let mut command = Command::new(program);
    command.arg(prompt).env_clear().envs(env.iter()).env_remove(ASKPASS);
    command.envs(env.get(FORMER).map(|former| (ASKPASS, former)));
    // If that is co-cred again, it does not start another program.
    command.env(FORMER, "");
    Some(command)
}

/// The program in Git's configuration.
fn configured(env: &Env) -> Option<OsString> {
    let value = config::run(env, &["--path", "--get", "core.askPass"]).ok()?;
    let value = value.strip_suffix(b"\0")?.to_vec();
    String::from_utf8(value).ok().map(OsString::from)
}
