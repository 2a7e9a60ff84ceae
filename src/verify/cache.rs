//! The cache of verdicts. A verdict is valid for five minutes, so that a script which runs co-cred in a loop asks the
//! deployment once. The token's owner and the deployments that accepted it are valid for a month.
//!
//! Each verdict is a file with mode 0600 below the XDG cache folder. Its name is an HMAC of the deployment and the token;
//! the name of the list of deployments is an HMAC of the token alone. The random key is a file beside them. No file holds
//! the token. Rejections are not cached. A file that cannot be parsed, or is not private to this user, is ignored.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::Serialize;
use sha2::Sha256;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::files;
use crate::token::Token;

use super::verdict::Verdict;

/// How long a verdict is valid.
const VERDICT_AGE: Duration = Duration::from_secs(5 * 60);

/// How long its file is kept, for the owner that it names.
const FILE_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The most deployments that are listed for one token.
const MAX_ORIGINS: usize = 8;

/// The bytes of the key.
const KEY: usize = 32;

/// The most bytes of a verdict's file.
const LIMIT: usize = 4 * 1024;

/// The verdict, if it is still valid.
pub(super) fn verdict(env: &Env, token: &Token, deployment: &Deployment) -> Option<Verdict> {
    read(env, token, deployment, VERDICT_AGE)
}

/// The owner that the verdict names, even if the verdict is no longer valid.
pub(super) fn owner(env: &Env, token: &Token, deployment: &Deployment) -> Option<Email> {
    read(env, token, deployment, FILE_AGE)?.owner
}

fn read(env: &Env, token: &Token, deployment: &Deployment, max_age: Duration) -> Option<Verdict> {
    let path = verdict_path(env, token, deployment, key(env)?)?;
    let verdict: Verdict = serde_json::from_slice(&files::read_own(&path, LIMIT)?).ok()?;
    let age = Duration::try_from(Timestamp::now().duration_since(verdict.checked_at)).ok()?;
    tracing::info!(?age, "the verdict is cached");
    Some(verdict).filter(|_| age < max_age)
}

/// Stores a verdict, and its deployment as one that accepts the token.
///
/// # Errors
/// A file cannot be written. The caller reports it, and goes on.
pub(super) fn store(env: &Env, token: &Token, deployment: &Deployment, verdict: &Verdict) -> io::Result<()> {
    let key = key(env).map_or_else(|| new_key(env), Ok)?;
    write(verdict_path(env, token, deployment, key), verdict)?;
    let origin = deployment.origin().to_owned();
    let mut accepting = accepting_origins(env, token);
    if !accepting.contains(&origin) {
        accepting.truncate(MAX_ORIGINS - 1);
        accepting.insert(0, origin);
    }
    // Written even if unchanged: `sweep` goes by the file's age, which is then that of the last verdict.
    write(origins_path(env, token, key), &accepting)?;
    sweep(env);
    Ok(())
}

fn write(path: Option<PathBuf>, value: &impl Serialize) -> io::Result<()> {
    let path = path.ok_or(io::ErrorKind::NotFound)?;
    files::write_own(&path, &serde_json::to_vec(value)?)
}

/// Removes the verdict, and its deployment from those that accept the token.
pub(super) fn remove(env: &Env, token: &Token, deployment: &Deployment) {
    let Some(key) = key(env) else { return };
    if let Some(path) = verdict_path(env, token, deployment, key) {
        let _ = fs::remove_file(path);
    }
    let mut accepting = accepting_origins(env, token);
    if accepting.iter().any(|origin| origin == deployment.origin()) {
        accepting.retain(|origin| origin != deployment.origin());
        let _ = write(origins_path(env, token, key), &accepting);
    }
}

/// The origins of the deployments that have accepted the token, the latest addition first.
pub(super) fn accepting_origins(env: &Env, token: &Token) -> Vec<String> {
    let read = || serde_json::from_slice(&files::read_own(&origins_path(env, token, key(env)?)?, LIMIT)?).ok();
    read().unwrap_or_default()
}

/// The folders of verdicts, and of lists of accepting deployments.
const FOLDERS: [&str; 2] = [VERDICTS, ACCEPTED];
const VERDICTS: &str = "verdicts";
const ACCEPTED: &str = "accepted";

fn verdict_path(env: &Env, token: &Token, deployment: &Deployment, key: [u8; KEY]) -> Option<PathBuf> {
    path(env, VERDICTS, deployment.origin(), token, key)
}

fn origins_path(env: &Env, token: &Token, key: [u8; KEY]) -> Option<PathBuf> {
    path(env, ACCEPTED, "", token, key)
}

fn path(env: &Env, folder: &str, origin: &str, token: &Token, key: [u8; KEY]) -> Option<PathBuf> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).ok()?;
    mac.update(origin.as_bytes());
    mac.update(b"\0");
    mac.update(token.expose().as_bytes());
    let name: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(env.cache_dir()?.join(folder).join(name))
}

fn key(env: &Env) -> Option<[u8; KEY]> {
    let bytes = files::read_own(&env.cache_dir()?.join("key"), KEY)?;
    bytes.as_slice().try_into().ok()
}

fn new_key(env: &Env) -> io::Result<[u8; KEY]> {
    let mut key = [0; KEY];
    getrandom::fill(&mut key)?;
    files::write_own(&env.cache_dir().ok_or(io::ErrorKind::NotFound)?.join("key"), &key)?;
    Ok(key)
}

/// Removes outdated files, so that the folders do not grow.
fn sweep(env: &Env) {
    let folders = env.cache_dir().into_iter().flat_map(|cache| FOLDERS.map(|folder| cache.join(folder)));
    for entry in folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
        // Only files with a name that `path` makes.
        let name = entry.file_name();
        let is_ours = name.len() == 64 && name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit);
        let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
        if is_ours && age.is_some_and(|age| age > FILE_AGE) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
