//! Connections to an agent on Unix: a socket in the file system, whose other end the kernel names.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use zeroize::Zeroizing;

use super::protocol::{MAX_LINE, TIMEOUT};

/// How soon to connect again while the agent's queue of connections is full.
const CONNECT_INTERVAL: Duration = Duration::from_millis(5);

/// Sends one line, and returns the line that comes back.
pub(super) fn exchange(socket: &Path, line: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut stream = connect(socket)?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(line)?;
    // Allocated in full: a vector that grows would leave unwiped copies of the token behind.
    let mut response = Zeroizing::new(Vec::with_capacity(MAX_LINE + 1));
    let reader = DeadlineReader { stream: &stream, deadline: Instant::now() + TIMEOUT };
    BufReader::new(reader.take(MAX_LINE as u64)).read_until(b'\n', &mut response)?;
    Ok(response)
}

/// Reads from a stream until a deadline, however slowly bytes arrive.
#[derive(Debug)]
pub struct DeadlineReader<'a> {
    /// The stream.
    pub stream: &'a UnixStream,
    /// After this, every read fails with `TimedOut`.
    pub deadline: Instant,
}

impl Read for DeadlineReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(into)
    }
}

/// Connects within [`TIMEOUT`], even to an agent that accepts no connection; fails where another user listens.
fn connect(socket: &Path) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(socket)?;
    let deadline = Instant::now() + TIMEOUT;
    let descriptor = nonblocking_socket()?;
    loop {
        match rustix::net::connect(&descriptor, &address) {
            Ok(()) => break,
            // The agent's queue of connections is full.
            Err(rustix::io::Errno::AGAIN) if Instant::now() < deadline => std::thread::sleep(CONNECT_INTERVAL),
            Err(error) => return Err(error.into()),
        }
    }
    let stream = UnixStream::from(descriptor);
    stream.set_nonblocking(false)?;
    if is_same_user(&stream)? { Ok(stream) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// The process that listens at a socket. Linux alone reports it.
pub(super) fn listening_process(socket: &Path) -> Option<u32> {
    #[cfg(target_os = "linux")]
    return u32::try_from(
        rustix::net::sockopt::socket_peercred(&connect(socket).ok()?).ok()?.pid.as_raw_nonzero().get(),
    )
    .ok();
    #[cfg(not(target_os = "linux"))]
    return connect(socket).ok().and(None);
}

#[cfg(target_os = "linux")]
fn nonblocking_socket() -> rustix::io::Result<OwnedFd> {
    use rustix::net::SocketFlags;
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

#[cfg(not(target_os = "linux"))]
fn nonblocking_socket() -> rustix::io::Result<OwnedFd> {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::fs::fcntl_setfl(&socket, rustix::fs::OFlags::NONBLOCK)?;
    Ok(socket)
}

/// Whether the process at the other end runs as this user, or as root.
///
/// # Errors
/// The system does not report its user.
pub fn is_same_user(stream: &UnixStream) -> io::Result<bool> {
    let peer = user_of(stream)?;
    Ok(peer == rustix::process::geteuid().as_raw() || peer == 0)
}

#[cfg(target_os = "linux")]
fn user_of(stream: &UnixStream) -> io::Result<u32> {
    Ok(rustix::net::sockopt::socket_peercred(stream)?.uid.as_raw())
}

#[cfg(not(target_os = "linux"))]
fn user_of(stream: &UnixStream) -> io::Result<u32> {
    Ok(nix::unistd::getpeereid(stream)?.0.as_raw())
}
