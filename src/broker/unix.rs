//! What the broker may have, on Unix.

use std::io;
use std::net::TcpListener;

use rustix::net::listen;
use rustix::process::{Resource, getrlimit};

/// How many descriptors this process may have.
pub(super) fn descriptors() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Lets so many connections wait to be accepted: the standard library's 128 are soon there, and the next one waits a second.
pub(super) fn set_queue(listener: &TcpListener, most: i32) -> io::Result<()> {
    Ok(listen(listener, most)?)
}
