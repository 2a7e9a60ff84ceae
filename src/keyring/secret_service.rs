//! The desktop's keyring, over D-Bus: freedesktop's Secret Service.
//!
//! It is asked with a deadline, on a thread of its own: a bus that hangs, or a service that waits for somebody to type
//! a password, must not hold up a script. What is locked is not opened unless somebody is there to do it.

use std::collections::HashMap;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use secret_service::blocking::{Item, SecretService};
use secret_service::{EncryptionType, Error};
use zbus::blocking::Connection;
use zbus::blocking::connection::Builder;
use zeroize::Zeroizing;

use crate::env::Env;

use super::Login;
use super::store::{Asking, Refusal, Secret};

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

/// Which entry, and on which bus: all that the thread needs to know.
struct Errand {
    address: String,
    deployment: String,
    email: String,
    asking: Asking,
    /// Tells whoever waits that the keyring now asks for its password.
    opening: mpsc::SyncSender<()>,
}

pub(super) fn get(env: &Env, login: &Login) -> Result<Vec<Secret>, Refusal> {
    run(env, login, Asking::Nobody, |errand, service| match held(errand, service) {
        // Another login may just be taking an item's place: between the search and the look, it was there.
        Err(Error::Zbus(zbus::Error::MethodError(..)) | Error::ZbusFdo(_)) => {
            thread::sleep(MOMENT);
            held(errand, service)
        }
        outcome => outcome,
    })
}

fn held(errand: &Errand, service: &SecretService) -> Result<Vec<Secret>, Error> {
    let found = service.search_items(errand.attributes())?;
    match (found.unlocked.is_empty(), found.locked.is_empty()) {
        (true, false) => Err(Error::Locked),
        _ => found.unlocked.iter().take(MOST).map(|item| item.get_secret().map(Zeroizing::new)).collect(),
    }
}

pub(super) fn set(env: &Env, login: &Login, secret: &Secret, asking: Asking) -> Result<(), Refusal> {
    let secret = Zeroizing::new(secret.to_vec());
    run(env, login, asking, move |errand, service| {
        let collection = service.get_default_collection()?;
        if collection.is_locked()? {
            errand.open(|| collection.unlock())?;
        }
        let label = format!("Code Ocean access token of {} at {}", errand.email, errand.deployment);
        let item = collection.create_item(&label, errand.attributes(), &secret, true, "application/json")?;
        // Older ones in other collections; that one cannot be removed is no reason to fail.
        let found = service.search_items(errand.attributes());
        let others = found.iter().flat_map(|found| &found.unlocked).filter(|other| other.item_path != item.item_path);
        others.for_each(|other| drop(other.delete()));
        Ok(())
    })
}

pub(super) fn delete(env: &Env, login: &Login, asking: Asking) -> Result<(), Refusal> {
    run(env, login, asking, |errand, service| {
        let found = service.search_items(errand.attributes())?;
        if !found.locked.is_empty() {
            errand.open(|| service.unlock_all(&found.locked.iter().collect::<Vec<_>>()))?;
        }
        found.unlocked.iter().chain(&found.locked).try_for_each(Item::delete)
    })
}

impl Errand {
    fn run<T>(&self, work: impl FnOnce(&Errand, &SecretService) -> Result<T, Error>) -> Result<T, Refusal> {
        let connection = connect(&self.address)?;
        let service = SecretService::connect_with_existing(EncryptionType::Dh, connection).map_err(refusal)?;
        work(self, &service).map_err(refusal)
    }

    fn attributes(&self) -> HashMap<&str, &str> {
        [("application", APPLICATION), ("deployment", &self.deployment), ("user", &self.email)].into()
    }

    /// Opens what is locked, if somebody is there to say its password.
    fn open(&self, unlock: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        match self.asking {
            Asking::Nobody => Err(Error::Locked),
            Asking::User => {
                let _ = self.opening.try_send(());
                unlock()
            }
        }
    }
}

/// Does the work on a thread that is left behind when it is late.
fn run<T: Send + 'static>(
    env: &Env,
    login: &Login,
    asking: Asking,
    work: impl FnOnce(&Errand, &SecretService) -> Result<T, Error> + Send + 'static,
) -> Result<T, Refusal> {
    let address = address(env).ok_or(Refusal::Absent("is not there: no D-Bus session is known"))?;
    let (opening, opens) = mpsc::sync_channel(1);
    let (deployment, email) = (login.deployment.origin().to_owned(), login.email.as_str().to_ascii_lowercase());
    let errand = Errand { address, deployment, email, asking, opening };
    let (done, result) = mpsc::channel();
    thread::spawn(move || {
        // Nobody waits any more where this cannot be sent.
        let _ = done.send(errand.run(work));
    });
    match result.recv_timeout(LIMIT) {
        Ok(outcome) => outcome,
        Err(_) if opens.try_recv().is_ok() => result.recv_timeout(PATIENCE).unwrap_or(Err(Refusal::Locked)),
        Err(_) => Err(Refusal::Late(LIMIT)),
    }
}

/// The session's bus: where the environment says, else at its usual place.
fn address(env: &Env) -> Option<String> {
    let usual = || {
        let socket = env.path("XDG_RUNTIME_DIR")?.join("bus");
        socket.exists().then(|| format!("unix:path={}", socket.display()))
    };
    env.text("DBUS_SESSION_BUS_ADDRESS").map(str::to_owned).or_else(usual)
}

fn connect(address: &str) -> Result<Connection, Refusal> {
    let connection = Builder::address(address).and_then(Builder::build);
    connection.map_err(|_| Refusal::Absent("is not there: the D-Bus session cannot be reached"))
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
