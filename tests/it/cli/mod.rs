//! What people type and read.

#[cfg(unix)]
pub mod many_starts;
#[cfg(unix)]
pub mod other_users;
#[cfg(unix)]
pub mod packaging;
#[cfg(unix)]
pub mod report;
#[cfg(unix)]
pub mod usage;
#[cfg(windows)]
pub mod windows;
