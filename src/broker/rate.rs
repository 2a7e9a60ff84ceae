//! How often something may be asked: a loop that runs away is slowed down, not broken.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Reason, Result};

/// So long a request waits for its turn; with more before it, it is refused.
const PATIENCE: Duration = Duration::from_secs(30);

/// So many requests in a time, evenly spread but for those of one second, which may come at once.
#[derive(Debug)]
pub struct Rate {
    typed: String,
    /// Between two requests.
    pause: Duration,
    /// So far ahead of their time they may be.
    slack: Duration,
    /// When the next one is due.
    due: Mutex<Option<Instant>>,
}

impl Rate {
    /// Reads `N/s`, `N/m` or `N/h`.
    ///
    /// # Errors
    /// Usage.
    pub fn parse(typed: &str) -> Result<Rate> {
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
        let pause = Duration::from_secs(unit) / count;
        let slack = Duration::from_secs(1).saturating_sub(pause);
        Ok(Rate { typed: typed.trim().to_owned(), pause, slack, due: Mutex::new(None) })
    }

    /// How long the next request has to wait.
    ///
    /// # Errors
    /// Too many wait already; when to come again.
    pub(super) fn turn(&self, now: Instant) -> Result<Duration, Duration> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let next = due.unwrap_or(now).max(now);
        let wait = next.saturating_duration_since(now + self.slack);
        if wait > PATIENCE {
            return Err(wait);
        }
        *due = Some(next + self.pause);
        Ok(wait)
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--rate {}", self.typed)
    }
}
