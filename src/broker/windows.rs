//! Limits of the system, on Windows.

use std::io;
use std::net::TcpListener;

/// How many sockets this process may have: only memory limits them.
pub(super) fn descriptors() -> u64 {
    u64::MAX
}

/// Sets how many connections may wait to be accepted. Windows sets that when the socket is created.
pub(super) fn set_backlog(_: &TcpListener, _: i32) -> io::Result<()> {
    Ok(())
}
