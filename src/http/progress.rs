//! How far a connection attempt has come, so that an error message can name the step that failed.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// The steps of a connection, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
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
}

/// The step that one connection attempt has reached.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<Mutex<Step>>);

impl Progress {
    pub(super) fn reach(&self, step: Step) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }

    pub(super) fn step(&self) -> Step {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
