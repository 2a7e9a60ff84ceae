//! What the broker may have, on Windows.

use std::io;
use std::net::TcpListener;

/// How many sockets this process may have: as many as there is memory for.
pub(super) fn descriptors() -> u64 {
    u64::MAX
}

/// Lets so many connections wait to be accepted: the system's own choice stays.
#[allow(clippy::unnecessary_wraps, reason = "Unix may refuse")]
pub(super) fn set_queue(_: &TcpListener, _: i32) -> io::Result<()> {
    Ok(())
}
