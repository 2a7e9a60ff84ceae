//! One record of the index: where a login is stored, and in which stores older entries of it may be left.

use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::email::Email;

use super::backend::{EntrySlot, Removal};
use super::login::Login;
use super::raw_object::RawObject;
use super::store::Store;

/// The record of a deployment and user.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) deployment: Deployment,
    pub(super) email: Email,
    /// Where the entry is; none until the first `co-cred login` has finished.
    current: Option<(Store, EntrySlot)>,
    /// The entry itself, for [`Store::FILE`].
    pub(super) entry: Option<Zeroizing<String>>,
    /// The stores that may hold entries other than the current one; recorded before a store is written to.
    pub(super) unfinished: Vec<Store>,
    /// Keys of other versions.
    rest: RawObject,
}

impl Record {
    pub(super) fn new(deployment: &Deployment, email: &Email) -> Record {
        let (deployment, email) = (deployment.clone(), email.clone());
        Record { deployment, email, current: None, entry: None, unfinished: Vec::new(), rest: RawObject::default() }
    }

    /// Parses a record; none where this version does not understand it.
    pub(super) fn parse(text: &str) -> Option<Record> {
        let mut rest = RawObject::parse(text.as_bytes())?;
        let deployment = Deployment::parse(&rest.take::<String>("deployment").ok()??).ok()?;
        let email = rest.take("email").ok()??;
        let slot = rest.take("slot").ok()?.unwrap_or_default();
        let current = rest.take("store").ok()?.map(|store| (store, slot));
        let entry = rest.take("entry").ok()?;
        let unfinished = rest.take("unfinished").ok()?.unwrap_or_default();
        Some(Record { deployment, email, current, entry, unfinished, rest })
    }

    pub(super) fn encode(&self) -> Result<RawObject, serde_json::Error> {
        let Record { deployment, email, current, entry, unfinished, rest } = self;
        let mut object = rest.clone().with("deployment", &deployment.origin())?.with("email", email)?;
        if let Some((store, slot)) = current {
            object = object.with("store", store)?;
            object = if slot.is_first() { object } else { object.with("slot", slot)? };
        }
        object = entry.iter().try_fold(object, |object, entry| object.with("entry", entry))?;
        if unfinished.is_empty() { Ok(object) } else { object.with("unfinished", unfinished) }
    }

    pub(super) fn is_of(&self, deployment: &Deployment, email: &Email) -> bool {
        self.deployment == *deployment && self.email == *email
    }

    /// The login, unless its first `co-cred login` has not finished or it was removed.
    pub(super) fn login(&self) -> Option<Login> {
        let (store, slot) = self.current?;
        Some(Login { deployment: self.deployment.clone(), email: self.email.clone(), store, slot })
    }

    /// The removal, from one store, of all entries but the current one.
    pub(super) fn removal(&self, store: Store) -> Removal<'_> {
        let except = self.current.filter(|(current, _)| *current == store).map(|(_, slot)| slot);
        Removal { deployment: &self.deployment, email: &self.email, except }
    }

    /// Records that a store may hold entries other than the current one.
    pub(super) fn mark_unfinished(&mut self, store: Store) {
        if store != Store::FILE && !self.unfinished.contains(&store) {
            self.unfinished.push(store);
        }
    }

    /// Makes a login the current one; the former entry is to be removed.
    pub(super) fn set_current(&mut self, login: &Login, encoded: &[u8]) {
        self.clear_current();
        self.current = Some((login.store, login.slot));
        let text = || Zeroizing::new(String::from_utf8_lossy(encoded).into_owned());
        self.entry = (login.store == Store::FILE).then(text);
    }

    /// Removes the login, whose entries its store has deleted.
    pub(super) fn remove_current(&mut self) {
        if let Some((former, _)) = self.current.take() {
            self.unfinished.retain(|store| *store != former);
        }
        self.entry = None;
    }

    /// Removes the login, whose entry is still to be deleted from its store.
    pub(super) fn clear_current(&mut self) {
        if let Some((former, _)) = self.current.take() {
            self.mark_unfinished(former);
        }
        self.entry = None;
    }

    /// Whether the record can be dropped: there is no login, and nothing is left to delete.
    pub(super) fn is_empty(&self) -> bool {
        self.current.is_none() && self.unfinished.is_empty()
    }
}
