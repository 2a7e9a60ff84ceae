//! How often requests may pass (`--rate`): those of a runaway loop wait for their turn.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Reason, Result};

/// The longest time that a request waits for its turn. One that would wait longer is refused.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// A limit on requests: spread evenly, but for those of one second, which may come at once.
#[derive(Debug)]
pub struct RateLimit {
    typed: String,
    /// From one request to the next.
    interval: Duration,
    /// How early a request may be.
    burst: Duration,
    /// When the next request is due.
    next: Mutex<Option<Instant>>,
}

/// Too many requests wait already.
#[derive(Debug)]
pub(super) struct RateExceeded {
    /// The limit, as it would be typed.
    pub(super) rule: String,
    /// Until the next turn.
    pub(super) wait: Duration,
}

impl RateExceeded {
    /// In how many seconds the client may try again.
    pub(super) fn seconds(&self) -> u64 {
        self.wait.as_secs() + 1
    }
}

impl fmt::Display for RateExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "too many requests for {}: try again in {} s", self.rule, self.seconds())
    }
}

impl RateLimit {
    /// Parses `N/s`, `N/m` or `N/h`.
    ///
    /// # Errors
    /// Usage: it is something else, or N is not from 1 to 1,000,000.
    pub fn parse(typed: &str) -> Result<RateLimit> {
        let wrong = || {
            Error::new(Reason::Usage, "--rate takes a whole number of requests, and a time")
                .hint("write it as --rate 5/s, 100/m or 1000/h")
        };
        let (count, unit) = typed.trim().split_once('/').ok_or_else(wrong)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return Err(wrong()),
        };
        let count = count.parse::<u32>().ok().filter(|count| (1..=1_000_000).contains(count)).ok_or_else(wrong)?;
        let interval = Duration::from_secs(unit) / count;
        let burst = Duration::from_secs(1).saturating_sub(interval);
        Ok(RateLimit { typed: typed.trim().to_owned(), interval, burst, next: Mutex::new(None) })
    }

    /// Takes a turn, and returns how long the request has to wait for it.
    ///
    /// # Errors
    /// It would wait for more than half a minute.
    pub(super) fn take_turn(&self, now: Instant) -> Result<Duration, RateExceeded> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.unwrap_or(now).max(now);
        let wait = turn.saturating_duration_since(now + self.burst);
        if wait > MAX_WAIT {
            return Err(RateExceeded { rule: self.to_string(), wait });
        }
        *next = Some(turn + self.interval);
        Ok(wait)
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--rate {}", self.typed)
    }
}
