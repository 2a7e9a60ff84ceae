//! What can go wrong on demand.

use std::time::{Duration, Instant};

/// One answer that is not the right one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// None: the request is answered as it should be.
    None,
    /// This status, with a JSON message.
    Status(u16),
    /// 429, to be tried again after so many seconds.
    TooManyRequests(u32),
    /// The right answer, but only after so long.
    Slow(Duration),
    /// The connection is closed in the middle of the answer.
    CutOff,
    /// 200 with a page of HTML.
    Html,
    /// This status with a page of HTML, as a sign-in page or a firewall has it.
    HtmlStatus(u16),
    /// 200 with JSON that is not Code Ocean's.
    OtherJson,
    /// 302 to another address.
    Redirect(String),
}

/// A rate that is kept with a bucket of the size of one second.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Requests a second.
    pub rate: u32,
    /// What `Retry-After` says, in seconds.
    pub retry_after: u32,
}

#[derive(Debug)]
pub(crate) struct Bucket {
    limit: Limit,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    pub(crate) fn new(limit: Limit) -> Bucket {
        Bucket { limit, tokens: f64::from(limit.rate), filled: Instant::now() }
    }

    /// A fault where the rate is exceeded.
    pub(crate) fn take(&mut self) -> Option<Fault> {
        let (now, rate) = (Instant::now(), f64::from(self.limit.rate));
        self.tokens = (self.tokens + (now - self.filled).as_secs_f64() * rate).min(rate);
        self.filled = now;
        if self.tokens < 1.0 {
            return Some(Fault::TooManyRequests(self.limit.retry_after));
        }
        self.tokens -= 1.0;
        None
    }
}
