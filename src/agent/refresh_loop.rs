//! Refreshes a token when a file changes, when a thread asks for it, and after a failure.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use crate::credential::{Credential, ObtainOptions};
use crate::sources;

use super::events::{RefreshOutcome, RefreshTrigger};
use super::file_watcher::FileWatcher;
use super::token_state::{RETRY, TokenState, is_settled};

/// Debounce interval: editors truncate, write, then rename.
const DEBOUNCE: Duration = Duration::from_millis(15);

/// The longest debounce, for files that change all the time.
const MAX_DEBOUNCE: Duration = Duration::from_millis(60);

/// The pause after the second failure in a row. It doubles with each further one.
const MIN_BACKOFF: Duration = Duration::from_millis(200);

/// The longest pause after a failure.
const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// Keeps the token of a [`TokenState`] fresh, on the thread that calls [`RefreshLoop::run`].
pub struct RefreshLoop {
    token_state: Arc<TokenState>,
    triggers: Receiver<RefreshTrigger>,
    watcher: FileWatcher,
    /// The threads that wait for the next refresh; dropping a sender releases its thread.
    waiting: Vec<SyncSender<()>>,
    /// When to refresh even if no file changes.
    retry_after: Option<Duration>,
    /// The number of failed refreshes in a row.
    failures: u32,
    last_refresh: Instant,
}

impl std::fmt::Debug for RefreshLoop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshLoop").finish_non_exhaustive()
    }
}

impl RefreshLoop {
    /// Watches the files that sources read from now on, and holds no token yet. With `pins_place`, only the place of the
    /// first token may give another.
    pub fn new(options: &ObtainOptions, pins_place: bool) -> RefreshLoop {
        let (token_state, triggers) = TokenState::new(pins_place);
        let mut watcher = FileWatcher::new(token_state.trigger());
        watch_sources(&mut watcher, options);
        RefreshLoop {
            token_state,
            triggers,
            watcher,
            waiting: Vec::new(),
            retry_after: None,
            failures: 0,
            last_refresh: Instant::now(),
        }
    }

    /// Holds a token that was obtained elsewhere. If the deployment could not be asked about it, it is asked again soon.
    pub fn hold(&mut self, options: &ObtainOptions, credential: Arc<Credential>) {
        self.retry_after = (!is_settled(options, &credential)).then_some(RETRY);
        self.token_state.hold(credential);
    }

    /// The state that holds the token.
    pub fn token_state(&self) -> &Arc<TokenState> {
        &self.token_state
    }

    /// Refreshes once. `publish` gets the outcome, and returns when to refresh again even if no file changes.
    pub fn refresh(&mut self, options: &ObtainOptions, publish: &mut dyn FnMut(RefreshOutcome) -> Option<Duration>) {
        // Watch before reading: a file that changes while it is read triggers another refresh.
        watch_sources(&mut self.watcher, options);
        let context = options.search.context.reread();
        let outcome = self.token_state.refresh(&options.with_context(&context), !self.waiting.is_empty());
        self.failures = if outcome.has_failed { self.failures.saturating_add(1) } else { 0 };
        self.last_refresh = Instant::now();
        self.retry_after = publish(outcome);
        self.waiting.clear();
    }

    /// Refreshes after each trigger, until every sender of triggers is gone.
    pub fn run(&mut self, options: &ObtainOptions, publish: &mut dyn FnMut(RefreshOutcome) -> Option<Duration>) {
        while self.wait() {
            self.refresh(options, publish);
        }
    }

    /// Waits until the next refresh is due; returns false when no trigger can come any more.
    fn wait(&mut self) -> bool {
        let mut next = self.first_trigger();
        let not_before = self.last_refresh + self.backoff();
        let deadline = not_before.max(Instant::now() + MAX_DEBOUNCE);
        loop {
            match next {
                Ok(RefreshTrigger::FilesChanged) => {}
                Ok(RefreshTrigger::Requested(waiting)) => {
                    self.waiting.push(waiting);
                    self.drain_triggers();
                    return true;
                }
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            let now = Instant::now();
            let left = deadline.saturating_duration_since(now);
            if left.is_zero() {
                self.drain_triggers();
                return true;
            }
            next = self.triggers.recv_timeout(DEBOUNCE.max(not_before.saturating_duration_since(now)).min(left));
        }
    }

    /// The pause after failures in a row: a program that writes a bad token again and again must not cause a request to
    /// the deployment each time.
    fn backoff(&self) -> Duration {
        match self.failures {
            0 | 1 => Duration::ZERO,
            more => (MIN_BACKOFF * 2_u32.pow((more - 2).min(10))).min(MAX_BACKOFF),
        }
    }

    /// The first trigger. A retry that is due counts as one, and so does a change that polling finds.
    fn first_trigger(&mut self) -> Result<RefreshTrigger, RecvTimeoutError> {
        loop {
            let timeout = self.retry_after.unwrap_or_else(|| self.watcher.poll_interval());
            match self.triggers.recv_timeout(timeout) {
                Err(RecvTimeoutError::Timeout) if self.retry_after.is_some() || self.watcher.has_changed() => {
                    return Ok(RefreshTrigger::FilesChanged);
                }
                Err(RecvTimeoutError::Timeout) => {}
                other => return other,
            }
        }
    }

    /// Takes the triggers that wait already: the next refresh serves them all.
    fn drain_triggers(&mut self) {
        for trigger in self.triggers.try_iter() {
            match trigger {
                RefreshTrigger::FilesChanged => {}
                RefreshTrigger::Requested(waiting) => self.waiting.push(waiting),
            }
        }
    }
}

/// Watches the files that sources read, which some of the files name themselves.
fn watch_sources(watcher: &mut FileWatcher, options: &ObtainOptions) {
    let context = options.search.context.reread();
    watcher.watch(sources::files(&options.with_context(&context).search));
}
