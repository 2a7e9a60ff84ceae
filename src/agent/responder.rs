//! What an agent answers to which request, on every system; how a request gets here is in `unix/`.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::ipc::{AgentRequest, AgentResponse, AgentStatus, BrokerOffer, HeldToken};

use super::token_state::{State, TokenState};

/// Answers requests from a [`TokenState`].
#[derive(Debug)]
pub struct Responder {
    token_state: Arc<TokenState>,
    /// The agent's broker. An agent that has one gives the token to no other program.
    broker: Option<BrokerOffer>,
}

impl Responder {
    /// A responder for the token of this state, and for a broker if there is one.
    pub fn new(token_state: Arc<TokenState>, broker: Option<BrokerOffer>) -> Responder {
        Responder { token_state, broker }
    }

    /// The response to one line. After [`AgentResponse::Stopping`], the caller must end the agent.
    pub fn respond(&self, line: &[u8]) -> AgentResponse {
        let Ok(request) = serde_json::from_slice(line) else {
            return AgentResponse::Error { message: "the request is not understood".to_owned() };
        };
        match request {
            AgentRequest::Token { .. } if self.broker.is_some() => {
                AgentResponse::Error { message: "the agent gives the token to its broker only".to_owned() }
            }
            AgentRequest::Token { deployment } => token(deployment.as_deref(), &self.token_state.read()),
            AgentRequest::Status => AgentResponse::Status(self.status()),
            AgentRequest::Broker => {
                self.broker.clone().map_or(AgentResponse::None { message: None }, AgentResponse::Broker)
            }
            AgentRequest::Stop => AgentResponse::Stopping,
        }
    }

    fn status(&self) -> AgentStatus {
        let state = self.token_state.read();
        let held = state.credential.as_ref();
        let broker = self.broker.as_ref();
        AgentStatus {
            pid: std::process::id(),
            deployment: held.and_then(|held| Some(held.deployment()?.deployment.origin().to_owned())),
            place: held.map(|held| held.place().place.clone()),
            fingerprint: held.map(|held| held.token().fingerprint()),
            since: state.since,
            changes: state.changes,
            trouble: state.last_failure.clone(),
            broker: broker.map(|broker| broker.domain.clone()),
            rules: broker.map(|broker| broker.rules.clone()).unwrap_or_default(),
        }
    }
}

/// The token for a deployment; for any where none is asked for.
fn token(deployment: Option<&str>, state: &State) -> AgentResponse {
    let Some(held) = &state.credential else {
        let message = state.last_failure.clone().unwrap_or_else(|| "no token was found".to_owned());
        return AgentResponse::None { message: Some(message) };
    };
    let origin = held.deployment().map(|resolved| resolved.deployment.origin());
    if let (Some(wanted), Some(origin)) = (deployment, origin)
        && wanted != origin
    {
        return AgentResponse::None { message: None };
    }
    AgentResponse::Token(HeldToken {
        token: Zeroizing::new(held.token().expose().to_owned()),
        place: held.place().place.clone(),
        deployment: origin.map(str::to_owned),
        email: held.email().cloned(),
        expires: held.expires(),
    })
}
