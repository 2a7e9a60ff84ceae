//! Files that are searched before they are kept.

#[cfg(unix)]
pub mod files;
#[cfg(unix)]
pub mod names;
#[cfg(unix)]
pub mod redact_interrupted;
#[cfg(unix)]
pub mod staged;
#[cfg(unix)]
pub mod unreadable;
