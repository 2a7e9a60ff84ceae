//! The keyring: logins that are kept, and the one way in and out of the stores that keep them.
//!
//! A login is a deployment and a user. Its entry, with the token, lies in the best [`Store`] there is. An index among
//! co-cred's own data says which logins there are and where, without secrets: no store is asked, and nobody is asked for
//! a password, unless a login that is wanted is there.
//!
//! A login takes its place in steps, so that a command may be killed, or fail, between any two of them: the index notes
//! which store is about to be written to; the new entry is put there, beside the former one ([`Slot`]); the index is
//! replaced, and with that the new login counts; what is left of the former one is removed, and so is the note.

mod change;
mod entry;
mod index;
#[cfg(feature = "keyring")]
mod native;
#[cfg(not(all(feature = "keyring", target_os = "linux")))]
mod none;
mod object;
mod record;
#[cfg(all(feature = "keyring", target_os = "linux"))]
mod secret_service;
mod store;

use std::path::PathBuf;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Result};

pub use change::{Forgotten, choose, forget, forget_one, keep};
pub use entry::Entry;
pub use index::Known;
pub use store::{Asking, Slot, Store};

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
    slot: Slot,
}

/// Every login, in the order in which they were added, and what is odd about their list. Asks no store.
///
/// # Errors
/// The list is there but cannot be used.
pub fn known(env: &Env) -> Result<Known> {
    index::read(env)
}

/// Every login, as [`known`].
///
/// # Errors
/// As [`known`].
pub fn logins(env: &Env) -> Result<Vec<Login>> {
    known(env).map(|known| known.logins)
}

/// What changes with every login and logout: the index; and its lock, of which the end is seen once the store has changed
/// as well.
pub fn files(env: &Env) -> Vec<PathBuf> {
    index::path(env).map(|index| vec![index::lock_of(&index), index]).unwrap_or_default()
}

/// The entry of a login; none where its store has lost it.
///
/// # Errors
/// The store is locked, does not answer within two seconds, or holds something else.
pub fn read(env: &Env, login: &Login) -> Result<Option<Entry>> {
    read_all(env, std::slice::from_ref(login)).pop().unwrap_or(Ok(None))
}

/// The entries of logins, in their order. Each store is asked once: one that does not answer is waited for once.
pub fn read_all(env: &Env, logins: &[Login]) -> Vec<Result<Option<Entry>>> {
    each_store(logins, |store, logins| match store {
        Store::File => match index::entries(env, logins) {
            Ok(entries) => {
                let held = entries.into_iter().map(|entry| Ok(entry.into_iter().collect()));
                held.zip(logins).map(|(held, login)| entry_of(login, held)).collect()
            }
            Err(error) => std::iter::once(Err(error)).chain(logins.iter().skip(1).map(|_| Ok(None))).collect(),
        },
        store => store.get(env, logins).into_iter().zip(logins).map(|(held, login)| entry_of(login, held)).collect(),
    })
}

fn entry_of(login: &Login, held: Result<Vec<store::Secret>, Refusal>) -> Result<Option<Entry>> {
    let held = held.map_err(|refusal| refused(login.store, refusal))?;
    // A keyring may hold several under the same attributes; what somebody else put there is not taken for ours.
    let entries = held.iter().filter_map(|bytes| Entry::decode(bytes, login));
    match (entries.max_by_key(|entry| entry.added), held.is_empty()) {
        (None, false) => Err(garbled(login)),
        (entry, _) => Ok(entry),
    }
}

/// Asks each store once, about all of its logins; the answers come in the order of the logins.
fn each_store<T>(logins: &[Login], mut ask: impl FnMut(Store, &[&Login]) -> Vec<T>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = logins.iter().map(|_| None).collect();
    for store in Store::ALL {
        let (places, its): (Vec<usize>, Vec<&Login>) =
            logins.iter().enumerate().filter(|(_, login)| login.store == store).unzip();
        if !its.is_empty() {
            places.into_iter().zip(ask(store, &its)).for_each(|(place, answer)| answers[place] = Some(answer));
        }
    }
    answers.into_iter().flatten().collect()
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
