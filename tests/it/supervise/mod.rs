//! A child of `exec`: masked, with its terminal, its signals and its exit code.

#[cfg(unix)]
mod commands;
#[cfg(unix)]
pub mod handoff;
#[cfg(unix)]
pub mod job_control;
pub mod mask;
#[cfg(unix)]
pub mod pipes;
#[cfg(unix)]
mod pty;
#[cfg(unix)]
pub mod renewed;
#[cfg(unix)]
pub mod signals;
#[cfg(unix)]
pub mod streams;
#[cfg(unix)]
pub mod terminal;
