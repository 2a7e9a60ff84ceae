//! A token that is kept fresh.

#[cfg(unix)]
pub mod hooks;
#[cfg(unix)]
pub mod logins;
#[cfg(unix)]
pub mod serving;
#[cfg(unix)]
pub mod shell;
#[cfg(unix)]
pub mod start;
