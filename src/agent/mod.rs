//! The agent: a token that stays fresh for whoever asks. It watches what the sources read, obtains again on a change, and
//! serves what is good over a Unix socket of this user's.
//!
//! A new token is used once it is proven. One that cannot be read, or that the deployment does not accept, is told, and
//! the old one is kept until the deployment does not accept that either. No secret makes it end, and it ends nobody.

mod home;
mod outlet;
mod serve;
mod watch;

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::credential::{Credential, Mode, Order, prove, vouch};
use crate::error::{Error, Kind, Reason, Remark, Result};
use crate::locate::{self, Located};

pub use home::{Claim, Home, socket};
pub use outlet::Outlet;

use watch::Watch;

/// So long nothing may have changed before it is looked at what did: an editor truncates, writes, and renames.
const QUIET: Duration = Duration::from_millis(15);

/// So long a change that goes on is waited for.
const AT_MOST: Duration = Duration::from_millis(60);

/// How often files are looked at where the file system does not tell of changes.
const POLL: Duration = Duration::from_secs(30);

/// How soon a deployment that could not be asked is asked again.
const RETRY: Duration = Duration::from_secs(5);

/// How soon a token that was not accepted is tried again.
const RETRY_REJECTED: Duration = Duration::from_secs(60);

/// What has happened.
enum News {
    Changed,
    Stop,
}

/// What the agent has.
struct State {
    credential: Option<Credential>,
    /// What is wrong with what was found last.
    trouble: Option<String>,
    since: Timestamp,
    changes: u64,
}

type Shared = Arc<RwLock<State>>;

/// What the agent has to tell meanwhile.
#[derive(Debug)]
pub enum Told {
    /// Another token is held from now on, found there.
    Fresh(String, Vec<Remark>),
    /// What was found cannot be used; whether the old token is kept.
    Trouble(Error, bool),
    /// A new token is served, but its file cannot be written, or the command not be run.
    NotHandedOn(Error),
}

/// Runs until it is told to stop, by a signal or over the socket. `ready` is called once whoever asks is answered.
///
/// # Errors
/// The system does not let it watch or serve.
pub fn run(
    order: &Order,
    home: Home,
    outlet: &Outlet,
    ready: impl FnOnce() -> io::Result<()>,
    mut tell: impl FnMut(Told),
) -> Result<()> {
    let (sender, news) = mpsc::channel();
    let mut watch = Watch::new(sender.clone()).map_err(|error| unable("watch files", error))?;
    let state = State { credential: None, trouble: None, since: Timestamp::now(), changes: 0 };
    let state: Shared = Arc::new(RwLock::new(state));
    let mut unwritten = false;
    let mut look = |watch: &mut Watch| {
        // First what is to be watched from now on: what changes after that is told again.
        watch.follow(locate::files(&order.request));
        let Looked { told, is_new, retry } = refresh(order, &state);
        told.into_iter().for_each(&mut tell);
        let mut failures = Vec::new();
        if let Some(held) = &read(&state).credential {
            if is_new == Some(true) {
                failures.extend(outlet.run(held, order.request.env, home.socket()).err());
            }
            if is_new.is_some() || unwritten {
                let written = outlet.write(held);
                // Told once, and tried again.
                if !unwritten || written.is_ok() {
                    unwritten = written.is_err();
                    failures.extend(written.err());
                }
            }
        }
        failures.into_iter().map(Told::NotHandedOn).for_each(&mut tell);
        if unwritten { Some(RETRY) } else { retry }
    };
    let mut retry = look(&mut watch);
    stop_on_signals(sender.clone()).map_err(|error| unable("wait for signals", error))?;
    serve::start(home.listener()?, Arc::clone(&state), sender).map_err(|error| unable("serve", error))?;
    home.tell_systemd();
    ready().map_err(|error| unable("leave the terminal", error))?;
    while wait(&news, &mut watch, retry) {
        retry = look(&mut watch);
    }
    Ok(())
}

/// Waits for a change to be over, or for the time to look again; false: it is time to stop.
fn wait(news: &Receiver<News>, watch: &mut Watch, retry: Option<Duration>) -> bool {
    let mut next = loop {
        let patience = match (retry, watch.must_be_polled()) {
            (Some(retry), _) => retry,
            (None, true) => POLL,
            (None, false) => break news.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match news.recv_timeout(patience) {
            Err(RecvTimeoutError::Timeout) if retry.is_some() || watch.has_changed() => break Ok(News::Changed),
            Err(RecvTimeoutError::Timeout) => {}
            other => break other,
        }
    };
    let end = Instant::now() + AT_MOST;
    while let Ok(News::Changed) = next {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            // It goes on and on, perhaps with other files: what has been told so far is looked at now.
            return !news.try_iter().any(|news| matches!(news, News::Stop));
        }
        next = news.recv_timeout(QUIET.min(left));
    }
    matches!(next, Err(RecvTimeoutError::Timeout))
}

/// What came of a look.
#[derive(Default)]
struct Looked {
    told: Option<Told>,
    /// Another token is held from now on; whether one was held before.
    is_new: Option<bool>,
    /// It may be otherwise soon, without any file changing.
    retry: Option<Duration>,
}

/// Obtains again. Nothing is told while the state is locked: whoever listens may be slow.
fn refresh(order: &Order, state: &Shared) -> Looked {
    let renewed = match locate::locate(&order.request) {
        Ok(located) if is_the_same(order, state, &located) => {
            write(state).trouble = None;
            return Looked::default();
        }
        Ok(located) => renew(order, located, read(state).credential.is_some()),
        Err(error) => Err(error),
    };
    match renewed {
        Ok(credential) => accept(credential, order, &mut write(state)),
        Err(error) => {
            let is_good = still_good(order, state);
            refuse(error, is_good, &mut write(state))
        }
    }
}

fn accept(credential: Credential, order: &Order, state: &mut State) -> Looked {
    let has_one = state.credential.is_some();
    let is_new = state.credential.as_ref().is_none_or(|held| held.token() != credential.token());
    let told = is_new.then(|| Told::Fresh(credential.place().place.clone(), credential.remarks().to_vec()));
    if is_new {
        state.changes += u64::from(has_one);
        state.since = Timestamp::now();
    }
    let in_doubt = !is_settled(order, &credential);
    state.trouble = in_doubt.then(|| "the deployment could not be asked whether it accepts the token".to_owned());
    state.credential = Some(credential);
    Looked { told, is_new: is_new.then_some(has_one), retry: in_doubt.then_some(RETRY) }
}

/// Whether the deployment has said yes, or there is nobody to ask.
fn is_settled(order: &Order, credential: &Credential) -> bool {
    credential.is_proven() || credential.deployment().is_none() || order.mode == Mode::Never
}

fn refuse(error: Error, is_good: bool, state: &mut State) -> Looked {
    let is_news = state.trouble.replace(error.what.clone()).as_ref() != Some(&error.what);
    if !is_good {
        state.credential = None;
    }
    let retry = match error.kind() {
        Kind::Unreachable | Kind::Unreadable => Some(RETRY),
        // It may have been made a moment ago.
        Kind::Rejected => Some(RETRY_REJECTED),
        _ => None,
    };
    Looked { told: is_news.then_some(Told::Trouble(error, is_good)), is_new: None, retry }
}

/// Whether what is found is what is held, and settled: then a change was none, and nobody is asked.
fn is_the_same(order: &Order, state: &Shared, located: &Located) -> bool {
    let state = read(state);
    let Some(held) = state.credential.as_ref().filter(|held| is_settled(order, held)) else { return false };
    let origin = |sited: Option<&locate::Sited>| sited.map(|sited| sited.deployment.origin().to_owned());
    located.found.token == *held.token() && origin(located.deployment.as_ref()) == origin(held.deployment())
}

/// Verifies. Where there is a token already, another takes its place only once it is proven; the first is served unproven
/// as long as the deployment cannot be asked, and so is any without a deployment to ask.
fn renew(order: &Order, located: Located, has_one: bool) -> Result<Credential> {
    let must_be_proven = order.mode == Mode::Auto && has_one && located.deployment.is_some();
    let mode = if must_be_proven { Mode::Always } else { order.mode };
    vouch(&Order { mode, ..*order }, located)
}

/// Whether the token that is held may be kept: the deployment has not said no to it.
fn still_good(order: &Order, state: &Shared) -> bool {
    let state = read(state);
    let Some(held) = &state.credential else { return false };
    let order = Order { mode: if order.mode == Mode::Never { Mode::Never } else { Mode::Always }, ..*order };
    match prove(&order, held.token(), &held.place().place, held.deployment()) {
        Err(error) => error.kind() != Kind::Rejected,
        Ok(_) => true,
    }
}

fn write(state: &Shared) -> RwLockWriteGuard<'_, State> {
    state.write().unwrap_or_else(PoisonError::into_inner)
}

fn read(state: &Shared) -> RwLockReadGuard<'_, State> {
    state.read().unwrap_or_else(PoisonError::into_inner)
}

/// # Errors
/// The system does not let it, or has no thread left.
fn stop_on_signals(sender: Sender<News>) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let hand_on = move || {
        for _ in signals.forever() {
            let _ = sender.send(News::Stop);
        }
    };
    std::thread::Builder::new().spawn(hand_on).map(drop)
}

fn unable(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Reason::Internal, format!("the agent cannot {what} ({error})")).caused_by(error)
}
