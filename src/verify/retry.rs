//! Retries with a deadline, exponential backoff and jitter.
//!
//! Many capsules may start at once and get "too many requests" together. Each then waits as long as the server asks
//! (`Retry-After`), plus a random time of up to a fifth of what is left until its deadline, so that they do not come back
//! together.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use crate::error::{Error, Reason, Result};

/// The default of `--timeout`: how long the deployment may take to answer, retries included.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait for an answer.
#[derive(Clone, Copy, Debug)]
pub struct RetryBudget {
    /// For one attempt and, without `wait`, for all of them.
    pub timeout: Duration,
    /// For all attempts. If set, network errors are retried, too: the network or the server may still be starting.
    pub wait: Option<Duration>,
}

impl Default for RetryBudget {
    fn default() -> RetryBudget {
        RetryBudget { timeout: TIMEOUT, wait: None }
    }
}

/// The least pause before the first retry; it doubles with each retry.
const MIN_PAUSE: Duration = Duration::from_millis(100);

/// A failed attempt, and whether a retry may succeed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) retryable: Retryable,
}

/// Whether a retry may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retryable {
    /// No: the result would be the same.
    Never,
    /// With `--wait` only: the network or the host may still come up.
    WithWait,
    /// Yes: the server answered that it is busy or failing; not before its `Retry-After`.
    Yes(Option<Duration>),
}

/// The retries of one verification, which share one deadline.
#[derive(Debug)]
pub(super) struct Retry {
    end: Instant,
    budget: RetryBudget,
    pauses: u32,
}

impl Retry {
    pub(super) fn new(budget: RetryBudget) -> Retry {
        Retry { end: Instant::now() + budget.wait.unwrap_or(budget.timeout), budget, pauses: 0 }
    }

    /// Calls `attempt` until it succeeds, fails for good, or the time is over. Its argument is the time that it may take.
    ///
    /// # Errors
    /// The last failure; the one before it, if the last attempt only ran out of time.
    pub(super) async fn run<T>(&mut self, mut attempt: impl AsyncFnMut(Duration) -> Result<T, Failure>) -> Result<T> {
        let mut earlier: Option<Error> = None;
        loop {
            let failure = match attempt(self.left().min(self.budget.timeout)).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let Some(pause) = self.pause(failure.retryable) else {
                let has_run_out = failure.error.reason == Reason::Timeout;
                return Err(earlier.filter(|_| has_run_out).unwrap_or(failure.error));
            };
            tracing::info!(reason = failure.error.reason.word(), ?pause, "trying again");
            tokio::time::sleep(pause).await;
            earlier = Some(failure.error);
        }
    }

    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    fn pause(&mut self, retryable: Retryable) -> Option<Duration> {
        let after = match retryable {
            Retryable::Never => return None,
            Retryable::WithWait if self.budget.wait.is_none() => return None,
            Retryable::WithWait => Duration::ZERO,
            Retryable::Yes(after) => after.unwrap_or_default(),
        };
        let left = self.left();
        let least = MIN_PAUSE * 2_u32.pow(self.pauses.min(10));
        self.pauses += 1;
        let pause = after.max(least).saturating_add(left.mul_f64(random() / 5.0));
        Some(pause).filter(|pause| *pause < left)
    }
}

/// A random number from 0 to 1. It need not be secret, and `RandomState` does not wait for the system's entropy at boot.
fn random() -> f64 {
    let random = (RandomState::new().hash_one(()) >> 32) as u32;
    f64::from(random) / f64::from(u32::MAX)
}
