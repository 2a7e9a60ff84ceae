//! Reads and changes Git's configuration through Git itself, which locks it.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::process;

/// Time limit for Git.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of its output.
const LIMIT: usize = 16 * 1024 * 1024;

/// Runs `git config --null`; returns its output, which is empty if there is no such value.
///
/// # Errors
/// Git cannot be run, or cannot read its configuration.
pub(super) fn run<S: AsRef<OsStr>>(env: &Env, args: &[S]) -> Result<Vec<u8>> {
    let mut command = Command::new("git");
    command.args(["config", "--null"]).args(args).env_clear().envs(env.iter());
    // A regular expression is compared byte by byte: a path need not be UTF-8.
    command.env("LC_ALL", "C");
    let output = process::output(&mut command, TIMEOUT, LIMIT)
        .map_err(|_| Error::new(Reason::Unreadable, "git cannot be run").hint("install Git, and put it on PATH"))?;
    match output.status.code() {
        Some(0 | 1) => Ok(output.stdout.to_vec()),
        _ => Err(Error::new(Reason::Unreadable, "Git did not change its configuration; it says why above")
            .hint("correct it, and try again: nothing is lost")),
    }
}

/// The value of a variable to pass on.
///
/// # Errors
/// It is not UTF-8.
pub(super) fn text<'a>(env: &'a Env, name: &str) -> Result<Option<&'a str>> {
    let value = env.get(name).map(|value| value.to_str().ok_or(()));
    value.transpose().map_err(|()| {
        Error::new(Reason::Usage, format!("{name} is not UTF-8, and cannot be passed on")).hint(format!("unset {name}"))
    })
}
