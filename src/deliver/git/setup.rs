//! Sets Git up for a user: a file of co-cred's own, and one line in the user's Git configuration that includes it.
//!
//! The helper is named without a path, so that an upgrade breaks nothing.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::deliver::edit::{lock, unwritable};
use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files;

use super::config;
use super::environment::entries;
use super::helpers::Helpers;

/// The helper, as Git starts it: from `PATH`, through a shell.
const HELPER: &str = "!co-cred git-credential";

/// The key that includes the file.
const INCLUDE: &str = "include.path";

/// Whether Git is set up.
pub fn is_done(env: &Env) -> bool {
    file(env).is_ok_and(|file| file.exists())
}

/// Sets Git up for these deployments; returns the file. Done again, it changes only the deployments.
///
/// # Errors
/// A file cannot be written, or Git cannot be run.
pub fn put(env: &Env, deployments: &[Deployment]) -> Result<PathBuf> {
    let file = file(env)?;
    let path = config_path(env, &file)?;
    let _lock = lock(env)?;
    // Before the file is written: it fails if Git is missing, or cannot read its configuration.
    let included = included(env, &path)?;
    files::write(&file, text(deployments).as_bytes()).map_err(|error| unwritable(&file, error))?;
    if included != 1 || !is_only_helper(env, deployments)? {
        exclude(env, &path, included)?;
        config::run(env, &["--global", "--add", INCLUDE, &path])?;
    }
    Ok(file)
}

/// Whether Git asks only co-cred for these deployments: a helper that comes later gets the token as well, and may write it to
/// a file.
///
/// # Errors
/// Git cannot be run, or cannot read its configuration.
pub fn is_only_helper(env: &Env, deployments: &[Deployment]) -> Result<bool> {
    Ok(Helpers::read(env)?.only(HELPER, &origins(deployments)))
}

/// Undoes [`put`]; without effect if Git is not set up.
///
/// # Errors
/// As [`put`].
pub fn undo(env: &Env) -> Result<PathBuf> {
    let file = file(env)?;
    let path = config_path(env, &file)?;
    let _lock = lock(env)?;
    exclude(env, &path, included(env, &path)?)?;
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

/// The addresses of these deployments that Git may ask for, each once.
fn origins(deployments: &[Deployment]) -> Vec<String> {
    let all = deployments.iter().flat_map(Deployment::git_origins);
    all.filter(|origin| origin.starts_with("https:")).collect()
}

fn text(deployments: &[Deployment]) -> String {
    let mut text = String::from(
        "# Written by `co-cred setup git`, which writes it anew; `co-cred setup git --undo` removes it.\n",
    );
    for origin in origins(deployments) {
        let _ = writeln!(text, "[credential \"{origin}\"]");
        for (_, value) in entries(&origin, HELPER) {
            let _ = writeln!(text, "\thelper = {value}");
        }
    }
    text
}

/// The file as Git's configuration names it: with `~` if it is below the home folder, so that the home may move.
///
/// # Errors
/// It is not UTF-8.
fn config_path(env: &Env, file: &Path) -> Result<String> {
    let home = env.home("").and_then(|home| file.strip_prefix(home).ok());
    let shown = home.map_or_else(|| file.to_str().map(str::to_owned), |below| Some(format!("~/{}", below.to_str()?)));
    shown.ok_or_else(|| {
        Error::new(
            Reason::Unreadable,
            format!("{} cannot be named in Git's configuration: it is not UTF-8", file.display()),
        )
        .hint("set XDG_CONFIG_HOME to a folder whose name is UTF-8")
    })
}

/// Removes every line that includes the file.
fn exclude(env: &Env, path: &str, included: usize) -> Result<()> {
    let pattern = format!("^{}$", regex_of(path));
    match included {
        0 => Ok(()),
        _ => config::run(env, &["--global", "--unset-all", INCLUDE, &pattern]).map(drop),
    }
}

/// How many lines include the file.
fn included(env: &Env, path: &str) -> Result<usize> {
    let paths = config::run(env, &["--global", "--get-all", INCLUDE])?;
    Ok(paths.split(|byte| *byte == 0).filter(|line| *line == path.as_bytes()).count())
}

/// Escapes a text for a POSIX regular expression.
fn regex_of(text: &str) -> String {
    let special =
        |c: char| matches!(c, '.' | '*' | '[' | ']' | '^' | '$' | '+' | '?' | '(' | ')' | '{' | '}' | '|' | '\\');
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}
