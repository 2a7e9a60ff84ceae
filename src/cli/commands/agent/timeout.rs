//! How long an agent may take to start.

use std::time::Duration;

use crate::cli::Invocation;
use crate::credential::Mode;
use crate::error::Result;

/// The time for everything but the requests to the deployment.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// The time until an agent is ready. Its first refresh asks the deployment twice at most.
///
/// # Errors
/// `--timeout` cannot be understood.
pub(super) fn start_timeout(invocation: &Invocation) -> Result<Duration> {
    Ok(START_TIMEOUT + 2 * invocation.options(Mode::Auto)?.budget.timeout)
}
