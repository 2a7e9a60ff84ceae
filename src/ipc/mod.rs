//! The protocol between an agent and its clients, and the client side of it.
//!
//! # The protocol
//!
//! A client writes one JSON object on a line and reads one back, over a Unix socket that belongs to this user; it may send
//! several requests in a row. Unknown keys are ignored.
//!
//! | request | response |
//! |---|---|
//! | `{"ask":"token"}`, with `"deployment":"https://..."` for the token of one deployment | `{"answer":"token","token":"cop_...","place":"...","deployment":"https://..."\|null,"email":"..."\|null,"expires":"YYYY-MM-DD"\|"RFC 3339"\|null}`, or `{"answer":"none"}`: it has none for that deployment; with `"message":"..."`, it has none at all, and why |
//! | `{"ask":"status"}` | `{"answer":"status","pid":1,"deployment":...,"place":...,"fingerprint":"sha256:...","since":"RFC 3339","changes":0,"trouble":...,"broker":"http://127.0.0.1:PORT"\|null,"rules":[]}` |
//! | `{"ask":"broker"}` | `{"answer":"broker","domain":"http://127.0.0.1:PORT","token":"cop_run...","rules":["--read-only"]}`, or `{"answer":"none"}`: it has none |
//! | `{"ask":"stop"}` | `{"answer":"stopping"}` |
//! | anything else | `{"answer":"error","message":"..."}` |

mod client;
mod protocol;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
pub mod system;

use std::path::{Path, PathBuf};

pub use client::{ask, describe_failure, is_not_running, is_timeout};
pub use protocol::{AgentRequest, AgentResponse, AgentStatus, BrokerOffer, HeldToken, MAX_LINE, TIMEOUT};

/// The variable that names the agent's socket.
pub const SOCKET: &str = "CO_CRED_AGENT_SOCK";

/// The variable that names the socket of an agent with a broker: it answers `status` and `stop` there, but gives no token.
pub const BROKER_SOCKET: &str = "CO_CRED_BROKER_SOCK";

/// The lock file beside an agent's socket. Its lock shows that an agent runs; its modification time, when the token last
/// changed.
pub fn lock_path(socket: &Path) -> PathBuf {
    let mut lock = socket.as_os_str().to_owned();
    lock.push(".lock");
    PathBuf::from(lock)
}
