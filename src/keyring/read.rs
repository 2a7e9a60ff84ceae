//! Reads the entries of logins from their stores.

use crate::env::Env;
use crate::error::{Error, Reason, Result};

use super::backend::{EntryKey, Secret};
use super::entry::Entry;
use super::index;
use super::login::{Login, by_store};
use super::store::Store;

/// The entry of a login; none where its store no longer has it.
///
/// # Errors
/// The store is locked, does not answer within two seconds, or has something else in place of the entry.
pub fn read(env: &Env, login: &Login) -> Result<Option<Entry>> {
    read_all(env, std::slice::from_ref(login)).pop().unwrap_or(Ok(None))
}

/// The entries of logins, in their order. Each store is asked once for all of its logins.
pub fn read_all(env: &Env, logins: &[Login]) -> Vec<Result<Option<Entry>>> {
    by_store(logins, |store, logins| {
        let secrets = match store == Store::FILE {
            true => index::secrets(env, logins),
            false => {
                let keys: Vec<EntryKey> = logins.iter().map(|login| login.key()).collect();
                let secrets = store.backend().get(env, &keys).into_iter();
                secrets.map(|secrets| secrets.map_err(|error| store.error(error))).collect()
            }
        };
        secrets.into_iter().zip(logins).map(|(secrets, login)| newest(login, &secrets?)).collect()
    })
}

/// The newest secret that is an entry of the login. Another program may have stored a secret with the same attributes:
/// only an entry that names the login is accepted.
fn newest(login: &Login, secrets: &[Secret]) -> Result<Option<Entry>> {
    let entries = secrets.iter().filter_map(|bytes| Entry::decode(bytes, login));
    match (entries.max_by_key(|entry| entry.added), secrets.is_empty()) {
        (None, false) => Err(not_an_entry(login)),
        (entry, _) => Ok(entry),
    }
}

fn not_an_entry(login: &Login) -> Error {
    Error::new(
        Reason::Keyring,
        format!("the entry for {} in {} is not one of co-cred's", login.deployment, login.store),
    )
    .hint("co-cred login replaces it")
}
