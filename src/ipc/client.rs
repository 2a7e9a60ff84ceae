//! One request to an agent, and the words for an agent that does not answer.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::protocol::{AgentRequest, AgentResponse, TIMEOUT};
use super::system;

/// How long to wait before asking again when the agent has closed the connection: a process that ends rarely takes longer.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// Sends a request to the agent behind a socket, and returns its response.
///
/// # Errors
/// The agent does not answer in time, its answer cannot be understood (`InvalidData`), or it belongs to another user
/// (`PermissionDenied`).
pub fn ask(socket: &Path, request: &AgentRequest) -> io::Result<AgentResponse> {
    match ask_once(socket, request) {
        // The agent was about to end. After a moment, the connection is refused, which says so.
        Err(error) if is_disconnect(&error) => {
            std::thread::sleep(RETRY_DELAY);
            ask_once(socket, request)
        }
        response => response,
    }
}

fn is_disconnect(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

fn ask_once(socket: &Path, request: &AgentRequest) -> io::Result<AgentResponse> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    let response = system::exchange(socket, &line)?;
    if response.last() != Some(&b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    // The parser's error is dropped: it may quote the response, and with it a token.
    serde_json::from_slice(&response).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Whether no program listens at the socket. A socket file that still exists was left by an agent that was killed.
pub fn is_not_running(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// Whether a program listens at the socket, and did not answer in time.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

/// Why an agent gave no response, as a predicate to follow its name, and a hint.
pub fn describe_failure(socket: &Path, error: &io::Error) -> (String, String) {
    let start = "start one with: eval \"$(co-cred agent)\"; or unset CO_CRED_AGENT_SOCK";
    if is_not_running(error) {
        return ("does not run any more".to_owned(), start.to_owned());
    }
    if error.kind() == io::ErrorKind::PermissionDenied {
        return ("belongs to another user".to_owned(), start.to_owned());
    }
    if !is_timeout(error) {
        return (format!("does not answer ({})", error.kind()), start.to_owned());
    }
    let late = format!("does not answer within {} s", TIMEOUT.as_secs());
    match system::listening_process(socket) {
        Some(pid) => (
            format!("runs as process {pid}, and {late}"),
            format!(
                "the process may be stopped: kill -CONT {pid} resumes it, kill -KILL {pid} ends it; or unset CO_CRED_AGENT_SOCK"
            ),
        ),
        None => (late, "its process may be stopped: ps shows its state; or unset CO_CRED_AGENT_SOCK".to_owned()),
    }
}
