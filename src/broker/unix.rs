//! Limits of the system, on Unix.

use std::io;
use std::net::TcpListener;

use rustix::net::listen;
use rustix::process::{Resource, getrlimit};

/// How many file descriptors this process may have.
pub(super) fn descriptors() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Sets how many connections may wait to be accepted. The standard library's 128 are soon reached, and the next connection
/// is then delayed by a second.
pub(super) fn set_backlog(listener: &TcpListener, most: i32) -> io::Result<()> {
    Ok(listen(listener, most)?)
}
