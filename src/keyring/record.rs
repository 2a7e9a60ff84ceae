//! One entry of the list of logins: where a login is stored, and where else some of it may be.

use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::email::Email;

use super::Login;
use super::object::Object;
use super::store::{Removal, Slot, Store};

/// What is noted of a login.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) deployment: Deployment,
    pub(super) email: Email,
    /// Where the login is stored; none while its first `co-cred login` has not ended.
    kept: Option<(Store, Slot)>,
    /// The entry itself, for [`Store::File`].
    pub(super) entry: Option<Zeroizing<String>>,
    /// The stores that may hold more of this login than what is kept: noted before a store is written to.
    pub(super) unfinished: Vec<Store>,
    /// Keys of other versions.
    rest: Object,
}

impl Record {
    pub(super) fn new(deployment: &Deployment, email: &Email) -> Record {
        let (deployment, email) = (deployment.clone(), email.clone());
        Record { deployment, email, kept: None, entry: None, unfinished: Vec::new(), rest: Object::default() }
    }

    /// The record that a text is; none where this version does not understand it.
    pub(super) fn parse(text: &str) -> Option<Record> {
        let mut rest = Object::parse(text.as_bytes())?;
        let deployment = Deployment::parse(&rest.take::<String>("deployment").ok()??).ok()?;
        let email = rest.take("email").ok()??;
        let slot = rest.take("slot").ok()?.unwrap_or_default();
        let kept = rest.take("store").ok()?.map(|store| (store, slot));
        let entry = rest.take("entry").ok()?;
        let unfinished = rest.take("unfinished").ok()?.unwrap_or_default();
        Some(Record { deployment, email, kept, entry, unfinished, rest })
    }

    pub(super) fn encode(&self) -> Result<Object, serde_json::Error> {
        let Record { deployment, email, kept, entry, unfinished, rest } = self;
        let mut object = rest.clone().with("deployment", &deployment.origin())?.with("email", email)?;
        if let Some((store, slot)) = kept {
            object = object.with("store", store)?;
            object = if slot.is_first() { object } else { object.with("slot", slot)? };
        }
        object = entry.iter().try_fold(object, |object, entry| object.with("entry", entry))?;
        if unfinished.is_empty() { Ok(object) } else { object.with("unfinished", unfinished) }
    }

    pub(super) fn is_of(&self, deployment: &Deployment, email: &Email) -> bool {
        self.deployment == *deployment && self.email == *email
    }

    /// Where the login is stored.
    pub(super) fn login(&self) -> Option<Login> {
        let (store, slot) = self.kept?;
        Some(Login { deployment: self.deployment.clone(), email: self.email.clone(), store, slot })
    }

    /// What is to be removed from a store: everything of this login but what is kept there.
    pub(super) fn removal(&self, store: Store) -> Removal<'_> {
        let except = self.kept.filter(|(kept, _)| *kept == store).map(|(_, slot)| slot);
        Removal { deployment: &self.deployment, email: &self.email, except }
    }

    /// Notes that a store may hold more of the login than what is kept.
    pub(super) fn suspect(&mut self, store: Store) {
        if store != Store::File && !self.unfinished.contains(&store) {
            self.unfinished.push(store);
        }
    }

    /// From now on the login is this one, and the former one is to be removed.
    pub(super) fn keep(&mut self, login: &Login, encoded: &[u8]) {
        self.leave();
        self.kept = Some((login.store, login.slot));
        let text = || Zeroizing::new(String::from_utf8_lossy(encoded).into_owned());
        self.entry = (login.store == Store::File).then(text);
    }

    /// The login is gone, and all of it that its store held.
    pub(super) fn remove(&mut self) {
        if let Some((former, _)) = self.kept.take() {
            self.unfinished.retain(|store| *store != former);
        }
        self.entry = None;
    }

    /// From now on there is no such login; what its store holds is to be removed.
    pub(super) fn leave(&mut self) {
        if let Some((former, _)) = self.kept.take() {
            self.suspect(former);
        }
        self.entry = None;
    }

    /// Whether there is nothing left to note.
    pub(super) fn is_over(&self) -> bool {
        self.kept.is_none() && self.unfinished.is_empty()
    }
}
