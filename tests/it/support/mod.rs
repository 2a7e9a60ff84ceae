//! Support for tests: a fresh sandbox for each, a workstation with a keyring, Git, and other clients.

#[cfg(unix)]
pub mod clients;
#[cfg(unix)]
pub mod git;
pub mod pages;
pub mod sandbox;
#[cfg(unix)]
pub mod setup;
#[cfg(unix)]
pub mod workstation;
