//! What the deployment says, and the way to it.

#[cfg(unix)]
pub mod network;
#[cfg(unix)]
pub mod verdicts;
