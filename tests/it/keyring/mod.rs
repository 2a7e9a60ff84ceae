//! Logins, in every state of a keyring.

#[cfg(unix)]
pub mod durability;
#[cfg(unix)]
pub mod logins;
#[cfg(unix)]
pub mod stores;
