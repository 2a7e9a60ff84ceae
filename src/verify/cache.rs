//! What was found out lately: a verdict counts for five minutes, so that a script which starts co-cred in a loop asks
//! once; the token's owner, who does not change, and the deployment that accepted it count for a month.
//!
//! A verdict is a file below the XDG runtime or cache folder, 0600. Its name is a keyed hash of token and deployment, that
//! of the list of deployments a keyed hash of the token; the key is random and stands beside them. They hold no token, and
//! only good verdicts: a rejection is asked about anew.
//! Whatever is not exactly as written here is ignored.

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

use super::Verdict;

/// How long a verdict counts.
const AGE: Duration = Duration::from_secs(5 * 60);

/// How long it is kept, for the owner that it names.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The most deployments of one token that are kept in mind.
const MOST_HOMES: usize = 8;

/// Bytes of the key, and the most bytes of a verdict.
const KEY: usize = 32;
const LIMIT: usize = 4 * 1024;

/// A verdict that is still fresh.
pub(super) fn recall(env: &Env, token: &Token, deployment: &Deployment) -> Option<Verdict> {
    kept(env, token, deployment, AGE)
}

/// The owner that a verdict names, fresh or not.
pub(super) fn recall_owner(env: &Env, token: &Token, deployment: &Deployment) -> Option<Email> {
    kept(env, token, deployment, KEPT)?.owner
}

fn kept(env: &Env, token: &Token, deployment: &Deployment, limit: Duration) -> Option<Verdict> {
    let path = place(env, token, deployment, key(env)?)?;
    let verdict: Verdict = serde_json::from_slice(&files::read_own(&path, LIMIT)?).ok()?;
    let age = Duration::try_from(Timestamp::now().duration_since(verdict.checked_at)).ok()?;
    tracing::info!(?age, "a verdict is remembered");
    Some(verdict).filter(|_| age < limit)
}

/// Keeps a verdict.
///
/// # Errors
/// It cannot be written, which is no reason to fail.
pub(super) fn remember(env: &Env, token: &Token, deployment: &Deployment, verdict: &Verdict) -> io::Result<()> {
    let key = key(env).map_or_else(|| new_key(env), Ok)?;
    keep(place(env, token, deployment, key), verdict)?;
    let origin = deployment.origin().to_owned();
    let mut homes = homes(env, token);
    if !homes.contains(&origin) {
        homes.truncate(MOST_HOMES - 1);
        homes.insert(0, origin);
    }
    // Written anew each time, so that its age is that of the last verdict.
    keep(place_of_homes(env, token, key), &homes)?;
    sweep(env);
    Ok(())
}

fn keep(path: Option<PathBuf>, what: &impl Serialize) -> io::Result<()> {
    let path = path.ok_or(io::ErrorKind::NotFound)?;
    files::write_own(&path, &serde_json::to_vec(what)?)
}

/// Forgets a verdict that is no longer true.
pub(super) fn forget(env: &Env, token: &Token, deployment: &Deployment) {
    let Some(key) = key(env) else { return };
    if let Some(path) = place(env, token, deployment, key) {
        let _ = fs::remove_file(path);
    }
    let mut homes = homes(env, token);
    if homes.iter().any(|home| home == deployment.origin()) {
        homes.retain(|home| home != deployment.origin());
        let _ = keep(place_of_homes(env, token, key), &homes);
    }
}

/// The origins of the deployments that have accepted a token, the last one that was new first.
pub(super) fn homes(env: &Env, token: &Token) -> Vec<String> {
    let read = || serde_json::from_slice(&files::read_own(&place_of_homes(env, token, key(env)?)?, LIMIT)?).ok();
    read().unwrap_or_default()
}

/// The folders of verdicts, and of the lists of deployments.
const FOLDERS: [&str; 2] = [VERDICTS, ACCEPTED];
const VERDICTS: &str = "verdicts";
const ACCEPTED: &str = "accepted";

fn place(env: &Env, token: &Token, deployment: &Deployment, key: [u8; KEY]) -> Option<PathBuf> {
    named(env, VERDICTS, deployment.origin(), token, key)
}

/// Where the deployments that have accepted a token are listed.
fn place_of_homes(env: &Env, token: &Token, key: [u8; KEY]) -> Option<PathBuf> {
    named(env, ACCEPTED, "", token, key)
}

fn named(env: &Env, folder: &str, origin: &str, token: &Token, key: [u8; KEY]) -> Option<PathBuf> {
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

/// Removes what has run out, so that the folder does not grow.
fn sweep(env: &Env) {
    let folders = env.cache_dir().into_iter().flat_map(|cache| FOLDERS.map(|folder| cache.join(folder)));
    for entry in folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
        // Only what has a verdict's name, in a folder that was found to be ours.
        let name = entry.file_name();
        let verdict = name.len() == 64 && name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit);
        let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
        if verdict && age.is_some_and(|age| age > KEPT) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
