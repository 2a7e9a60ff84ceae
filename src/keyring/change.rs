//! Logins that are kept, and forgotten, in steps that may be interrupted: the [module](super) says which.

use std::fmt;
use std::slice;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};

use super::index::Ledger;
use super::record::Record;
use super::store::{Refusal, Removal};
use super::{Asking, Entry, Login, Slot, Store, each_store, refused};

const REVOKE: &str = "revoke it at Account → Access Tokens";

/// The store for a login: the best of this system's that can be used, or with `insecure` a private file.
///
/// # Errors
/// There is none, the best one is locked or does not answer, or the login could not be noted.
pub fn choose(env: &Env, insecure: bool, asking: Asking) -> Result<Store> {
    Ledger::open(env)?;
    if insecure {
        return Ok(Store::File);
    }
    let mut reasons = Vec::new();
    for store in Store::OF_SYSTEM {
        match store.probe(env, asking) {
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

/// Keeps a login in place of a former one of the same user, in the store that [`choose`] gave; returns what is to be said
/// about it. Where it fails, the former login is as it was.
///
/// # Errors
/// The store does not take it, or it cannot be noted.
pub fn keep(env: &Env, deployment: &Deployment, entry: &Entry, store: Store, asking: Asking) -> Result<Vec<Remark>> {
    let mut ledger = Ledger::open(env)?;
    let email = &entry.email;
    let former = ledger.record(deployment, email).and_then(Record::login);
    let slot = former.map_or(Slot::First, |former| former.slot.other());
    let login = Login { deployment: deployment.clone(), email: email.clone(), store, slot };
    let encoded = entry.encode(&login);
    let its = [(deployment.clone(), email.clone())];
    let is_its = |record: &Record| record.is_of(deployment, email);
    if store != Store::File {
        ledger.change(&its, |record| record.suspect(store))?;
        if let Err(refusal) = store.set(env, &login, &encoded, asking) {
            // What may have been stored does not count. It is removed as far as it can be, and else stays noted.
            tidy(env, &mut ledger, refusal.silenced(store).as_slice(), is_its);
            return Err(refused(store, refusal));
        }
    }
    if let Err(error) = ledger.change(&its, |record| record.keep(&login, &encoded)) {
        tidy(env, &mut ledger, &[], is_its);
        return Err(error);
    }
    let left = tidy(env, &mut ledger, &[], is_its);
    let left = left.iter().map(|left| Remark::new("former", left.to_string()).hint(REVOKE));
    Ok(store.remark().into_iter().chain(ledger.remarks()).chain(left).collect())
}

/// A former token that may still be in a store.
struct Left {
    email: Email,
    store: Store,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the former token of {} is still in {}", self.email, self.store)
    }
}

/// Removes what stores hold of logins beside what is kept; returns what may be left. A store that was silent before is not
/// waited for again.
fn tidy(env: &Env, ledger: &mut Ledger, silent: &[Store], is_meant: impl Fn(&Record) -> bool) -> Vec<Left> {
    let mut all_left = Vec::new();
    for store in Store::ALL {
        let holds_more = |record: &&Record| is_meant(record) && record.unfinished.contains(&store);
        let records: Vec<Record> = ledger.records().filter(holds_more).cloned().collect();
        let removals: Vec<Removal> = records.iter().map(|record| record.removal(store)).collect();
        let answers = match silent.contains(&store) || removals.is_empty() {
            true => records.iter().map(|_| false).collect(),
            false => store.delete(env, &removals, Asking::Nobody).iter().map(Result::is_ok).collect::<Vec<_>>(),
        };
        let (done, left): (Vec<_>, Vec<_>) = records.into_iter().zip(answers).partition(|(_, is_done)| *is_done);
        let done: Vec<_> = done.into_iter().map(|(record, _)| (record.deployment, record.email)).collect();
        if !done.is_empty() {
            // Where this cannot be written, it is done again by the next command.
            let _ = ledger.change(&done, |record| record.unfinished.retain(|noted| *noted != store));
        }
        all_left.extend(left.into_iter().map(|(record, _)| Left { email: record.email, store }));
    }
    all_left
}

/// What came of forgetting.
#[derive(Debug, Default)]
pub struct Forgotten {
    /// For each login whether it is forgotten, and what is to be said about that.
    pub logins: Vec<Result<Option<Remark>>>,
    /// What is left of others: of logins that were interrupted or replaced, and in stores that cannot be searched.
    pub left: Vec<Remark>,
    /// What is odd about the list of logins.
    pub remarks: Vec<Remark>,
}

/// Forgets logins; with `force` also those whose store cannot be asked, which is then to be told and stays noted. With `all`
/// also what is left of others, and tokens of co-cred's that no list names.
///
/// # Errors
/// It cannot be noted; a login whose store is locked or does not answer is still there.
pub fn forget(env: &Env, logins: &[Login], all: bool, force: bool, asking: Asking) -> Result<Forgotten> {
    let mut ledger = Ledger::open(env)?;
    let mut silent = Vec::new();
    let answers = each_store(logins, |store, logins| {
        let removals: Vec<Removal> = logins.iter().map(|login| Removal::of(login)).collect();
        let answers = store.delete(env, &removals, asking);
        silent.extend(answers.iter().any(Result::is_err).then_some(store));
        answers
    });
    let names = |outcomes: &[Result<Option<Remark>>], is_meant: fn(&Result<Option<Remark>>) -> bool| -> Vec<_> {
        let meant = outcomes.iter().zip(logins).filter(|(outcome, _)| is_meant(outcome));
        meant.map(|(_, login)| (login.deployment.clone(), login.email.clone())).collect()
    };
    let outcomes: Vec<Result<Option<Remark>>> =
        answers.into_iter().zip(logins).map(|(answer, login)| outcome(login, answer, force)).collect();
    ledger.change(&names(&outcomes, |outcome| matches!(outcome, Ok(None))), Record::remove)?;
    ledger.change(&names(&outcomes, |outcome| matches!(outcome, Ok(Some(_)))), Record::leave)?;
    let is_meant = |record: &Record| all || logins.iter().any(|login| record.is_of(&login.deployment, &login.email));
    let left = tidy(env, &mut ledger, &silent, is_meant).into_iter().filter(|left| !silent.contains(&left.store));
    let mut left: Vec<Remark> = left.map(|left| Remark::new("left", left.to_string()).hint(REVOKE)).collect();
    if all && left.is_empty() {
        left.extend(clear(env, &silent, asking));
    }
    Ok(Forgotten { logins: outcomes, left, remarks: ledger.remarks() })
}

/// Forgets one login.
///
/// # Errors
/// As [`forget`], or its store is locked or does not answer.
pub fn forget_one(env: &Env, login: &Login, asking: Asking) -> Result<()> {
    let forgotten = forget(env, slice::from_ref(login), false, false, asking)?;
    forgotten.logins.into_iter().try_for_each(|outcome| outcome.map(drop))
}

fn outcome(login: &Login, answer: Result<(), Refusal>, force: bool) -> Result<Option<Remark>> {
    match answer.map_err(|refusal| refused(login.store, refusal)) {
        Ok(()) => Ok(None),
        Err(error) if force => {
            Ok(Some(Remark::new("left", format!("{}; its token is still there", error.what)).hint(REVOKE)))
        }
        Err(error) => Err(error),
    }
}

/// Removes tokens of co-cred's that no list names, as after the list was removed, from the stores that can be searched.
fn clear(env: &Env, silent: &[Store], asking: Asking) -> Vec<Remark> {
    let mut left = Vec::new();
    for store in Store::OF_SYSTEM.into_iter().filter(|store| !silent.contains(store)) {
        match store.delete_all(env, asking) {
            Ok(()) | Err(Refusal::Absent(_)) => {}
            Err(refusal) => left.push(Remark::from(&refused(store, refusal))),
        }
    }
    left
}
