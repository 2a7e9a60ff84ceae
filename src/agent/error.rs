//! The error of an agent whose system call failed.

use crate::error::{Error, Reason};

/// The agent cannot do `what`, which follows "the agent cannot", because of a system error.
pub fn unable(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Reason::Internal, format!("the agent cannot {what} ({error})")).caused_by(error)
}
