//! For a user: one file that co-cred owns, and one line in Git's own configuration that includes it.
//!
//! The helper is named without a path, so that an upgrade breaks nothing. Git's configuration is changed by Git itself,
//! which locks it.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::child;
use crate::deliver::edit::unwritable;
use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files;

use super::wiring::entries;

/// The helper, as Git starts it: from `PATH`, through a shell.
const HELPER: &str = "!co-cred git-credential";

/// How long Git may take for a line.
const LIMIT: Duration = Duration::from_secs(10);

/// Whether it is in place.
pub fn is_done(env: &Env) -> bool {
    file(env).is_ok_and(|file| file.exists())
}

/// Puts it in place, for these deployments; returns the file. To do so again changes nothing but the deployments.
///
/// # Errors
/// A file cannot be written, or Git is not there to include it.
pub fn put(env: &Env, deployments: &[Deployment]) -> Result<PathBuf> {
    let file = file(env)?;
    // Before anything is written: it fails where there is no Git, or where Git cannot read its configuration.
    let included = included(env, &file)?;
    files::write(&file, text(deployments).as_bytes()).map_err(|error| unwritable(&file, error))?;
    if included && !is_last(env, deployments)? {
        exclude(env, &file)?;
    }
    if !included || !is_last(env, deployments)? {
        git(env, &["config", "--global", "--add", "include.path", &shown(env, &file)])?;
    }
    Ok(file)
}

/// Whether Git asks co-cred last of all helpers about these deployments: one that comes later is told the token as well,
/// and may write it to a file.
///
/// # Errors
/// Git is not there, or cannot read its configuration.
pub fn is_last(env: &Env, deployments: &[Deployment]) -> Result<bool> {
    for origin in deployments.iter().flat_map(Deployment::git_origins).filter(|origin| origin.starts_with("https:")) {
        if git(env, &["config", "--get-urlmatch", "credential.helper", &origin])?.trim_end() != HELPER {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes it out again; what is not there stays away.
///
/// # Errors
/// As [`put`].
pub fn undo(env: &Env) -> Result<PathBuf> {
    let file = file(env)?;
    if included(env, &file)? {
        exclude(env, &file)?;
    }
    match fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unwritable(&file, error)),
        _ => Ok(file),
    }
}

fn file(env: &Env) -> Result<PathBuf> {
    let folder = env.config_dir().ok_or_else(|| {
        Error::new(Reason::Unreadable, "there is no folder for configuration").hint("set HOME or XDG_CONFIG_HOME")
    })?;
    Ok(folder.join("gitconfig"))
}

fn text(deployments: &[Deployment]) -> String {
    let mut text = String::from(
        "# Written by `co-cred setup git`, which writes it anew; `co-cred setup git --undo` removes it.\n",
    );
    for origin in deployments.iter().flat_map(Deployment::git_origins).filter(|origin| origin.starts_with("https:")) {
        let _ = writeln!(text, "[credential \"{origin}\"]");
        for (_, value) in entries(&origin, HELPER) {
            let _ = writeln!(text, "\thelper = {value}");
        }
    }
    text
}

/// The file as Git's configuration names it: below `~`, where it is, so that a home may move.
fn shown(env: &Env, file: &Path) -> String {
    let home = env.home("").and_then(|home| file.strip_prefix(home).ok().map(Path::to_path_buf));
    home.map_or_else(|| file.display().to_string(), |below| format!("~/{}", below.display()))
}

fn exclude(env: &Env, file: &Path) -> Result<()> {
    let pattern = format!("^{}$", regex_of(&shown(env, file)));
    git(env, &["config", "--global", "--unset-all", "include.path", &pattern]).map(drop)
}

fn included(env: &Env, file: &Path) -> Result<bool> {
    let paths = git(env, &["config", "--global", "--get-all", "include.path"])?;
    Ok(paths.lines().any(|line| line == shown(env, file)))
}

/// Runs Git on its configuration; returns what it prints. A value that is not there is no failure.
fn git(env: &Env, args: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.args(args).env_clear().envs(env.iter());
    let output = child::output(&mut command, LIMIT, 1024 * 1024)
        .map_err(|_| Error::new(Reason::Unreadable, "git cannot be run").hint("install Git, and put it on PATH"))?;
    match output.status.code() {
        Some(0 | 1) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        _ => Err(Error::new(Reason::Unreadable, "Git did not change its configuration; it says why above")
            .hint("mend it, and try again: nothing is lost")),
    }
}

/// A text that stands for itself in a regular expression of POSIX.
fn regex_of(text: &str) -> String {
    let special =
        |c: char| matches!(c, '.' | '*' | '[' | ']' | '^' | '$' | '+' | '?' | '(' | ')' | '{' | '}' | '|' | '\\');
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}
