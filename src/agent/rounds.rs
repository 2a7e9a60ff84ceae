//! Round after round: watch what the sources read, wait for a change to be over, look again.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use crate::credential::{Credential, Order};
use crate::error::{Error, Reason, Result};
use crate::locate;

use super::keeper::{Keeper, Looked, News, RETRY, is_settled};
use super::watch::Watch;

/// So long nothing may have changed before it is looked at what did: an editor truncates, writes, and renames.
const QUIET: Duration = Duration::from_millis(15);

/// So long a change that goes on is waited for.
const AT_MOST: Duration = Duration::from_millis(60);

/// The first pause after what was refused twice; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest.
const LAST_PAUSE: Duration = Duration::from_secs(10);

/// What keeps a [`Keeper`]'s token fresh; it runs on a thread of its own, or is all that a process does.
pub struct Rounds {
    keeper: Arc<Keeper>,
    news: Receiver<News>,
    watch: Watch,
    /// Those who wait for the next look.
    waiting: Vec<SyncSender<()>>,
    retry: Option<Duration>,
    /// How often in a row what was found could not be used.
    refused: u32,
    /// When the last look was.
    last: Instant,
}

impl std::fmt::Debug for Rounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rounds").finish_non_exhaustive()
    }
}

impl Rounds {
    /// Watches what the sources read from now on, and holds nothing yet; whether it is to keep to the place of its first token.
    pub fn new(order: &Order, is_strict: bool) -> Rounds {
        let (keeper, news) = Keeper::new(is_strict);
        let mut watch = Watch::new(keeper.news());
        watch.follow(locate::files(&order.request));
        Rounds { keeper, news, watch, waiting: Vec::new(), retry: None, refused: 0, last: Instant::now() }
    }

    /// Holds what was obtained since. Where the deployment could not be asked about it, it is soon.
    pub fn hold(&mut self, order: &Order, credential: Arc<Credential>) {
        self.retry = (!is_settled(order, &credential)).then_some(RETRY);
        self.keeper.hold(credential);
    }

    /// Who holds the token.
    pub fn keeper(&self) -> &Arc<Keeper> {
        &self.keeper
    }

    /// One look; `after` is handed what came of it, and says how soon the next must be where no file changes.
    pub fn look(&mut self, order: &Order, after: &mut dyn FnMut(Looked) -> Option<Duration>) {
        // First what is to be watched from now on: what changes after that is told again.
        self.watch.follow(locate::files(&order.request));
        let looked = self.keeper.look(order, !self.waiting.is_empty());
        self.refused = if looked.is_refused { self.refused.saturating_add(1) } else { 0 };
        self.last = Instant::now();
        self.retry = after(looked);
        self.waiting.clear();
    }

    /// Looks after every change, as long as the process lives.
    pub fn run(&mut self, order: &Order, after: &mut dyn FnMut(Looked) -> Option<Duration>) {
        while self.wait() {
            self.look(order, after);
        }
    }

    /// Waits for a change to be over, or for the time to look again; false: nothing will change any more.
    fn wait(&mut self) -> bool {
        let mut next = self.first();
        let not_before = self.last + self.pause();
        let end = not_before.max(Instant::now() + AT_MOST);
        loop {
            match next {
                Ok(News::Changed) => {}
                Ok(News::Asked(waiting)) => {
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
            next = self.news.recv_timeout(QUIET.max(not_before.saturating_duration_since(now)).min(left));
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
    fn first(&mut self) -> Result<News, RecvTimeoutError> {
        loop {
            let patience = self.retry.unwrap_or_else(|| self.watch.interval());
            match self.news.recv_timeout(patience) {
                Err(RecvTimeoutError::Timeout) if self.retry.is_some() || self.watch.has_changed() => {
                    return Ok(News::Changed);
                }
                Err(RecvTimeoutError::Timeout) => {}
                other => return other,
            }
        }
    }

    /// What has been told so far is looked at now, be it that it goes on and on.
    fn take_all(&mut self) -> bool {
        for news in self.news.try_iter() {
            match news {
                News::Changed => {}
                News::Asked(waiting) => self.waiting.push(waiting),
            }
        }
        true
    }
}

/// What the system does not let an agent do.
pub fn unable(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Reason::Internal, format!("the agent cannot {what} ({error})")).caused_by(error)
}
