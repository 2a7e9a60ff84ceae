//! Programs that use the deployment and never hold the token.

#[cfg(unix)]
pub mod access;
#[cfg(unix)]
pub mod audit;
#[cfg(unix)]
pub mod connections;
#[cfg(unix)]
pub mod faults;
#[cfg(unix)]
pub mod paths;
#[cfg(unix)]
pub mod renewal;
#[cfg(unix)]
pub mod rules;
