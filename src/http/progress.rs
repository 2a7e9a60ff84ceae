//! How far a connection has come, so that what failed can be named.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Step {
    /// The address of a name: the deployment's, or the proxy's.
    #[default]
    Name,
    /// One of the addresses.
    Address,
    /// The proxy, where there is one.
    Peer,
    /// The deployment's part of the TLS handshake.
    Tls,
}

/// How far one connection has come.
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

/// A connection that was not made, and how far it came.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) step: Step,
    pub(super) cause: BoxError,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection")
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}

/// No connection in time.
#[derive(Debug)]
pub(super) struct Late;

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection in time")
    }
}

impl Error for Late {}
