//! Requests, responses and their limits, as they are written on the socket.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::email::Email;
use crate::expiry::Expiry;
use crate::token;

/// The longest line in either direction, in bytes: a token with every character escaped, and the other fields.
pub const MAX_LINE: usize = 2 * token::LIMIT + 4096;

/// How long an agent may take to answer. It reads nothing to answer, so a slower one is stopped or hangs.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// A request to an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "lowercase")]
pub enum AgentRequest {
    /// Return the token.
    Token {
        /// The origin of the deployment that the token must be for; none: any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deployment: Option<String>,
    },
    /// Return the [`AgentStatus`].
    Status,
    /// Return the [`BrokerOffer`], for programs that must not hold the token.
    Broker,
    /// End the agent.
    Stop,
}

/// An agent's response.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "lowercase")]
pub enum AgentResponse {
    /// The token.
    Token(HeldToken),
    /// The agent has no token, none for that deployment, or no broker.
    None {
        /// Why it has no token at all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// The agent's state.
    Status(AgentStatus),
    /// The agent's broker.
    Broker(BrokerOffer),
    /// The agent ends.
    Stopping,
    /// The agent cannot answer.
    Error {
        /// Why.
        message: String,
    },
}

/// A token, and what is known about it. `Debug` does not show the token.
#[derive(Serialize, Deserialize)]
pub struct HeldToken {
    /// The token.
    pub token: Zeroizing<String>,
    /// Where the agent found it.
    pub place: String,
    /// The origin of its deployment.
    pub deployment: Option<String>,
    /// The e-mail address of its account.
    pub email: Option<Email>,
    /// When it expires.
    pub expires: Option<Expiry>,
}

impl std::fmt::Debug for HeldToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeldToken").field("place", &self.place).finish_non_exhaustive()
    }
}

/// A broker that programs can use in place of the deployment. `Debug` does not show the pass.
#[derive(Clone, Serialize, Deserialize)]
pub struct BrokerOffer {
    /// The broker's address, in place of the deployment's.
    pub domain: String,
    /// The broker's pass, in place of the token.
    pub token: Zeroizing<String>,
    /// The broker's restrictions, as they were typed; empty: none.
    pub rules: Vec<String>,
}

impl std::fmt::Debug for BrokerOffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BrokerOffer").field("domain", &self.domain).field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// An agent's state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AgentStatus {
    /// The agent's process.
    pub pid: u32,
    /// The origin of its token's deployment.
    pub deployment: Option<String>,
    /// Where it found the token.
    pub place: Option<String>,
    /// The token's fingerprint.
    pub fingerprint: Option<String>,
    /// When it obtained this token.
    pub since: Timestamp,
    /// How often the token has changed.
    pub changes: u64,
    /// Why the last refresh failed, in words.
    pub trouble: Option<String>,
    /// The address of its broker, if it has one.
    #[serde(default)]
    pub broker: Option<String>,
    /// The broker's restrictions, as they were typed.
    #[serde(default)]
    pub rules: Vec<String>,
}
