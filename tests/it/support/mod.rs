//! What tests stand on: a fresh sandbox for each, and a workstation with a keyring.

pub mod sandbox;
#[cfg(unix)]
pub mod workstation;
