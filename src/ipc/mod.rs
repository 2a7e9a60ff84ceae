//! The protocol between an agent and those who ask it, and the client side of it.
//!
//! # The protocol
//!
//! One JSON object on a line is asked, one is answered, over a Unix socket that belongs to this user; as many in a row as
//! one likes. Keys that are not known are ignored.
//!
//! | asked | answered |
//! |---|---|
//! | `{"ask":"token"}`, with `"deployment":"https://..."` where one is meant | `{"answer":"token","token":"cop_...","place":"...","deployment":"https://..."\|null,"email":"..."\|null,"expires":"YYYY-MM-DD"\|"RFC 3339"\|null}`, or `{"answer":"none"}`: it has none for that deployment; with `"message":"..."`, none at all, and why |
//! | `{"ask":"status"}` | `{"answer":"status","pid":1,"deployment":...,"place":...,"fingerprint":"sha256:...","since":"RFC 3339","changes":0,"trouble":...,"broker":"http://127.0.0.1:PORT"\|null,"rules":[]}` |
//! | `{"ask":"broker"}` | `{"answer":"broker","domain":"http://127.0.0.1:PORT","token":"cop_run...","rules":["--read-only"]}`, or `{"answer":"none"}`: it has none |
//! | `{"ask":"stop"}` | `{"answer":"stopping"}` |
//! | anything else | `{"answer":"error","message":"..."}` |

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
pub mod system;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::email::Email;
use crate::expiry::Expiry;
use crate::token;

/// The variable that names the socket.
pub const SOCKET: &str = "CO_CRED_AGENT_SOCK";

/// The variable that names the socket of an agent with a broker: how it is and how it ends is asked there, but no token.
pub const BROKER_SOCKET: &str = "CO_CRED_BROKER_SOCK";

/// The longest line in either direction: a token, escaped, and some words.
pub const LIMIT: usize = 2 * token::LIMIT + 4096;

/// So long an agent may take to answer: it has everything at hand.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// How long a process takes to end at most, as a rule.
const MOMENT: Duration = Duration::from_millis(100);

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "lowercase")]
pub enum AgentRequest {
    /// The token, for a deployment where one is meant.
    Token {
        /// Its origin.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deployment: Option<String>,
    },
    /// How it is.
    Status,
    /// Where its broker is, for programs that are not to hold the token.
    Broker,
    /// To end.
    Stop,
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "lowercase")]
pub enum Answer {
    /// The token.
    Token(Held),
    /// There is none: no token, or none for that deployment; no broker.
    None {
        /// Why there is no token at all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// How it is.
    Status(Status),
    /// Its broker.
    Broker(Brokered),
    /// It ends.
    Stopping,
    /// It cannot answer.
    Error {
        /// Why.
        message: String,
    },
}

/// A token, and what is known of it. `Debug` does not show it.
#[derive(Serialize, Deserialize)]
pub struct Held {
    /// The token.
    pub token: Zeroizing<String>,
    /// Where the agent found it.
    pub place: String,
    /// The deployment that it is for.
    pub deployment: Option<String>,
    /// Whose it is.
    pub email: Option<Email>,
    /// When it ends.
    pub expires: Option<Expiry>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("place", &self.place).finish_non_exhaustive()
    }
}

/// An agent's broker. `Debug` does not show the pass.
#[derive(Clone, Serialize, Deserialize)]
pub struct Brokered {
    /// What stands in for the deployment.
    pub domain: String,
    /// What stands in for the token.
    pub token: Zeroizing<String>,
    /// What it lets pass, as it was typed; empty: everything.
    pub rules: Vec<String>,
}

impl std::fmt::Debug for Brokered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Brokered").field("domain", &self.domain).field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// How an agent is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// Its process.
    pub pid: u32,
    /// The deployment of its token.
    pub deployment: Option<String>,
    /// Where it found it.
    pub place: Option<String>,
    /// The token's fingerprint.
    pub fingerprint: Option<String>,
    /// Since when it has this token.
    pub since: Timestamp,
    /// How often the token has changed.
    pub changes: u64,
    /// What is wrong with what it found last, in words.
    pub trouble: Option<String>,
    /// Where its broker is, where it has one.
    #[serde(default)]
    pub broker: Option<String>,
    /// What that lets pass, as it was typed.
    #[serde(default)]
    pub rules: Vec<String>,
}

/// Asks the agent behind a socket.
///
/// # Errors
/// It does not answer in time, answers nonsense, or is another user's.
pub fn ask(socket: &Path, ask: &AgentRequest) -> io::Result<Answer> {
    match ask_once(socket, ask) {
        // It was about to end: in a moment, nothing listens any more.
        Err(error) if is_broken_off(&error) => {
            std::thread::sleep(MOMENT);
            ask_once(socket, ask)
        }
        answer => answer,
    }
}

fn is_broken_off(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

fn ask_once(socket: &Path, ask: &AgentRequest) -> io::Result<Answer> {
    let mut line = serde_json::to_vec(ask)?;
    line.push(b'\n');
    let answer = system::exchange(socket, &line)?;
    if answer.last() != Some(&b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    // What is no answer is not repeated.
    serde_json::from_slice(&answer).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Whether no program listens at a socket that did not answer: what is there, if anything is, was left by an agent.
pub fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// Whether a program listens, and gave no answer in time.
pub fn is_silent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

/// What is wrong with an agent that gave no answer, in words that follow its name, and what to do about it.
pub fn trouble(socket: &Path, error: &io::Error) -> (String, String) {
    let start = "start one with: eval \"$(co-cred agent)\"; or unset CO_CRED_AGENT_SOCK";
    if is_gone(error) {
        return ("does not run any more".to_owned(), start.to_owned());
    }
    if error.kind() == io::ErrorKind::PermissionDenied {
        return ("belongs to another user".to_owned(), start.to_owned());
    }
    if !is_silent(error) {
        return (format!("does not answer ({})", error.kind()), start.to_owned());
    }
    let late = format!("does not answer within {} s", PATIENCE.as_secs());
    match system::process_of(socket) {
        Some(pid) => (
            format!("runs as process {pid}, and {late}"),
            format!(
                "it may be stopped: kill -CONT {pid} lets it go on, kill -KILL {pid} ends it; or unset CO_CRED_AGENT_SOCK"
            ),
        ),
        None => (late, "it may be stopped: see what ps says; or unset CO_CRED_AGENT_SOCK".to_owned()),
    }
}

/// The file beside an agent's socket whose lock says that one lives there, and whose time, when its token changed last.
pub fn lock_of(socket: &Path) -> PathBuf {
    let mut lock = socket.as_os_str().to_owned();
    lock.push(".lock");
    PathBuf::from(lock)
}
