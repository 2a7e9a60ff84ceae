//! Git's configuration, read and changed by Git itself, which locks it.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::process;

/// How long Git may take.
const TIME: Duration = Duration::from_secs(10);

/// The most bytes that it may print.
const LIMIT: usize = 16 * 1024 * 1024;

/// Runs `git config --null`; returns what it prints, which is nothing where there is no such value.
///
/// # Errors
/// Git cannot be run, or cannot read its configuration.
pub(super) fn run<S: AsRef<OsStr>>(env: &Env, args: &[S]) -> Result<Vec<u8>> {
    let mut command = Command::new("git");
    command.args(["config", "--null"]).args(args).env_clear().envs(env.iter());
    // A regular expression is compared byte by byte: a path need not be UTF-8.
    command.env("LC_ALL", "C");
    let output = process::output(&mut command, TIME, LIMIT)
        .map_err(|_| Error::new(Reason::Unreadable, "git cannot be run").hint("install Git, and put it on PATH"))?;
    match output.status.code() {
        Some(0 | 1) => Ok(output.stdout.to_vec()),
        _ => Err(Error::new(Reason::Unreadable, "Git did not change its configuration; it says why above")
            .hint("mend it, and try again: nothing is lost")),
    }
}

/// The value of a variable that is handed on.
///
/// # Errors
/// It is not UTF-8.
pub(super) fn text<'a>(env: &'a Env, name: &str) -> Result<Option<&'a str>> {
    let value = env.get(name).map(|value| value.to_str().ok_or(()));
    value.transpose().map_err(|()| {
        Error::new(Reason::Usage, format!("{name} is not UTF-8, and cannot be handed on")).hint(format!("unset {name}"))
    })
}
