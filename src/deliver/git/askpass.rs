//! `GIT_ASKPASS` is co-cred under `exec --git`, and one program answers for all hosts: what is not ours to answer goes on
//! to the program that Git would have started without co-cred.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use crate::deliver::Assignment;
use crate::env::Env;
use crate::error::Result;

use super::config;
use super::config::text;

/// The program that Git starts with a question.
const ASKPASS: &str = "GIT_ASKPASS";

/// What [`ASKPASS`] was before. An empty one is as Git has it: no program is asked.
const FORMER: &str = "CO_CRED_GIT_ASKPASS";

/// The variables that make Git ask `program`, and keep the one that it would ask otherwise.
///
/// # Errors
/// Its path is not UTF-8.
pub(super) fn wiring(env: &Env, program: &str) -> Result<Vec<Assignment>> {
    let mut set = vec![Assignment::plain(ASKPASS, program)];
    // Under another `exec --git` it is co-cred already, and the former one is kept.
    let name = |path: &OsStr| Path::new(path).file_name().map(OsStr::to_owned);
    let is_ours = env.get(ASKPASS).is_some_and(|former| name(former) == name(program.as_ref()));
    if env.has(ASKPASS) && !is_ours {
        set.push(Assignment::plain(FORMER, text(env, ASKPASS)?.unwrap_or_default()));
    }
    Ok(set)
}

/// The program that Git would start with this question if it were not for co-cred: the former `GIT_ASKPASS`, else
/// `core.askPass`, else `SSH_ASKPASS` (gitcredentials(7)). None where Git would ask the terminal.
pub fn next(env: &Env, question: &OsStr) -> Option<Command> {
    let former = env.has(FORMER).then(|| env.get(FORMER).unwrap_or_default().to_owned());
    let ssh = || env.get("SSH_ASKPASS").map(OsStr::to_owned);
    let program = former.or_else(|| configured(env)).or_else(ssh).filter(|program| !program.is_empty())?;
    let mut command = Command::new(program);
    command.arg(question).env_clear().envs(env.iter()).env_remove(ASKPASS);
    command.envs(env.get(FORMER).map(|former| (ASKPASS, former)));
    // Should that be co-cred once more, it goes on to no other.
    command.env(FORMER, "");
    Some(command)
}

/// What Git's configuration names.
fn configured(env: &Env) -> Option<OsString> {
    let value = config::run(env, &["--path", "--get", "core.askPass"]).ok()?;
    let value = value.strip_suffix(b"\0")?.to_vec();
    String::from_utf8(value).ok().map(OsString::from)
}
