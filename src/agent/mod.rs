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
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::credential::{Credential, Mode, Order, obtain, prove};
use crate::error::{Error, Kind, Reason, Remark, Result};
use crate::locate;

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
    /// It may be better soon, without any file changing: the deployment could not be asked.
    may_pass: bool,
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
    let state = State { credential: None, trouble: None, may_pass: false, since: Timestamp::now(), changes: 0 };
    let state: Shared = Arc::new(RwLock::new(state));
    let mut look = |watch: &mut Watch| {
        // First what is to be watched from now on: what changes after that is told again.
        watch.follow(locate::files(&order.request));
        if let Some(is_change) = refresh(order, &state, &mut tell)
            && let Some(held) = &read(&state).credential
            && let Err(error) = outlet.hand_on(held, order.request.env, home.socket(), is_change)
        {
            tell(Told::NotHandedOn(error));
        }
        read(&state).may_pass
    };
    let mut may_pass = look(&mut watch);
    stop_on_signals(sender.clone()).map_err(|error| unable("wait for signals", error))?;
    serve::start(home.listener()?, Arc::clone(&state), sender);
    home.tell_systemd();
    ready().map_err(|error| unable("leave the terminal", error))?;
    while wait(&news, &mut watch, may_pass) {
        may_pass = look(&mut watch);
    }
    Ok(())
}

/// Waits for a change to be over; false: it is time to stop.
fn wait(news: &Receiver<News>, watch: &mut Watch, may_pass: bool) -> bool {
    let mut next = loop {
        let patience = match (may_pass, watch.must_be_polled()) {
            (true, _) => RETRY,
            (false, true) => POLL,
            (false, false) => break news.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match news.recv_timeout(patience) {
            Err(RecvTimeoutError::Timeout) if may_pass || watch.has_changed() => break Ok(News::Changed),
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

/// Obtains again. Where another token is held from now on: whether one was held before.
fn refresh(order: &Order, state: &Shared, tell: &mut impl FnMut(Told)) -> Option<bool> {
    let has_one = read(state).credential.is_some();
    match renew(order, has_one) {
        Ok(credential) => {
            let mut state = state.write().unwrap_or_else(PoisonError::into_inner);
            let is_new = state.credential.as_ref().is_none_or(|held| held.token() != credential.token());
            (state.trouble, state.may_pass) = (None, false);
            if is_new {
                tell(Told::Fresh(credential.place().place.clone(), credential.remarks().to_vec()));
                state.changes += u64::from(has_one);
                state.since = Timestamp::now();
            }
            state.credential = Some(credential);
            is_new.then_some(has_one)
        }
        Err(error) => {
            let is_good = still_good(order, state);
            let mut state = state.write().unwrap_or_else(PoisonError::into_inner);
            let is_news = state.trouble.as_ref() != Some(&error.what);
            (state.trouble, state.may_pass) = (Some(error.what.clone()), error.kind() == Kind::Unreachable);
            if !is_good {
                state.credential = None;
            }
            if is_news {
                tell(Told::Trouble(error, is_good));
            }
            None
        }
    }
}

/// Locates and verifies. Where there is a token already, another takes its place only once it is proven; without a
/// deployment there is nobody to prove it.
fn renew(order: &Order, has_one: bool) -> Result<Credential> {
    if !has_one || order.mode != Mode::Auto {
        return obtain(order);
    }
    match obtain(&Order { mode: Mode::Always, ..*order }) {
        Err(error) if error.reason == Reason::NoDeployment => obtain(order),
        other => other,
    }
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

fn read(state: &Shared) -> RwLockReadGuard<'_, State> {
    state.read().unwrap_or_else(PoisonError::into_inner)
}

fn stop_on_signals(sender: Sender<News>) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    std::thread::spawn(move || {
        for _ in signals.forever() {
            let _ = sender.send(News::Stop);
        }
    });
    Ok(())
}

fn unable(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Reason::Internal, format!("the agent cannot {what} ({error})")).caused_by(error)
}
