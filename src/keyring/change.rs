//! Saves and removes logins, in the steps that the [module](super) describes.

use std::fmt;
use std::slice;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};

use super::backend::{EntrySlot, Removal, StoreError, UnlockPrompt};
use super::entry::Entry;
use super::locked_index::LockedIndex;
use super::login::{Login, by_store};
use super::record::Record;
use super::store::Store;

const REVOKE: &str = "revoke it at Account → Access Tokens";

/// Chooses the store for a new login: the best keyring of the system, or with `insecure` the private file.
///
/// # Errors
/// There is no keyring, the best one is locked or does not answer, or the index cannot be changed.
pub fn choose_store(env: &Env, insecure: bool, prompt: UnlockPrompt) -> Result<Store> {
    LockedIndex::open(env)?;
    if insecure {
        return Ok(Store::FILE);
    }
    let mut reasons = Vec::new();
    for store in Store::defaults() {
        match store.backend().probe(env, prompt) {
            Ok(()) => return Ok(store),
            Err(StoreError::Unavailable(why)) => reasons.push(format!("{store} {why}")),
            // This store exists and may answer next time: falling back to another one would be a surprise.
            Err(error) => return Err(store.error(error)),
        }
    }
    let why = if reasons.is_empty() { "this co-cred was built without one".to_owned() } else { reasons.join("; ") };
    Err(Error::new(Reason::Keyring, format!("there is no keyring to save the token in: {why}"))
        .hint("--insecure-storage saves it in a file that only you can read"))
}

/// Saves a login in the store that [`choose_store`] returned, in place of the user's former one. Returns warnings.
///
/// # Errors
/// The store or the index cannot be written; then the former login is unchanged.
pub fn save(
    env: &Env,
    deployment: &Deployment,
    entry: &Entry,
    store: Store,
    prompt: UnlockPrompt,
) -> Result<Vec<Remark>> {
    let mut index = LockedIndex::open(env)?;
    let email = &entry.email;
    let former = index.record(deployment, email).and_then(Record::login);
    let slot = former.map_or(EntrySlot::First, |former| former.slot.other());
    let login = Login { deployment: deployment.clone(), email: email.clone(), store, slot };
    let encoded = entry.encode(&login);
    let its = [(deployment.clone(), email.clone())];
    let is_its = |record: &Record| record.is_of(deployment, email);
    if store != Store::FILE {
        index.change(&its, |record| record.mark_unfinished(store))?;
        if let Err(error) = store.backend().set(env, login.key(), &encoded, prompt) {
            // The entry may have been stored nevertheless. If it cannot be deleted now, it stays recorded as unfinished.
            let timed_out = matches!(error, StoreError::TimedOut(_)).then_some(store);
            remove_leftovers(env, &mut index, timed_out.as_slice(), is_its);
            return Err(store.error(error));
        }
    }
    if let Err(error) = index.change(&its, |record| record.set_current(&login, &encoded)) {
        remove_leftovers(env, &mut index, &[], is_its);
        return Err(error);
    }
    let leftovers = remove_leftovers(env, &mut index, &[], is_its);
    let leftovers = leftovers.iter().map(|leftover| Remark::new("former", leftover.to_string()).hint(REVOKE));
    Ok(store.backend().remark().into_iter().chain(index.remarks()).chain(leftovers).collect())
}

/// A former token that may still be in a store.
struct Leftover {
    email: Email,
    store: Store,
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the former token of {} is still in {}", self.email, self.store)
    }
}

/// Deletes entries other than the current ones, for the records that `is_meant` selects; returns those that may be left.
/// Stores that `timed_out` before are not waited for again.
fn remove_leftovers(
    env: &Env,
    index: &mut LockedIndex,
    timed_out: &[Store],
    is_meant: impl Fn(&Record) -> bool,
) -> Vec<Leftover> {
    let mut leftovers = Vec::new();
    for store in Store::all() {
        let is_unfinished = |record: &&Record| is_meant(record) && record.unfinished.contains(&store);
        let records: Vec<Record> = index.records().filter(is_unfinished).cloned().collect();
        let removals: Vec<Removal> = records.iter().map(|record| record.removal(store)).collect();
        let deleted: Vec<bool> = match timed_out.contains(&store) || removals.is_empty() {
            true => records.iter().map(|_| false).collect(),
            false => store.backend().delete(env, &removals, UnlockPrompt::Never).iter().map(Result::is_ok).collect(),
        };
        let (done, left): (Vec<_>, Vec<_>) = records.into_iter().zip(deleted).partition(|(_, is_done)| *is_done);
        let done: Vec<_> = done.into_iter().map(|(record, _)| (record.deployment, record.email)).collect();
        if !done.is_empty() {
            // If the index cannot be written, the next command deletes these entries again.
            let _ = index.change(&done, |record| record.unfinished.retain(|unfinished| *unfinished != store));
        }
        leftovers.extend(left.into_iter().map(|(record, _)| Leftover { email: record.email, store }));
    }
    leftovers
}

/// The result of [`remove`].
#[derive(Debug, Default)]
pub struct RemoveOutcome {
    /// For each login whether it was removed, with a warning where its token may be left.
    pub logins: Vec<Result<Option<Remark>>>,
    /// Tokens that may be left elsewhere: of interrupted or replaced logins, and in stores that cannot be searched.
    pub leftovers: Vec<Remark>,
    /// Warnings about the index.
    pub remarks: Vec<Remark>,
}

/// Removes logins. With `force` a login is removed even if its store cannot be asked; its token stays recorded as
/// unfinished. With `all`, leftovers of other logins, and entries of co-cred that no index names, are deleted too.
///
/// # Errors
/// The index cannot be written. A login whose store is locked or does not answer is still there.
pub fn remove(env: &Env, logins: &[Login], all: bool, force: bool, prompt: UnlockPrompt) -> Result<RemoveOutcome> {
    let mut index = LockedIndex::open(env)?;
    let mut failed = Vec::new();
    let answers = by_store(logins, |store, logins| {
        let removals: Vec<Removal> = logins.iter().map(|login| login.removal()).collect();
        let answers = store.backend().delete(env, &removals, prompt);
        failed.extend(answers.iter().any(Result::is_err).then_some(store));
        answers
    });
    let outcomes: Vec<Result<Option<Remark>>> =
        answers.into_iter().zip(logins).map(|(answer, login)| outcome(login, answer, force)).collect();
    let names = |is_meant: fn(&Result<Option<Remark>>) -> bool| -> Vec<(Deployment, Email)> {
        let meant = outcomes.iter().zip(logins).filter(|(outcome, _)| is_meant(outcome));
        meant.map(|(_, login)| (login.deployment.clone(), login.email.clone())).collect()
    };
    index.change(&names(|outcome| matches!(outcome, Ok(None))), Record::remove_current)?;
    index.change(&names(|outcome| matches!(outcome, Ok(Some(_)))), Record::clear_current)?;
    let is_meant = |record: &Record| all || logins.iter().any(|login| record.is_of(&login.deployment, &login.email));
    let leftovers = remove_leftovers(env, &mut index, &failed, is_meant).into_iter();
    let leftovers = leftovers.filter(|leftover| !failed.contains(&leftover.store));
    let mut leftovers: Vec<Remark> =
        leftovers.map(|leftover| Remark::new("left", leftover.to_string()).hint(REVOKE)).collect();
    if all && leftovers.is_empty() {
        leftovers.extend(remove_unlisted(env, &failed, prompt));
    }
    Ok(RemoveOutcome { logins: outcomes, leftovers, remarks: index.remarks() })
}

/// Removes one login.
///
/// # Errors
/// As [`remove`], or its store is locked or does not answer.
pub fn remove_one(env: &Env, login: &Login, prompt: UnlockPrompt) -> Result<()> {
    let outcome = remove(env, slice::from_ref(login), false, false, prompt)?;
    outcome.logins.into_iter().try_for_each(|outcome| outcome.map(drop))
}

fn outcome(login: &Login, answer: Result<(), StoreError>, force: bool) -> Result<Option<Remark>> {
    match answer.map_err(|error| login.store.error(error)) {
        Ok(()) => Ok(None),
        Err(error) if force => {
            Ok(Some(Remark::new("left", format!("{}; its token is still stored there", error.what)).hint(REVOKE)))
        }
        Err(error) => Err(error),
    }
}

/// Deletes entries of co-cred that no index names, as after the index was removed, from stores that can be searched.
fn remove_unlisted(env: &Env, failed: &[Store], prompt: UnlockPrompt) -> Vec<Remark> {
    let mut left = Vec::new();
    for store in Store::defaults().filter(|store| !failed.contains(store)) {
        match store.backend().delete_all(env, prompt) {
            Ok(()) | Err(StoreError::Unavailable(_)) => {}
            Err(error) => left.push(Remark::from(&store.error(error))),
        }
    }
    left
}
