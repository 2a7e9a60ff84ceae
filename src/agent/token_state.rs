//! The token that is held, and the rules by which another takes its place.
//!
//! A new token is used once it is proven. One that cannot be read, or that the deployment does not accept, is told, and
//! the old one is kept until the deployment does not accept that either. One that was logged out is not kept.

use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use jiff::Timestamp;

use crate::credential::{Credential, Mode, ObtainOptions, verify_located, verify_token};
use crate::error::{Error, Kind, Reason, Remark, Result};
use crate::keyring;
use crate::sources::{self, Located, Place, PlaceKind};

/// How soon a deployment that could not be asked is asked again.
pub(super) const RETRY: Duration = Duration::from_secs(5);

/// How soon a token that was not accepted is tried again.
const RETRY_REJECTED: Duration = Duration::from_secs(60);

/// So long whoever asks for another look waits for it: the deployment is asked twice at most.
const PATIENCE: Duration = Duration::from_secs(30);

/// What has happened.
#[derive(Debug)]
pub(super) enum Wakeup {
    /// A file that a source reads is another.
    Changed,
    /// Somebody waits for another look; it is over when this is dropped.
    Asked(SyncSender<()>),
}

/// What is held.
pub(super) struct State {
    pub(super) credential: Option<Arc<Credential>>,
    /// What is wrong with what was found last.
    pub(super) trouble: Option<String>,
    pub(super) since: Timestamp,
    pub(super) changes: u64,
    /// Where the token was found, if it must not come from anywhere else.
    only: Option<Place>,
}

impl State {
    /// Notes whether another token is held from now on, or none, and whether one was held before.
    fn note(&mut self, has_changed: bool, had_one: bool) {
        if has_changed {
            self.changes += u64::from(had_one);
            self.since = Timestamp::now();
        }
    }
}

/// What there is to tell meanwhile.
#[derive(Debug)]
pub enum AgentEvent {
    /// Another token is held from now on, found there.
    Fresh(String, Vec<Remark>),
    /// What was found cannot be used; whether the old token is kept.
    Trouble(Error, bool),
    /// A new token is served, but its file cannot be written, or the command not be run.
    NotHandedOn(Error),
}

/// What came of a look.
#[derive(Debug, Default)]
pub struct Looked {
    /// Something to tell.
    pub told: Option<AgentEvent>,
    /// Another token is held from now on, or none any more, or the same with another account or another end.
    pub has_changed: bool,
    /// It may be otherwise so soon, without any file changing.
    pub retry: Option<Duration>,
    /// What was found could not be used.
    pub is_refused: bool,
}

/// Holds a token. Whoever has it is handed what is held at the moment, and may ask for another look.
pub struct TokenState {
    state: RwLock<State>,
    wakeup: Sender<Wakeup>,
    /// Whoever is served must not have a say in where the token comes from: it may write to the files that are read.
    is_strict: bool,
}

impl std::fmt::Debug for TokenState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

impl TokenState {
    /// Holds nothing yet; what happens comes out at the other end. A strict one keeps to the place where it has found its
    /// first token.
    pub(super) fn new(is_strict: bool) -> (Arc<TokenState>, Receiver<Wakeup>) {
        let (wakeup, receiver) = mpsc::channel();
        let state = State { credential: None, trouble: None, since: Timestamp::now(), changes: 0, only: None };
        (Arc::new(TokenState { state: RwLock::new(state), wakeup, is_strict }), receiver)
    }

    /// Holds what was obtained elsewhere, with whatever doubt is left of it.
    pub(super) fn hold(&self, credential: Arc<Credential>) {
        let state = &mut *self.write();
        state.only = Some(credential.place().clone()).filter(|_| self.is_strict);
        state.credential = Some(credential);
    }

    /// What is held at the moment.
    pub fn held(&self) -> Option<Arc<Credential>> {
        self.read().credential.clone()
    }

    /// What is wrong with what was found last.
    pub fn trouble(&self) -> Option<String> {
        self.read().trouble.clone()
    }

    /// Has whoever keeps it look once more, since the deployment did not accept it, and waits until that is done.
    pub fn look_again(&self) {
        let (asked, done) = mpsc::sync_channel(0);
        if self.wakeup.send(Wakeup::Asked(asked)).is_ok() {
            let _ = done.recv_timeout(PATIENCE);
        }
    }

    pub(super) fn wakeup(&self) -> Sender<Wakeup> {
        self.wakeup.clone()
    }

    /// Obtains again; what is held is proven again only where it is in doubt. Nothing is told while the state is locked:
    /// whoever listens may be slow.
    pub(super) fn look(&self, options: &ObtainOptions, in_doubt: bool) -> Looked {
        let before = self.held();
        let located = sources::locate(&options.search);
        if before.as_ref().is_some_and(|held| is_withdrawn(options, held, &located)) {
            self.write().credential = None;
        }
        let renewed = match located {
            Ok(located) if !in_doubt && self.is_the_same(options, &located) => {
                return self.keep(located);
            }
            Ok(located) => self.check_place(&located).and_then(|()| self.renew(options, located)),
            Err(error) => Err(error),
        };
        let before = before.as_deref();
        match renewed {
            Ok(credential) => self.accept(credential, options, before),
            Err(error) => {
                let is_good = self.is_still_good(options);
                self.refuse(error, is_good, before.is_some())
            }
        }
    }

    /// # Errors
    /// It is not where the first one was.
    fn check_place(&self, located: &Located) -> Result<()> {
        let place = &located.found.place;
        match &self.read().only {
            Some(only) if only != place => {
                let what = format!("the broker keeps to the token from {}, and none is there now", only.place);
                Err(Error::new(Reason::NotFound, what)
                    .hint(format!("to use the one from {} instead, start the broker anew", place.place)))
            }
            _ => Ok(()),
        }
    }

    /// Keeps the token. Its account and its end may be others by now, which is a change for those who are served.
    fn keep(&self, located: Located) -> Looked {
        let is_its_place = self.check_place(&located).is_ok();
        let state = &mut *self.write();
        state.trouble = None;
        let Some(held) = state.credential.clone().filter(|_| is_its_place) else { return Looked::default() };
        let again = held.found_again(located);
        let has_changed = differs(Some(&held), &again);
        let told = has_changed.then(|| AgentEvent::Fresh(again.place().place.clone(), again.remarks().to_vec()));
        state.note(has_changed, true);
        state.credential = Some(Arc::new(again));
        Looked { told, has_changed, ..Looked::default() }
    }

    fn accept(&self, credential: Credential, options: &ObtainOptions, before: Option<&Credential>) -> Looked {
        let state = &mut *self.write();
        let has_changed = differs(before, &credential);
        let told =
            has_changed.then(|| AgentEvent::Fresh(credential.place().place.clone(), credential.remarks().to_vec()));
        state.note(has_changed, before.is_some());
        let in_doubt = !is_settled(options, &credential);
        state.trouble = in_doubt.then(|| "the deployment could not be asked whether it accepts the token".to_owned());
        if self.is_strict {
            state.only.get_or_insert_with(|| credential.place().clone());
        }
        state.credential = Some(Arc::new(credential));
        Looked { told, has_changed, retry: in_doubt.then_some(RETRY), is_refused: false }
    }

    fn refuse(&self, error: Error, is_good: bool, had_one: bool) -> Looked {
        let state = &mut *self.write();
        let has_changed = had_one && !is_good;
        let is_news = state.trouble.replace(error.what.clone()).as_ref() != Some(&error.what);
        if !is_good {
            state.credential = None;
        }
        state.note(has_changed, had_one);
        let retry = match error.kind() {
            Kind::Unreachable | Kind::Unreadable => Some(RETRY),
            // It may have been made a moment ago.
            Kind::Rejected => Some(RETRY_REJECTED),
            _ => None,
        };
        let told = (is_news || has_changed).then_some(AgentEvent::Trouble(error, is_good));
        Looked { told, has_changed, retry, is_refused: true }
    }

    /// Whether what is found is what is held, and settled: then a change was none, and nobody is asked.
    fn is_the_same(&self, options: &ObtainOptions, located: &Located) -> bool {
        let Some(held) = self.held().filter(|held| is_settled(options, held)) else { return false };
        let origin = |resolved: Option<&sources::ResolvedDeployment>| {
            resolved.map(|resolved| resolved.deployment.origin().to_owned())
        };
        located.found.token == *held.token() && origin(located.deployment.as_ref()) == origin(held.deployment())
    }

    /// Verifies. Where there is a token already, another takes its place only once it is proven; the first is served
    /// unproven as long as the deployment cannot be asked, and so is any without a deployment to ask.
    fn renew(&self, options: &ObtainOptions, located: Located) -> Result<Credential> {
        let must_be_proven = options.mode == Mode::Auto && self.held().is_some() && located.deployment.is_some();
        let mode = if must_be_proven { Mode::Always } else { options.mode };
        verify_located(&ObtainOptions { mode, ..*options }, located)
    }

    /// Whether the token that is held may be kept: the deployment has not said no to it.
    fn is_still_good(&self, options: &ObtainOptions) -> bool {
        let Some(held) = self.held() else { return false };
        let options =
            ObtainOptions { mode: if options.mode == Mode::Never { Mode::Never } else { Mode::Always }, ..*options };
        match verify_token(&options, held.token(), &held.place().place, held.deployment()) {
            Err(error) => error.kind() != Kind::Rejected,
            Ok(_) => true,
        }
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether those who are served are told something else from now on.
fn differs(before: Option<&Credential>, now: &Credential) -> bool {
    let told = |held: &Credential| (held.email().cloned(), held.expires());
    before.is_none_or(|before| before.token() != now.token() || told(before) != told(now))
}

/// Whether what is held was taken back where it came from: its login is over, or its agent has no token any more. Then no
/// deployment's word keeps it.
fn is_withdrawn(options: &ObtainOptions, held: &Credential, located: &Result<Located>) -> bool {
    match held.place().kind {
        PlaceKind::Keyring => is_logged_out(options, held),
        PlaceKind::Agent => match located {
            Ok(located) => located.found.place.kind != PlaceKind::Agent,
            Err(error) => error.kind() == Kind::NotFound,
        },
        _ => false,
    }
}

/// Whether the index is there, and has no login with this account and deployment.
fn is_logged_out(options: &ObtainOptions, held: &Credential) -> bool {
    let deployment = held.deployment().map(|resolved| &resolved.deployment);
    let is_its = |login: &keyring::Login| Some(&login.deployment) == deployment && Some(&login.email) == held.email();
    keyring::logins(options.search.context.env).is_ok_and(|logins| !logins.iter().any(is_its))
}

/// Whether the deployment has said yes, or there is nobody to ask.
pub(super) fn is_settled(options: &ObtainOptions, credential: &Credential) -> bool {
    credential.is_proven() || credential.deployment().is_none() || options.mode == Mode::Never
}
