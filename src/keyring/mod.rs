//! The keyring: logins that are kept, and the one way in and out of the stores that keep them.
//!
//! A login is a deployment and a user. Its entry, with the token, lies in the best [`Store`] there is. An index among
//! co-cred's own data says which logins there are and where, without secrets: no store is asked, and nobody is asked for
//! a password, unless a login that is wanted is there.

mod entry;
mod index;
#[cfg(feature = "keyring")]
mod native;
#[cfg(all(feature = "keyring", target_os = "linux"))]
mod secret_service;
mod store;

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};

pub use entry::Entry;
pub use store::{Asking, Store};

use store::Refusal;

/// A login that is kept, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    /// What its token is for.
    pub deployment: Deployment,
    /// Whose token it is.
    pub email: Email,
    /// Where the entry is.
    pub store: Store,
}

/// Every login, in the order in which they were added. Asks no store.
///
/// # Errors
/// The index is there but cannot be used.
pub fn logins(env: &Env) -> Result<Vec<Login>> {
    index::read(env)
}

/// The file that says which logins there are.
pub fn index_file(env: &Env) -> Option<PathBuf> {
    index::path(env)
}

/// The entry of a login; none where its store has lost it.
///
/// # Errors
/// The store is locked, does not answer within two seconds, or holds something else.
pub fn read(env: &Env, login: &Login) -> Result<Option<Entry>> {
    let bytes = match login.store {
        Store::File => index::entry(env, login)?,
        store => store.get(env, login).map_err(|refusal| refused(store, refusal))?,
    };
    bytes.map(|bytes| Entry::decode(&bytes).ok_or_else(|| garbled(login))).transpose()
}

/// Keeps a login in place of a former one of the same user: in the system's keyring, or with `insecure` in a private
/// file. Returns where, and what is to be said about it. Where it fails, the former entry is still there.
///
/// # Errors
/// No store takes it.
pub fn keep(
    env: &Env,
    deployment: &Deployment,
    entry: &Entry,
    insecure: bool,
    asking: Asking,
) -> Result<(Store, Vec<Remark>)> {
    let encoded = entry.encode();
    let mut login = Login { deployment: deployment.clone(), email: entry.email.clone(), store: Store::File };
    let mut remarks = Vec::new();
    if !insecure {
        login.store = store(env, &mut login, &encoded, asking, &mut remarks)?;
    }
    let former = index::put(env, &login, &encoded)?;
    if let Some(former) = former.filter(|former| former.store != login.store) {
        // It would only lie about; that it cannot be removed changes nothing.
        let _ = former.store.delete(env, &former, Asking::Nobody);
    }
    Ok((login.store, remarks))
}

/// Tries the stores of this system, the best first.
fn store(
    env: &Env,
    login: &mut Login,
    encoded: &Zeroizing<Vec<u8>>,
    asking: Asking,
    remarks: &mut Vec<Remark>,
) -> Result<Store> {
    let mut reasons = Vec::new();
    for store in Store::OF_SYSTEM {
        login.store = store;
        match store.set(env, login, encoded, asking) {
            Ok(()) => {
                remarks.extend(store.remark());
                return Ok(store);
            }
            Err(Refusal::Absent(why)) => reasons.push(format!("{store} {why}")),
            // It is there, if only it answered: another store would be a surprise.
            Err(refusal) => return Err(refused(store, refusal)),
        }
    }
    let why = if reasons.is_empty() { "this co-cred was built without it".to_owned() } else { reasons.join("; ") };
    Err(Error::new(Reason::Keyring, format!("there is no keyring to keep the token in: {why}"))
        .hint("--insecure-storage keeps it in a file that only you can read"))
}

/// Forgets a login.
///
/// # Errors
/// Its store is locked or does not answer; then it is still there.
pub fn forget(env: &Env, login: &Login, asking: Asking) -> Result<()> {
    match login.store.delete(env, login, asking) {
        Ok(()) => index::remove(env, login),
        Err(refusal) => Err(refused(login.store, refusal)),
    }
}

fn refused(store: Store, refusal: Refusal) -> Error {
    let error = |what: &str| Error::new(Reason::Keyring, format!("{store} {what}"));
    match refusal {
        Refusal::Absent(why) => error(why).hint("log in on this machine's desktop, or set CODEOCEAN_TOKEN"),
        Refusal::Locked => error("is locked")
            .hint("unlock it in your desktop's keyring program; co-cred login, in a terminal, asks for its password"),
        Refusal::Late(limit) => error(&format!("did not answer within {} s", limit.as_secs()))
            .hint("it may wait for a password, or hang: log out and in again, or set CODEOCEAN_TOKEN"),
        Refusal::Broken => error("answers with an error").hint("look into the log of your session's keyring service"),
    }
}

fn garbled(login: &Login) -> Error {
    Error::new(Reason::Keyring, format!("what {} holds for {} is no login", login.store, login.deployment))
        .hint("co-cred login stores it again")
}
