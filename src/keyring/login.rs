//! A login, and logins grouped by their store.

use crate::deployment::Deployment;
use crate::email::Email;

use super::backend::{EntryKey, EntrySlot, Removal};
use super::store::Store;

/// A saved login, and where its entry is.
#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    /// The deployment that the token is for.
    pub deployment: Deployment,
    /// The account that the token belongs to.
    pub email: Email,
    /// The store of the entry.
    pub store: Store,
    /// The slot of the entry in its store.
    pub(super) slot: EntrySlot,
}

impl Login {
    pub(super) fn key(&self) -> EntryKey<'_> {
        EntryKey { deployment: &self.deployment, email: &self.email, slot: self.slot }
    }

    /// The removal of every entry of this login.
    pub(super) fn removal(&self) -> Removal<'_> {
        Removal { deployment: &self.deployment, email: &self.email, except: None }
    }
}

/// Calls `ask` once for each store, with all of its logins; returns the answers in the order of the logins.
pub(super) fn by_store<T>(logins: &[Login], mut ask: impl FnMut(Store, &[&Login]) -> Vec<T>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = logins.iter().map(|_| None).collect();
    for store in Store::all() {
        let (places, its): (Vec<usize>, Vec<&Login>) =
            logins.iter().enumerate().filter(|(_, login)| login.store == store).unzip();
        if !its.is_empty() {
            places.into_iter().zip(ask(store, &its)).for_each(|(place, answer)| answers[place] = Some(answer));
        }
    }
    answers.into_iter().flatten().collect()
}
