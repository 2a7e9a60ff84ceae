//! The keyring: logins that are kept, and the one way in and out of the stores that keep them.
//!
//! A login is a deployment and a user. Its entry, with the token, lies in the best [`Store`] there is. An index among
//! co-cred's own data says which logins there are and where, without secrets: no store is asked, and nobody is asked for
//! a password, unless a login that is wanted is there.

mod entry;
mod index;
#[cfg(feature = "keyring")]
mod native;
#[cfg(not(all(feature = "keyring", target_os = "linux")))]
mod none;
#[cfg(all(feature = "keyring", target_os = "linux"))]
mod secret_service;
mod store;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};

pub use entry::Entry;
pub use store::{Asking, Store};

use index::Ledger;
use store::{Refusal, Secret};

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

/// The entry of a login; none where its store has lost it.
///
/// # Errors
/// The store is locked, does not answer within two seconds, or holds something else.
pub fn read(env: &Env, login: &Login) -> Result<Option<Entry>> {
    let held = match login.store {
        Store::File => index::entry(env, login)?.into_iter().collect(),
        store => store.get(env, login).map_err(|refusal| refused(store, refusal))?,
    };
    // A keyring may hold several under the same attributes; what somebody else put there is not taken for ours.
    let entries = held.iter().filter_map(|bytes| Entry::decode(bytes, login));
    match (entries.max_by_key(|entry| entry.added), held.is_empty()) {
        (None, false) => Err(garbled(login)),
        (entry, _) => Ok(entry),
    }
}

/// Keeps a login in place of a former one of the same user: in the system's keyring, or with `insecure` in a private
/// file. Returns where, and what is to be said about it. Where it fails, the former entry is still there.
///
/// # Errors
/// No store takes it, or it cannot be noted.
pub fn keep(
    env: &Env,
    deployment: &Deployment,
    entry: &Entry,
    insecure: bool,
    asking: Asking,
) -> Result<(Store, Vec<Remark>)> {
    let mut ledger = Ledger::open(env)?;
    let encoded = entry.encode(deployment);
    let mut login = Login { deployment: deployment.clone(), email: entry.email.clone(), store: Store::File };
    let mut remarks = Vec::new();
    if !insecure {
        login.store = store(env, &mut login, &encoded, asking)?;
        remarks.extend(login.store.remark());
    }
    let former = ledger.former(&login);
    if let Err(error) = ledger.put(&login, &encoded) {
        // Nothing would ever find what nobody noted.
        if former.is_none() {
            let _ = login.store.delete(env, &login, asking);
        }
        return Err(error);
    }
    if let Some(former) = former.filter(|former| former.store != login.store)
        && former.store.delete(env, &former, asking).is_err()
    {
        let what = format!("the former token of {} is still in {}", former.email, former.store);
        remarks.push(Remark::new("former", what).hint("revoke it at Account → Access Tokens"));
    }
    Ok((login.store, remarks))
}

/// Tries the stores of this system, the best first.
fn store(env: &Env, login: &mut Login, encoded: &Secret, asking: Asking) -> Result<Store> {
    let mut reasons = Vec::new();
    for store in Store::OF_SYSTEM {
        login.store = store;
        match store.set(env, login, encoded, asking) {
            Ok(()) => return Ok(store),
            Err(Refusal::Absent(why)) => reasons.push(format!("{store} {why}")),
            // It is there, if only it answered: another store would be a surprise.
            Err(refusal) => return Err(refused(store, refusal)),
        }
    }
    let why = if reasons.is_empty() { "this co-cred was built without it".to_owned() } else { reasons.join("; ") };
    Err(Error::new(Reason::Keyring, format!("there is no keyring to keep the token in: {why}"))
        .hint("--insecure-storage keeps it in a file that only you can read"))
}

/// Forgets a login; with `force` also one whose store cannot be asked, which is then to be told.
///
/// # Errors
/// Its store is locked or does not answer, or it cannot be noted; then it is still there.
pub fn forget(env: &Env, login: &Login, force: bool, asking: Asking) -> Result<Option<Remark>> {
    let mut ledger = Ledger::open(env)?;
    let left = match login.store.delete(env, login, asking) {
        Ok(()) => None,
        Err(refusal) if force => {
            let what = format!("{}; its token is still there", refused(login.store, refusal).what);
            Some(Remark::new("left", what).hint("revoke it at Account → Access Tokens"))
        }
        Err(refusal) => return Err(refused(login.store, refusal)),
    };
    ledger.remove(login).map(|()| left)
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
