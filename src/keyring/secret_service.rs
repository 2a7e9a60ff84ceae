//! The desktop's keyring, over D-Bus: freedesktop's Secret Service.
//!
//! It is asked with a deadline, on a thread of its own: a bus that hangs, or a service that waits for somebody to type
//! a password, must not hold up a script. What is locked is not opened unless somebody is there to do it.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use secret_service::blocking::{Item, SecretService};
use secret_service::{EncryptionType, Error};
use zbus::blocking::connection::Builder;
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;

use super::Login;
use super::store::{Asking, Refusal, Removal, Secret, Slot};

/// How long a bus and a service may take.
const LIMIT: Duration = Duration::from_secs(2);

/// How long it takes to replace an item.
const MOMENT: Duration = Duration::from_millis(50);

/// How long somebody may take to type the keyring's password, once it asks for it.
const PATIENCE: Duration = Duration::from_secs(60);

const NOBODY: &str = "is not there: nothing on this D-Bus session provides it";

/// The most items that are looked into: more than one is not ours.
const MOST: usize = 8;

/// What marks an entry as ours, beside its deployment and its user.
const APPLICATION: &str = "co-cred";

/// How long everything may take that is asked at once.
const ALL: Duration = Duration::from_secs(60);

/// The attribute that tells the former entry from the one that replaces it; an entry without it is in the first slot.
const SLOT: &str = "slot";

/// Which entry: all that the thread needs to know.
struct Errand {
    deployment: String,
    email: String,
    slot: Option<Slot>,
}

/// One connection to the service.
struct Session<'a> {
    service: SecretService<'a>,
    asking: Cell<Asking>,
    /// Tells the thread that waits that the keyring now asks for its password.
    opening: mpsc::SyncSender<()>,
}

pub(super) fn probe(env: &Env, asking: Asking) -> Result<(), Refusal> {
    let look = move |_: &(), session: &Session| {
        let is_locked = session.service.get_default_collection()?.is_locked()?;
        if is_locked && asking == Asking::Nobody { Err(Error::Locked) } else { Ok(()) }
    };
    run(env, vec![()], asking, look).pop().unwrap_or(Err(Refusal::Broken))
}

pub(super) fn get(env: &Env, logins: &[&Login]) -> Vec<Result<Vec<Secret>, Refusal>> {
    let errands = logins.iter().map(|login| Errand::new(&login.deployment, &login.email, None)).collect();
    run(env, errands, Asking::Nobody, |errand, session| match held(errand, session) {
        // Another login may just be taking an item's place: between the search and the look, it was there.
        Err(Error::Zbus(zbus::Error::MethodError(..)) | Error::ZbusFdo(_)) => {
            thread::sleep(MOMENT);
            held(errand, session)
        }
        outcome => outcome,
    })
}

fn held(errand: &Errand, session: &Session) -> Result<Vec<Secret>, Error> {
    let found = session.service.search_items(errand.attributes())?;
    match (found.unlocked.is_empty(), found.locked.is_empty()) {
        (true, false) => Err(Error::Locked),
        _ => found.unlocked.iter().take(MOST).map(|item| item.get_secret().map(Zeroizing::new)).collect(),
    }
}

pub(super) fn set(env: &Env, login: &Login, secret: &Secret, asking: Asking) -> Result<(), Refusal> {
    let secret = Zeroizing::new(secret.to_vec());
    let errand = Errand::new(&login.deployment, &login.email, Some(login.slot));
    let put = move |errand: &Errand, session: &Session| {
        let collection = session.service.get_default_collection()?;
        if collection.is_locked()? {
            session.open(|| collection.unlock())?;
        }
        let label = format!("Code Ocean access token of {} at {}", errand.email, errand.deployment);
        collection.create_item(&label, errand.attributes(), &secret, true, "application/json").map(drop)
    };
    run(env, vec![errand], asking, put).pop().unwrap_or(Err(Refusal::Broken))
}

pub(super) fn delete(env: &Env, removals: &[Removal], asking: Asking) -> Vec<Result<(), Refusal>> {
    let errand = |removal: &Removal| (Errand::new(removal.deployment, removal.email, None), removal.except);
    run(env, removals.iter().map(errand).collect(), asking, |(errand, except), session| {
        session.delete(errand.attributes(), *except)
    })
}

pub(super) fn delete_all(env: &Env, asking: Asking) -> Result<(), Refusal> {
    let delete = |_: &(), session: &Session| session.delete([("application", APPLICATION)].into(), None);
    run(env, vec![()], asking, delete).pop().unwrap_or(Err(Refusal::Broken))
}

impl Errand {
    fn new(deployment: &Deployment, email: &Email, slot: Option<Slot>) -> Errand {
        Errand { deployment: deployment.origin().to_owned(), email: email.as_str().to_ascii_lowercase(), slot }
    }

    fn attributes(&self) -> HashMap<&str, &str> {
        let slot = self.slot.map(|slot| (SLOT, word(slot)));
        let all = [("application", APPLICATION), ("deployment", &self.deployment), ("user", &self.email)];
        all.into_iter().chain(slot).collect()
    }
}

fn word(slot: Slot) -> &'static str {
    match slot {
        Slot::First => "first",
        Slot::Second => "second",
    }
}

impl Session<'_> {
    /// Removes what has these attributes, but for the slot that stays.
    fn delete(&self, attributes: HashMap<&str, &str>, except: Option<Slot>) -> Result<(), Error> {
        let found = self.service.search_items(attributes)?;
        let mut doomed = Vec::new();
        for item in found.unlocked.iter().chain(&found.locked) {
            // One whose slot cannot be read may be the one that stays: that is an error.
            let is_kept = match except {
                Some(except) => {
                    item.get_attributes()?.get(SLOT).map_or(word(Slot::First), String::as_str) == word(except)
                }
                None => false,
            };
            if !is_kept {
                doomed.push(item);
            }
        }
        let locked: Vec<&Item> = doomed.iter().copied().filter(|item| item.is_locked().unwrap_or(true)).collect();
        if !locked.is_empty() {
            self.open(|| self.service.unlock_all(&locked))?;
        }
        doomed.into_iter().try_for_each(Item::delete)
    }

    /// Opens what is locked, if somebody is there to say its password. One refusal is enough.
    fn open(&self, unlock: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        match self.asking.get() {
            Asking::Nobody => Err(Error::Locked),
            Asking::User => {
                let _ = self.opening.try_send(());
                unlock().inspect_err(|_| self.asking.set(Asking::Nobody))
            }
        }
    }
}

/// Does the work for each errand over one connection, on a thread that is left behind when it is late: what it has not
/// answered then is late as well.
fn run<E: Send + 'static, T: Send + 'static>(
    env: &Env,
    errands: Vec<E>,
    asking: Asking,
    work: impl Fn(&E, &Session) -> Result<T, Error> + Send + 'static,
) -> Vec<Result<T, Refusal>> {
    let count = errands.len();
    let (opening, opens) = mpsc::sync_channel(1);
    let (done, results) = mpsc::channel();
    let started = address(env).map(|address| {
        let work = move || match connect(&address) {
            Ok(service) => {
                let session = Session { service, asking: Cell::new(asking), opening };
                // The thread that waits has given up where this cannot be sent.
                let _ = errands.iter().try_for_each(|errand| done.send(work(errand, &session).map_err(refusal)));
            }
            Err(refusal) => errands.iter().for_each(|_| drop(done.send(Err(refusal)))),
        };
        thread::Builder::new().spawn(work).map_err(|_| Refusal::Broken)
    });
    let mut answers = Vec::with_capacity(count);
    let otherwise = match started {
        None => Refusal::Absent("is not there: no D-Bus session is known"),
        Some(Err(refusal)) => refusal,
        Some(Ok(_)) => collect(&mut answers, count, &results, &opens),
    };
    answers.resize_with(count, || Err(otherwise));
    answers
}

/// Waits for as many answers; returns what the missing ones are.
fn collect<T>(
    answers: &mut Vec<Result<T, Refusal>>,
    count: usize,
    results: &mpsc::Receiver<Result<T, Refusal>>,
    opens: &mpsc::Receiver<()>,
) -> Refusal {
    let mut end = Instant::now() + ALL;
    while answers.len() < count {
        let left = end.saturating_duration_since(Instant::now());
        match results.recv_timeout(LIMIT.min(left)) {
            Ok(answer) => answers.push(answer),
            Err(RecvTimeoutError::Disconnected) => return Refusal::Broken,
            Err(RecvTimeoutError::Timeout) if opens.try_recv().is_ok() => {
                answers.push(results.recv_timeout(PATIENCE).unwrap_or(Err(Refusal::Locked)));
                end = Instant::now() + ALL;
            }
            Err(RecvTimeoutError::Timeout) => return Refusal::Late(LIMIT),
        }
    }
    Refusal::Broken
}

/// The session's bus: where the environment says, else at its usual place.
fn address(env: &Env) -> Option<String> {
    let usual = || {
        let socket = Path::new(env.get("XDG_RUNTIME_DIR")?).join("bus");
        socket.exists().then(|| format!("unix:path={}", socket.display()))
    };
    env.text("DBUS_SESSION_BUS_ADDRESS").map(str::to_owned).or_else(usual)
}

fn connect<'a>(address: &str) -> Result<SecretService<'a>, Refusal> {
    let connection = Builder::address(address).and_then(Builder::build);
    let connection = connection.map_err(|_| Refusal::Absent("is not there: the D-Bus session cannot be reached"))?;
    SecretService::connect_with_existing(EncryptionType::Dh, connection).map_err(refusal)
}

/// Whether an error of the bus says that nothing on it answers to the name, and that nothing could be started that would.
fn is_nobody(error: &str) -> bool {
    let error = error.trim_start_matches("org.freedesktop.DBus.Error.");
    matches!(error, "ServiceUnknown" | "NameHasNoOwner") || error.starts_with("Spawn.")
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::Locked | Error::Prompt | Error::PromptDisconnected => Refusal::Locked,
        Error::Unavailable => Refusal::Absent(NOBODY),
        Error::Zbus(zbus::Error::MethodError(name, ..)) if is_nobody(&name) => Refusal::Absent(NOBODY),
        Error::NoResult => Refusal::Absent("has no default keyring"),
        _ => Refusal::Broken,
    }
}
