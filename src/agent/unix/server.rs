//! The connections of an agent: this user's only, limited in number, time and the length of a line.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::agent::responder::Responder;
use crate::ipc::system::{DeadlineReader, is_same_user};
use crate::ipc::{AgentResponse, MAX_LINE, TIMEOUT};

use super::socket_file::SocketFile;

/// The longest request, in bytes.
const MAX_REQUEST: usize = 4096;

/// How long a connection may last. A client with further requests connects again.
const MAX_CONNECTION_TIME: Duration = Duration::from_secs(10);

/// The most connections at once. Another one waits until one is closed.
const MAX_CONNECTIONS: usize = 64;

/// How soon to look for a free slot. [`MAX_CONNECTION_TIME`] bounds the wait.
const SLOT_INTERVAL: Duration = Duration::from_millis(5);

/// The pause after a connection could not be accepted, as when no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The stack of a connection's thread, in bytes.
const STACK_SIZE: usize = 256 * 1024;

/// Answers requests from now on, each connection on a thread of its own.
///
/// # Errors
/// The system has no thread left.
pub(super) fn start(listener: UnixListener, responder: Responder, socket: Arc<SocketFile>) -> io::Result<()> {
    let server = Arc::new(Server { responder, socket });
    let open = Arc::new(AtomicUsize::new(0));
    let accept = move || {
        loop {
            match listener.accept() {
                Ok((stream, _)) if is_same_user(&stream).unwrap_or(false) => {
                    while open.load(Ordering::Acquire) >= MAX_CONNECTIONS {
                        thread::sleep(SLOT_INTERVAL);
                    }
                    let (server, slot) = (Arc::clone(&server), ConnectionSlot::take(&open));
                    // Without a thread left, the client sees the connection close.
                    let _ = thread::Builder::new().stack_size(STACK_SIZE).spawn(move || {
                        let _slot = slot;
                        let _ = server.handle(&stream);
                    });
                }
                Ok(_) => {}
                Err(_) => thread::sleep(ACCEPT_PAUSE),
            }
        }
    };
    thread::Builder::new().spawn(accept).map(drop)
}

/// Counts a connection for as long as it is open.
struct ConnectionSlot(Arc<AtomicUsize>);

impl ConnectionSlot {
    fn take(open: &Arc<AtomicUsize>) -> ConnectionSlot {
        open.fetch_add(1, Ordering::AcqRel);
        ConnectionSlot(Arc::clone(open))
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

struct Server {
    responder: Responder,
    socket: Arc<SocketFile>,
}

impl Server {
    /// Answers the requests of one connection, until there are no more.
    fn handle(&self, stream: &UnixStream) -> io::Result<()> {
        stream.set_write_timeout(Some(TIMEOUT))?;
        let reader = DeadlineReader { stream, deadline: Instant::now() };
        let mut requests = BufReader::with_capacity(MAX_REQUEST, reader);
        let (mut line, end) = (Vec::new(), Instant::now() + MAX_CONNECTION_TIME);
        while Instant::now() < end {
            line.clear();
            requests.get_mut().deadline = Instant::now() + TIMEOUT;
            (&mut requests).take(MAX_REQUEST as u64).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                return Ok(());
            }
            // A line that is cut off is no request, even if it parses.
            let is_whole = line.last() == Some(&b'\n');
            let response = self.responder.respond(if is_whole { &line[..] } else { b"" });
            if matches!(response, AgentResponse::Stopping) {
                // The client may start another agent as soon as it has the response.
                self.socket.remove();
                let _ = write(stream, &response);
                self.socket.exit();
            }
            write(stream, &response)?;
            if !is_whole {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn write(mut stream: &UnixStream, response: &AgentResponse) -> io::Result<()> {
    // Allocated in full: a vector that grows would leave unwiped copies of the token behind.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE));
    serde_json::to_writer(&mut *line, response)?;
    line.push(b'\n');
    stream.write_all(&line)
}
