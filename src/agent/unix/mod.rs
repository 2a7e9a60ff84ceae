//! An agent on Unix: its socket and lock, its connections, its signals, and what tells files apart.

mod agent_instance;
mod metadata;
mod server;
mod signals;
mod socket_file;

use crate::error::Result;

pub use agent_instance::AgentInstance;
pub(super) use metadata::{FileFingerprint, file_number, fingerprint, host_name, is_shared_folder};

/// Whether this system has an agent.
///
/// # Errors
/// Never on Unix.
pub fn supported() -> Result<()> {
    Ok(())
}
