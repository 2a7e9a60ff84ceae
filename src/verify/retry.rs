//! Patience: what may pass is tried again, within a deadline, and never in step with others.
//!
//! Many capsules start at once, and all are told "too many requests" at once. Each then waits for what the server asks
//! for (`Retry-After`), and on top of it a random share of a fifth of the time that it has left: whoever can wait longer
//! makes room for the others, and a herd spreads out instead of coming back as one.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

use super::RetryBudget;

/// The first floor under a pause; it doubles with each, so that the last moments are not spent hammering.
const FLOOR: Duration = Duration::from_millis(100);

/// A failure, and whether it may pass.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) passes: Passes,
}

/// Whether trying again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passes {
    /// It will be the same again.
    Never,
    /// A network or a host that may still come up: worth it only for whoever said that they would wait.
    WithTime,
    /// The server is there and says so itself; not before the time that it asks for.
    Soon(Option<Duration>),
}

/// The time that is left.
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

    /// Tries until it succeeds, cannot pass, or the time is over. Each try is told how long it may take.
    ///
    /// # Errors
    /// The last failure.
    pub(super) async fn run<T>(&mut self, mut attempt: impl AsyncFnMut(Duration) -> Result<T, Failure>) -> Result<T> {
        loop {
            let failure = match attempt(self.left().min(self.budget.timeout)).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let Some(pause) = self.pause(failure.passes) else { return Err(failure.error) };
            tracing::info!(reason = failure.error.reason.word(), ?pause, "trying again");
            tokio::time::sleep(pause).await;
        }
    }

    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    fn pause(&mut self, passes: Passes) -> Option<Duration> {
        let after = match passes {
            Passes::Never => return None,
            Passes::WithTime if self.budget.wait.is_none() => return None,
            Passes::WithTime => Duration::ZERO,
            Passes::Soon(after) => after.unwrap_or_default(),
        };
        let left = self.left();
        let floor = FLOOR * 2_u32.pow(self.pauses.min(10));
        self.pauses += 1;
        let pause = after.max(floor).saturating_add(left.mul_f64(random() / 5.0));
        Some(pause).filter(|pause| *pause < left)
    }
}

/// A number from 0 to 1 that nobody chose: it need be no secret, and is there before the system has any randomness.
fn random() -> f64 {
    RandomState::new().hash_one(()) as f64 / u64::MAX as f64
}
