//! The way to an agent on Unix: a socket in the file system, and the kernel's word for whose the other end is.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use zeroize::Zeroizing;

use super::{LIMIT, PATIENCE};

/// Asks with one line, and returns the line that is answered.
pub(super) fn exchange(socket: &Path, line: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut stream = connect(socket)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(line)?;
    // Room for all of it, so that no half-filled buffer is left behind unwiped.
    let mut answer = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    let answering = Timed { stream: &stream, end: Instant::now() + PATIENCE };
    BufReader::new(answering.take(LIMIT as u64)).read_until(b'\n', &mut answer)?;
    Ok(answer)
}

/// A stream that is waited for until a time, however little comes of it.
#[derive(Debug)]
pub struct Timed<'a> {
    /// The stream.
    pub stream: &'a UnixStream,
    /// The time.
    pub end: Instant,
}

impl Read for Timed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(into)
    }
}

/// Connects, in time even where the agent does not accept; another user's is none.
fn connect(socket: &Path) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(socket)?;
    let end = Instant::now() + PATIENCE;
    let descriptor = unconnected()?;
    loop {
        match rustix::net::connect(&descriptor, &address) {
            Ok(()) => break,
            // Too many wait already.
            Err(rustix::io::Errno::AGAIN) if Instant::now() < end => std::thread::sleep(Duration::from_millis(5)),
            Err(error) => return Err(error.into()),
        }
    }
    let stream = UnixStream::from(descriptor);
    stream.set_nonblocking(false)?;
    if is_ours(&stream)? { Ok(stream) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// The process that listens at a socket, where the system tells.
pub(super) fn process_of(socket: &Path) -> Option<u32> {
    #[cfg(target_os = "linux")]
    return u32::try_from(
        rustix::net::sockopt::socket_peercred(&connect(socket).ok()?).ok()?.pid.as_raw_nonzero().get(),
    )
    .ok();
    #[cfg(not(target_os = "linux"))]
    return connect(socket).ok().and(None);
}

/// A socket that is not waited for.
#[cfg(target_os = "linux")]
fn unconnected() -> rustix::io::Result<OwnedFd> {
    use rustix::net::SocketFlags;
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

#[cfg(not(target_os = "linux"))]
fn unconnected() -> rustix::io::Result<OwnedFd> {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::fs::fcntl_setfl(&socket, rustix::fs::OFlags::NONBLOCK)?;
    Ok(socket)
}

/// Whether the other end is this user's, or root's.
///
/// # Errors
/// The system does not tell.
pub fn is_ours(stream: &UnixStream) -> io::Result<bool> {
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
