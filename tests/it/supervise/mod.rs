//! A child of `exec`: masked, with its terminal, its signals and its exit code.

pub mod mask;
#[cfg(unix)]
pub mod processes;
#[cfg(unix)]
pub mod renewed;
pub mod streams;
#[cfg(unix)]
pub mod terminal;
