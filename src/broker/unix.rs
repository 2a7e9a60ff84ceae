//! What the broker may have, on Unix.

use rustix::process::{Resource, getrlimit};

/// How many descriptors this process may have.
pub(super) fn descriptors() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
