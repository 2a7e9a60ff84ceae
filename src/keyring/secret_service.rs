//! The Secret Service of freedesktop.org, over D-Bus: GNOME Keyring, KWallet, KeePassXC.
//!
//! Calls run on a thread of their own with a deadline: a bus that hangs, or a service that waits for a password, must not
//! hold up a script. A locked keyring is unlocked only if the user may be prompted.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use secret_service::blocking::{Item, SecretService as Service};
use secret_service::{EncryptionType, Error};
use zbus::blocking::connection::Builder;
use zbus::fdo;
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;

use super::backend::{Backend, EntryKey, EntrySlot, Removal, Secret, StoreError, UnlockPrompt};

/// How long the bus and the service may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How long all queries of one call may take.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the user may take to type the keyring's password.
const PROMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// Pause before a read is repeated, while another process replaces the item.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The most items that are read for one login: any but one were stored by another program.
const MAX_ITEMS: usize = 8;

/// The `application` attribute of every entry.
const APPLICATION: &str = "co-cred";

/// The attribute for the slot of an entry; an entry without it is in the first slot.
const SLOT: &str = "slot";

const NO_PROVIDER: StoreError =
    StoreError::Unavailable("is not available: no service on this D-Bus session provides it");
const NO_SESSION: StoreError = StoreError::Unavailable("is not available: no D-Bus session is known");
const ENDED: StoreError = StoreError::Unavailable("is not available: it ended before it answered");
const UNREACHABLE: StoreError = StoreError::Unavailable("is not available: the D-Bus session cannot be reached");

pub(super) struct SecretService;

impl Backend for SecretService {
    fn id(&self) -> &'static str {
        "secret-service"
    }

    fn name(&self) -> &'static str {
        "the Secret Service"
    }

    fn is_default(&self) -> bool {
        true
    }

    fn probe(&self, env: &Env, prompt: UnlockPrompt) -> Result<(), StoreError> {
        let probe = move |(): &(), session: &Session| {
            let is_locked = session.service.get_default_collection()?.is_locked()?;
            if is_locked && prompt == UnlockPrompt::Never { Err(Error::Locked) } else { Ok(()) }
        };
        run(env, vec![()], prompt, probe).pop().unwrap_or(Err(StoreError::Failed))
    }

    fn get(&self, env: &Env, keys: &[EntryKey]) -> Vec<Result<Vec<Secret>, StoreError>> {
        let queries = keys.iter().map(|key| Query::new(key.deployment, key.email, None)).collect();
        run(env, queries, UnlockPrompt::Never, |query, session| match session.secrets(query) {
            // A login in another process may have replaced the item between the search and the read.
            Err(Error::Zbus(zbus::Error::MethodError(..)) | Error::ZbusFdo(_)) => {
                thread::sleep(RETRY_PAUSE);
                session.secrets(query)
            }
            outcome => outcome,
        })
    }

    fn set(&self, env: &Env, key: EntryKey, secret: &Secret, prompt: UnlockPrompt) -> Result<(), StoreError> {
        let secret = Zeroizing::new(secret.to_vec());
        let query = Query::new(key.deployment, key.email, Some(key.slot));
        let set = move |query: &Query, session: &Session| {
            let collection = session.service.get_default_collection()?;
            if collection.is_locked()? {
                session.unlock(|| collection.unlock())?;
            }
            let label = format!("Code Ocean access token of {} at {}", query.email, query.deployment);
            collection.create_item(&label, query.attributes(), &secret, true, "application/json").map(drop)
        };
        run(env, vec![query], prompt, set).pop().unwrap_or(Err(StoreError::Failed))
    }

    fn delete(&self, env: &Env, removals: &[Removal], prompt: UnlockPrompt) -> Vec<Result<(), StoreError>> {
        let query = |removal: &Removal| (Query::new(removal.deployment, removal.email, None), removal.except);
        run(env, removals.iter().map(query).collect(), prompt, |(query, except), session| {
            session.delete(query.attributes(), *except)
        })
    }

    fn delete_all(&self, env: &Env, prompt: UnlockPrompt) -> Result<(), StoreError> {
        let delete = |(): &(), session: &Session| session.delete([("application", APPLICATION)].into(), None);
        run(env, vec![()], prompt, delete).pop().unwrap_or(Err(StoreError::Failed))
    }
}

/// Which items to look for: an owned [`EntryKey`], for the thread. Without a slot, those in both slots.
struct Query {
    deployment: String,
    email: String,
    slot: Option<EntrySlot>,
}

impl Query {
    fn new(deployment: &Deployment, email: &Email, slot: Option<EntrySlot>) -> Query {
        Query { deployment: deployment.origin().to_owned(), email: email.as_str().to_ascii_lowercase(), slot }
    }

    fn attributes(&self) -> HashMap<&str, &str> {
        let slot = self.slot.map(|slot| (SLOT, slot_name(slot)));
        let all = [("application", APPLICATION), ("deployment", &self.deployment), ("user", &self.email)];
        all.into_iter().chain(slot).collect()
    }
}

fn slot_name(slot: EntrySlot) -> &'static str {
    match slot {
        EntrySlot::First => "first",
        EntrySlot::Second => "second",
    }
}

/// One connection to the service.
struct Session<'a> {
    service: Service<'a>,
    prompt: Cell<UnlockPrompt>,
    /// Tells the waiting thread that the keyring now prompts the user.
    prompting: mpsc::SyncSender<()>,
}

impl Session<'_> {
    fn secrets(&self, query: &Query) -> Result<Vec<Secret>, Error> {
        let found = self.service.search_items(query.attributes())?;
        match (found.unlocked.is_empty(), found.locked.is_empty()) {
            (true, false) => Err(Error::Locked),
            _ => found.unlocked.iter().take(MAX_ITEMS).map(|item| item.get_secret().map(Zeroizing::new)).collect(),
        }
    }

    /// Deletes the items with these attributes, except those in one slot.
    fn delete(&self, attributes: HashMap<&str, &str>, except: Option<EntrySlot>) -> Result<(), Error> {
        let found = self.service.search_items(attributes)?;
        let mut doomed = Vec::new();
        for item in found.unlocked.iter().chain(&found.locked) {
            // If the slot cannot be read, the item may be the one to keep: that is an error.
            let is_kept = match except {
                Some(except) => {
                    let slot = item.get_attributes()?;
                    slot.get(SLOT).map_or(slot_name(EntrySlot::First), String::as_str) == slot_name(except)
                }
                None => false,
            };
            if !is_kept {
                doomed.push(item);
            }
        }
        let locked: Vec<&Item> = doomed.iter().copied().filter(|item| item.is_locked().unwrap_or(true)).collect();
        if !locked.is_empty() {
            self.unlock(|| self.service.unlock_all(&locked))?;
        }
        doomed.into_iter().try_for_each(Item::delete)
    }

    /// Unlocks a keyring if the user may be prompted. After a dismissed prompt there is no second one.
    fn unlock(&self, unlock: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        match self.prompt.get() {
            UnlockPrompt::Never => Err(Error::Locked),
            UnlockPrompt::Allowed => {
                let _ = self.prompting.try_send(());
                unlock().inspect_err(|_| self.prompt.set(UnlockPrompt::Never))
            }
        }
    }
}

/// Does the work for each query over one connection, on a thread that is abandoned when it is late. Queries that were not
/// answered by then have timed out too.
fn run<Q: Send + 'static, T: Send + 'static>(
    env: &Env,
    queries: Vec<Q>,
    prompt: UnlockPrompt,
    work: impl Fn(&Q, &Session) -> Result<T, Error> + Send + 'static,
) -> Vec<Result<T, StoreError>> {
    let count = queries.len();
    let (prompting, prompts) = mpsc::sync_channel(1);
    let (done, results) = mpsc::channel();
    let started = address(env).map(|address| {
        let work = move || match connect(&address) {
            Ok(service) => {
                let session = Session { service, prompt: Cell::new(prompt), prompting };
                // A send fails once the waiting thread has given up.
                let _ = queries.iter().try_for_each(|query| done.send(work(query, &session).map_err(store_error)));
            }
            Err(error) => queries.iter().for_each(|_| drop(done.send(Err(error)))),
        };
        thread::Builder::new().spawn(work).map_err(|_| StoreError::Failed)
    });
    let mut answers = Vec::with_capacity(count);
    let missing = match started {
        None => NO_SESSION,
        Some(Err(error)) => error,
        Some(Ok(_)) => collect(&mut answers, count, &results, &prompts),
    };
    answers.resize_with(count, || Err(missing));
    answers
}

/// Collects up to `count` answers; returns the error for those that are missing.
fn collect<T>(
    answers: &mut Vec<Result<T, StoreError>>,
    count: usize,
    results: &mpsc::Receiver<Result<T, StoreError>>,
    prompts: &mpsc::Receiver<()>,
) -> StoreError {
    let mut end = Instant::now() + TOTAL_TIMEOUT;
    while answers.len() < count {
        let left = end.saturating_duration_since(Instant::now());
        match results.recv_timeout(TIMEOUT.min(left)) {
            Ok(answer) => answers.push(answer),
            Err(RecvTimeoutError::Disconnected) => return StoreError::Failed,
            Err(RecvTimeoutError::Timeout) if prompts.try_recv().is_ok() => {
                answers.push(results.recv_timeout(PROMPT_TIMEOUT).unwrap_or(Err(StoreError::Locked)));
                end = Instant::now() + TOTAL_TIMEOUT;
            }
            Err(RecvTimeoutError::Timeout) => return StoreError::TimedOut(TIMEOUT),
        }
    }
    StoreError::Failed
}

/// The address of the session bus: from the environment, else its default socket.
fn address(env: &Env) -> Option<String> {
    let default = || {
        let socket = Path::new(env.get("XDG_RUNTIME_DIR")?).join("bus");
        socket.exists().then(|| format!("unix:path={}", socket.display()))
    };
    env.text("DBUS_SESSION_BUS_ADDRESS").map(str::to_owned).or_else(default)
}

fn connect<'a>(address: &str) -> Result<Service<'a>, StoreError> {
    let connection = Builder::address(address).and_then(Builder::build).map_err(|_| UNREACHABLE)?;
    Service::connect_with_existing(EncryptionType::Dh, connection).map_err(store_error)
}

/// Whether a D-Bus error means that no program owns the service's name, and none could be started.
fn is_no_provider(error: &str) -> bool {
    let error = error.trim_start_matches("org.freedesktop.DBus.Error.");
    matches!(error, "ServiceUnknown" | "NameHasNoOwner") || error.starts_with("Spawn.")
}

/// Whether a D-Bus error means that the program that owned the service's name is gone.
fn is_ended(error: &str) -> bool {
    matches!(error.trim_start_matches("org.freedesktop.DBus.Error."), "NoReply" | "Disconnected")
}

fn store_error(error: Error) -> StoreError {
    match error {
        Error::Locked | Error::Prompt | Error::PromptDisconnected => StoreError::Locked,
        Error::Unavailable => NO_PROVIDER,
        Error::Zbus(zbus::Error::MethodError(name, ..)) if is_no_provider(&name) => NO_PROVIDER,
        Error::Zbus(zbus::Error::MethodError(name, ..)) if is_ended(&name) => ENDED,
        Error::ZbusFdo(fdo::Error::NoReply(_) | fdo::Error::Disconnected(_)) => ENDED,
        Error::ZbusFdo(fdo::Error::ServiceUnknown(_) | fdo::Error::NameHasNoOwner(_)) => NO_PROVIDER,
        Error::Zbus(zbus::Error::InputOutput(_)) => UNREACHABLE,
        Error::NoResult => StoreError::Unavailable("has no default keyring"),
        _ => StoreError::Failed,
    }
}
