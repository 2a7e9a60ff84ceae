//! How far a connection attempt has come, so that an error message can name the step that failed.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// The steps of a connection, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Step {
    /// Resolving the name of the deployment, or of the proxy.
    #[default]
    Name,
    /// Connecting to an address by TCP.
    Address,
    /// Waiting for the proxy, if there is one.
    Peer,
    /// The TLS handshake with the deployment.
    Tls,
    /// Waiting for the response.
    Connected,
}

/// The step that a connection attempt has reached, or a race of attempts: that of the one that has come furthest.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    step: Arc<Mutex<Step>>,
    race: Option<Arc<Mutex<Step>>>,
}

impl Progress {
    /// The progress of one attempt of a race.
    pub(super) fn attempt(&self) -> Progress {
        Progress { step: Arc::default(), race: Some(Arc::clone(&self.step)) }
    }

    pub(super) fn reach(&self, step: Step) {
        for reached in self.race.iter().chain([&self.step]) {
            let mut reached = lock(reached);
            *reached = step.max(*reached);
        }
    }

    pub(super) fn step(&self) -> Step {
        *lock(&self.step)
    }

    /// Whether this attempt is the first of its race that is connected.
    pub(super) fn win(&self) -> bool {
        let (mut race, mut step) = (self.race.as_ref().map(|race| lock(race)), lock(&self.step));
        let is_lost = race.as_ref().is_some_and(|race| **race == Step::Connected) && *step != Step::Connected;
        if !is_lost {
            *step = Step::Connected;
            if let Some(race) = &mut race {
                **race = Step::Connected;
            }
        }
        !is_lost
    }
}

fn lock(step: &Mutex<Step>) -> MutexGuard<'_, Step> {
    step.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A failed connection attempt, and the step at which it failed.
#[derive(Debug)]
pub(super) struct ConnectError {
    pub(super) step: Step,
    pub(super) cause: BoxError,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection")
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}

/// The deadline passed before the connection was made.
#[derive(Debug)]
pub(super) struct TimedOut;

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection in time")
    }
}

impl Error for TimedOut {}
