//! Round after round: watch what the sources read, wait for a change to be over, look again.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use crate::credential::{Credential, ObtainOptions};
use crate::error::{Error, Reason, Result};
use crate::sources;

use super::token_state::{Looked, RETRY, TokenState, Wakeup, is_settled};
use super::watch::Watch;

/// So long nothing may have changed before it is looked at what did: an editor truncates, writes, and renames.
const QUIET: Duration = Duration::from_millis(15);

/// So long a change that goes on is waited for.
const AT_MOST: Duration = Duration::from_millis(60);

/// The first pause after what was refused twice; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest.
const LAST_PAUSE: Duration = Duration::from_secs(10);

/// What keeps a [`TokenState`]'s token fresh; it runs on a thread of its own, or is all that a process does.
pub struct RefreshLoop {
    token_state: Arc<TokenState>,
    wakeup: Receiver<Wakeup>,
    watch: Watch,
    /// Those who wait for the next look.
    waiting: Vec<SyncSender<()>>,
    retry: Option<Duration>,
    /// How often in a row what was found could not be used.
    refused: u32,
    /// When the last look was.
    last: Instant,
}

impl std::fmt::Debug for RefreshLoop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rounds").finish_non_exhaustive()
    }
}

impl RefreshLoop {
    /// Watches what the sources read from now on, and holds nothing yet; whether it is to keep to the place of its first token.
    pub fn new(options: &ObtainOptions, is_strict: bool) -> RefreshLoop {
        let (token_state, wakeup) = TokenState::new(is_strict);
        let mut watch = Watch::new(token_state.wakeup());
        // What is read to know the files is read again when they are watched.
        let context = options.search.context.reread();
        watch.follow(sources::files(&options.with_context(&context).search));
        RefreshLoop { token_state, wakeup, watch, waiting: Vec::new(), retry: None, refused: 0, last: Instant::now() }
    }

    /// Holds what was obtained since. Where the deployment could not be asked about it, it is soon.
    pub fn hold(&mut self, options: &ObtainOptions, credential: Arc<Credential>) {
        self.retry = (!is_settled(options, &credential)).then_some(RETRY);
        self.token_state.hold(credential);
    }

    /// Who holds the token.
    pub fn token_state(&self) -> &Arc<TokenState> {
        &self.token_state
    }

    /// One look; `after` is handed what came of it, and says how soon the next must be where no file changes.
    pub fn look(&mut self, options: &ObtainOptions, after: &mut dyn FnMut(Looked) -> Option<Duration>) {
        // First what is to be watched from now on: what changes after that is told again.
        let context = options.search.context.reread();
        self.watch.follow(sources::files(&options.with_context(&context).search));
        let context = options.search.context.reread();
        let options = &options.with_context(&context);
        let looked = self.token_state.look(options, !self.waiting.is_empty());
        self.refused = if looked.is_refused { self.refused.saturating_add(1) } else { 0 };
        self.last = Instant::now();
        self.retry = after(looked);
        self.waiting.clear();
    }

    /// Looks after every change, as long as the process lives.
    pub fn run(&mut self, options: &ObtainOptions, after: &mut dyn FnMut(Looked) -> Option<Duration>) {
        while self.wait() {
            self.look(options, after);
        }
    }

    /// Waits for a change to be over, or for the time to look again; false: nothing will change any more.
    fn wait(&mut self) -> bool {
        let mut next = self.first();
        let not_before = self.last + self.pause();
        let end = not_before.max(Instant::now() + AT_MOST);
        loop {
            match next {
                Ok(Wakeup::Changed) => {}
                Ok(Wakeup::Asked(waiting)) => {
                    self.waiting.push(waiting);
                    return self.take_all();
                }
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            let now = Instant::now();
            let left = end.saturating_duration_since(now);
            if left.is_zero() {
                return self.take_all();
            }
            next = self.wakeup.recv_timeout(QUIET.max(not_before.saturating_duration_since(now)).min(left));
        }
    }

    /// So long after the last look the next must wait: whoever writes what is refused, again and again, is no reason to ask
    /// the deployment as often.
    fn pause(&self) -> Duration {
        match self.refused {
            0 | 1 => Duration::ZERO,
            more => (FIRST_PAUSE * 2_u32.pow((more - 2).min(10))).min(LAST_PAUSE),
        }
    }

    /// The first that happens; a time to look that has come is a change.
    fn first(&mut self) -> Result<Wakeup, RecvTimeoutError> {
        loop {
            let patience = self.retry.unwrap_or_else(|| self.watch.interval());
            match self.wakeup.recv_timeout(patience) {
                Err(RecvTimeoutError::Timeout) if self.retry.is_some() || self.watch.has_changed() => {
                    return Ok(Wakeup::Changed);
                }
                Err(RecvTimeoutError::Timeout) => {}
                other => return other,
            }
        }
    }

    /// What has been told so far is looked at now, be it that it goes on and on.
    fn take_all(&mut self) -> bool {
        for wakeup in self.wakeup.try_iter() {
            match wakeup {
                Wakeup::Changed => {}
                Wakeup::Asked(waiting) => self.waiting.push(waiting),
            }
        }
        true
    }
}

/// What the system does not let an agent do.
pub fn unable(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Reason::Internal, format!("the agent cannot {what} ({error})")).caused_by(error)
}
