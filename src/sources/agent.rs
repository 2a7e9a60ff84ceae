//! A running agent, where `CO_CRED_AGENT_SOCK` names its socket: what it holds is fresh, and proven.

use std::path::{Path, PathBuf};

use crate::deployment::Deployment;
use crate::email::Email;
use crate::error::{Error, Reason, Remark, Result};
use crate::ipc::{AgentRequest, AgentResponse, HeldToken, SOCKET, ask, describe_failure, lock_path};
use crate::token::Token;

use super::context::{AgentAnswer, once};
use super::search::Search;
use super::source::{DeploymentBasis, Found, Place, PlaceKind, Source, TokenScope};

/// The cause of the remark that the agent has no token. It is shown although another token is found.
pub(super) const EMPTY: &str = "agent-empty";

/// The agent that the environment names.
pub(super) struct Agent<'a> {
    pub(super) search: &'a Search<'a>,
}

impl<'a> Agent<'a> {
    fn socket(&self) -> Option<&'a Path> {
        self.search.env().path(SOCKET)
    }

    /// Whether its token is another account's than the one that is asked for.
    ///
    /// # Errors
    /// `CODEOCEAN_EMAIL` is no e-mail.
    fn is_of_another(&self, held: &HeldToken) -> Result<bool> {
        let Some(email) = &held.email else { return Ok(false) };
        Ok(self.search.user()?.is_some_and(|user| !email.is(&user)))
    }

    /// The deployment of its token, where it has one.
    pub(super) fn deployment(&self) -> Option<Deployment> {
        Deployment::parse(self.held().ok()??.deployment.as_deref()?).ok()
    }

    fn held(&self) -> Result<Option<&'a HeldToken>> {
        let Some(socket) = self.socket() else { return Ok(None) };
        Ok(match once(&self.search.context.agent, || holding(socket))? {
            AgentAnswer::Token(held) => Some(held),
            AgentAnswer::Nothing(_) => None,
        })
    }
}

fn holding(socket: &Path) -> Result<AgentAnswer> {
    match ask(socket, &AgentRequest::Token { deployment: None }) {
        Ok(AgentResponse::Token(held)) => Ok(AgentAnswer::Token(held)),
        Ok(AgentResponse::None { message }) => {
            Ok(AgentAnswer::Nothing(message.unwrap_or_else(|| "it does not say why".to_owned())))
        }
        Ok(AgentResponse::Error { message }) => Err(silent(&format!("gives no token: {message}"))),
        Ok(_) => Err(silent("gives an answer of another kind")),
        Err(error) => {
            let (what, hint) = describe_failure(socket, &error);
            Err(silent(&what).hint(hint))
        }
    }
}

fn silent(what: &str) -> Error {
    Error::new(Reason::Agent, format!("the agent that {SOCKET} names {what}"))
        .hint("co-cred agent status says more; start one with: eval \"$(co-cred agent)\"; or unset CO_CRED_AGENT_SOCK")
}

impl Source for Agent<'_> {
    fn token_scope(&self) -> TokenScope {
        TokenScope::Bound
    }

    fn named_by(&self) -> &'static [&'static str] {
        &[SOCKET]
    }

    fn place(&self) -> Place {
        let socket = self.socket().map_or_else(|| SOCKET.to_owned(), |path| path.display().to_string());
        Place::new(PlaceKind::Agent, socket)
    }

    fn files(&self) -> Vec<PathBuf> {
        self.socket().map(lock_path).into_iter().collect()
    }

    fn find(&self) -> Result<Option<Found>> {
        let Some(held) = self.held()? else { return Ok(None) };
        let token = Token::parse(held.token.as_bytes()).map_err(|_| silent("gives a value that is not a token"))?.token;
        let deployment = held.deployment.as_deref().map(Deployment::parse).transpose();
        let deployment = deployment.map_err(|_| silent("names a deployment that cannot be used"))?;
        let is_meant = !self.is_of_another(held)?
            && match (&deployment, self.search.named().ok().flatten()) {
                (Some(bound), Some(named)) => *bound == named.deployment,
                (None, _) => self.search.options.basis != DeploymentBasis::Requested,
                (Some(_), None) => true,
            };
        let place = Place::new(PlaceKind::Agent, &held.place);
        let (email, expires) = (held.email.clone(), held.expires);
        Ok(is_meant.then(|| Found { token, place, deployment, email, expires, remarks: Vec::new() }))
    }

    fn skipped(&self) -> Vec<Remark> {
        let remark = |cause, what: String, hint: &str| {
            vec![Remark::new(cause, format!("the agent that {SOCKET} names {what}")).hint(hint)]
        };
        match self.search.context.agent.get() {
            Some(AgentAnswer::Nothing(why)) => remark(
                EMPTY,
                format!("has no token: {why}"),
                "co-cred agent status shows what it has; co-cred login gives it a token",
            ),
            Some(AgentAnswer::Token(held)) if self.is_of_another(held).unwrap_or_default() => {
                let (email, wanted) =
                    (held.email.as_ref().map_or("another account", Email::as_str), self.search.wanted());
                let what = format!("has the token of {email}, not of {wanted}");
                remark("other-user", what, "CODEOCEAN_EMAIL chooses the account; co-cred login adds one")
            }
            _ => Vec::new(),
        }
    }
}
