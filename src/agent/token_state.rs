//! The token that is held, and the rules by which another replaces it.
//!
//! A new token replaces the old one once the deployment has accepted it. Where the new one cannot be read, or the deployment
//! rejects it, that is reported, and the old one is kept until the deployment rejects it as well. A token whose login has
//! ended is dropped at once.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use jiff::Timestamp;

use crate::credential::{Credential, Mode, ObtainOptions, verify_located, verify_token};
use crate::error::{Error, Kind, Reason, Result};
use crate::keyring;
use crate::sources::{self, Located, Place, PlaceKind};

use super::events::{AgentEvent, RefreshOutcome, RefreshTrigger};

/// When to retry after a failure that may pass: an unreachable deployment, an unreadable file.
pub(super) const RETRY: Duration = Duration::from_secs(5);

/// When to retry after a rejection: the deployment may not know a new token yet.
const RETRY_REJECTED: Duration = Duration::from_secs(60);

/// How long a thread waits for the refresh that it asked for, which asks the deployment twice at most.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(30);

/// What a [`TokenState`] holds.
pub(super) struct State {
    pub(super) credential: Option<Arc<Credential>>,
    /// Why the last refresh failed, in words.
    pub(super) last_failure: Option<String>,
    /// When `credential` last changed.
    pub(super) since: Timestamp,
    /// How often a token that was held has changed.
    pub(super) changes: u64,
    /// The only place that a token may come from.
    pinned: Option<Place>,
}

impl State {
    fn record_change(&mut self, has_changed: bool, had_token: bool) {
        if has_changed {
            self.changes += u64::from(had_token);
            self.since = Timestamp::now();
        }
    }
}

/// Holds a token, to be read from any thread. A [`super::RefreshLoop`] replaces it.
pub struct TokenState {
    state: RwLock<State>,
    trigger: Sender<RefreshTrigger>,
    /// Only the place of the first token may give another: programs behind a broker may be able to write to the files of other
    /// sources.
    pins_place: bool,
}

impl std::fmt::Debug for TokenState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenState").finish_non_exhaustive()
    }
}

impl TokenState {
    /// A state without a token, and the receiver of what triggers a refresh.
    pub(super) fn new(pins_place: bool) -> (Arc<TokenState>, Receiver<RefreshTrigger>) {
        let (trigger, receiver) = mpsc::channel();
        let state = State { credential: None, last_failure: None, since: Timestamp::now(), changes: 0, pinned: None };
        (Arc::new(TokenState { state: RwLock::new(state), trigger, pins_place }), receiver)
    }

    /// Holds a token that was obtained elsewhere, even one that the deployment has not accepted yet.
    pub(super) fn hold(&self, credential: Arc<Credential>) {
        let state = &mut *self.write();
        state.pinned = Some(credential.place().clone()).filter(|_| self.pins_place);
        state.credential = Some(credential);
    }

    /// The token that is held now.
    pub fn held(&self) -> Option<Arc<Credential>> {
        self.read().credential.clone()
    }

    /// Why the last refresh failed, in words; none if it succeeded.
    pub fn last_failure(&self) -> Option<String> {
        self.read().last_failure.clone()
    }

    /// Triggers a refresh that verifies the token again, and waits for it. To be called when the deployment has rejected the
    /// token.
    pub fn refresh_now(&self) {
        let (waiting, done) = mpsc::sync_channel(0);
        if self.trigger.send(RefreshTrigger::Requested(waiting)).is_ok() {
            let _ = done.recv_timeout(REFRESH_TIMEOUT);
        }
    }

    /// A sender that triggers a refresh.
    pub(super) fn trigger(&self) -> Sender<RefreshTrigger> {
        self.trigger.clone()
    }

    /// Obtains the token again. With `must_verify`, an unchanged token is verified again as well. The state is not locked
    /// while sources and the deployment are asked.
    pub(super) fn refresh(&self, options: &ObtainOptions, must_verify: bool) -> RefreshOutcome {
        let before = self.held();
        let located = sources::locate(&options.search);
        if before.as_ref().is_some_and(|held| is_withdrawn(options, held, &located)) {
            self.write().credential = None;
        }
        let renewed = match located {
            Ok(located) if !must_verify && self.is_unchanged(options, &located) => {
                return self.keep(located);
            }
            Ok(located) => self.check_place(&located).and_then(|()| self.verify(options, located)),
            Err(error) => Err(error),
        };
        let before = before.as_deref();
        match renewed {
            Ok(credential) => self.accept(credential, options, before),
            Err(error) => {
                let is_kept = self.is_still_accepted(options);
                self.refuse(error, is_kept, before.is_some())
            }
        }
    }

    /// # Errors
    /// The token is not from the pinned place.
    fn check_place(&self, located: &Located) -> Result<()> {
        let place = &located.found.place;
        match &self.read().pinned {
            Some(pinned) if pinned != place => {
                let what = format!("the broker uses the token from {} only, which has none now", pinned.place);
                Err(Error::new(Reason::NotFound, what)
                    .hint(format!("to use the one from {} instead, start the broker again", place.place)))
            }
            _ => Ok(()),
        }
    }

    /// Keeps the token that is held. Its account or expiry may have changed, which counts as a change.
    fn keep(&self, located: Located) -> RefreshOutcome {
        let is_allowed = self.check_place(&located).is_ok();
        let state = &mut *self.write();
        state.last_failure = None;
        let Some(held) = state.credential.clone().filter(|_| is_allowed) else { return RefreshOutcome::default() };
        let again = held.found_again(located);
        let has_changed = differs(Some(&held), &again);
        let event = has_changed.then(|| token_changed(&again));
        state.record_change(has_changed, true);
        state.credential = Some(Arc::new(again));
        RefreshOutcome { event, has_changed, ..RefreshOutcome::default() }
    }

    /// Holds the new token.
    fn accept(&self, credential: Credential, options: &ObtainOptions, before: Option<&Credential>) -> RefreshOutcome {
        let state = &mut *self.write();
        let has_changed = differs(before, &credential);
        let event = has_changed.then(|| token_changed(&credential));
        state.record_change(has_changed, before.is_some());
        let is_settled = is_settled(options, &credential);
        state.last_failure =
            (!is_settled).then(|| "the deployment could not be asked whether it accepts the token".to_owned());
        if self.pins_place {
            state.pinned.get_or_insert_with(|| credential.place().clone());
        }
        state.credential = Some(Arc::new(credential));
        RefreshOutcome { event, has_changed, retry_after: (!is_settled).then_some(RETRY), has_failed: false }
    }

    /// Keeps the previous token, or drops it. The same failure is reported once.
    fn refuse(&self, error: Error, is_kept: bool, had_token: bool) -> RefreshOutcome {
        let state = &mut *self.write();
        let has_changed = had_token && !is_kept;
        let is_new = state.last_failure.replace(error.what.clone()).as_ref() != Some(&error.what);
        if !is_kept {
            state.credential = None;
        }
        state.record_change(has_changed, had_token);
        let retry_after = match error.kind() {
            Kind::Unreachable | Kind::Unreadable => Some(RETRY),
            Kind::Rejected => Some(RETRY_REJECTED),
            _ => None,
        };
        let event = (is_new || has_changed).then_some(AgentEvent::RefreshFailed { error, is_kept });
        RefreshOutcome { event, has_changed, retry_after, has_failed: true }
    }

    /// Whether the located token is the held one, and needs no verification.
    fn is_unchanged(&self, options: &ObtainOptions, located: &Located) -> bool {
        let Some(held) = self.held().filter(|held| is_settled(options, held)) else { return false };
        let origin = |resolved: Option<&sources::ResolvedDeployment>| {
            resolved.map(|resolved| resolved.deployment.origin().to_owned())
        };
        located.found.token == *held.token() && origin(located.deployment.as_ref()) == origin(held.deployment())
    }

    /// Verifies a token that was located. The first one is held even if the deployment cannot be asked; a later one only once
    /// the deployment has accepted it, unless no deployment is known.
    fn verify(&self, options: &ObtainOptions, located: Located) -> Result<Credential> {
        let must_be_accepted = options.mode == Mode::Auto && self.held().is_some() && located.deployment.is_some();
        let mode = if must_be_accepted { Mode::Always } else { options.mode };
        verify_located(&ObtainOptions { mode, ..*options }, located)
    }

    /// Whether the deployment does not reject the token that is held.
    fn is_still_accepted(&self, options: &ObtainOptions) -> bool {
        let Some(held) = self.held() else { return false };
        let mode = if options.mode == Mode::Never { Mode::Never } else { Mode::Always };
        let options = ObtainOptions { mode, ..*options };
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

fn token_changed(credential: &Credential) -> AgentEvent {
    AgentEvent::TokenChanged { place: credential.place().place.clone(), remarks: credential.remarks().to_vec() }
}

/// Whether a client gets another response: another token, account or expiry.
fn differs(before: Option<&Credential>, now: &Credential) -> bool {
    let details = |held: &Credential| (held.email().cloned(), held.expires());
    before.is_none_or(|before| before.token() != now.token() || details(before) != details(now))
}

/// Whether the source has withdrawn the token: its login has ended, or the agent that gave it has no token any more. Such a
/// token is not kept, even if the deployment still accepts it.
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

/// Whether the index of logins can be read, and has no login with this account and deployment.
fn is_logged_out(options: &ObtainOptions, held: &Credential) -> bool {
    let deployment = held.deployment().map(|resolved| &resolved.deployment);
    let is_its = |login: &keyring::Login| Some(&login.deployment) == deployment && Some(&login.email) == held.email();
    keyring::logins(options.search.context.env).is_ok_and(|logins| !logins.iter().any(is_its))
}

/// Whether nothing is left to verify: the deployment has accepted the token, none is known, or nothing may be sent.
pub(super) fn is_settled(options: &ObtainOptions, credential: &Credential) -> bool {
    credential.is_proven() || credential.deployment().is_none() || options.mode == Mode::Never
}
