//! Using an agent that runs already, if it is what was asked for.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use crate::broker::is_pass;
use crate::cli::broker::describe;
use crate::cli::{Invocation, args, broker};
use crate::credential::Mode;
use crate::error::{Error, Reason, Result};
use crate::ipc::{AgentRequest, AgentResponse, AgentStatus, BrokerOffer, ask};
use crate::sources;
use crate::token::Token;

use super::shell::{AgentVariables, write_variables};

/// Prints the variables of the agent that runs.
///
/// # Errors
/// It has no broker where one was asked for, the other way round, or its broker has other restrictions or another deployment.
pub(super) fn run(
    invocation: &Invocation,
    agent: &args::Agent,
    socket: &Path,
    status: &AgentStatus,
    out: &mut dyn Write,
) -> Result<()> {
    let offer = match ask(socket, &AgentRequest::Broker) {
        Ok(AgentResponse::Broker(offer)) if is_plausible(&offer) => Some(offer),
        _ => None,
    };
    if let Some(difference) = difference(invocation, agent, status, offer.as_ref())? {
        let what = format!("an agent already runs at {}, and {difference}", socket.display());
        return Err(Error::new(Reason::Usage, what)
            .hint("end it with co-cred agent stop, or start another beside it with --socket"));
    }
    let (pid, broker, fingerprint) = (status.pid, offer.as_ref(), status.fingerprint.clone());
    write_variables(invocation, &AgentVariables { socket, pid, broker, fingerprint, credential: None }, out)
}

/// How the agent that runs differs from the one that is asked for, as a predicate.
fn difference(
    invocation: &Invocation,
    agent: &args::Agent,
    status: &AgentStatus,
    offer: Option<&BrokerOffer>,
) -> Result<Option<String>> {
    let wanted = broker::restrictions(&agent.broker_options)?.map(|restrictions| restrictions.rules());
    let sorted = |rules: &[String]| rules.iter().cloned().collect::<BTreeSet<String>>();
    Ok(match (&wanted, offer) {
        (None, None) => None,
        (None, Some(_)) => Some("has a broker, and gives the token to its broker only".to_owned()),
        (Some(_), None) => Some("has no broker".to_owned()),
        (Some(wanted), Some(offer)) if sorted(wanted) != sorted(&offer.rules) => {
            Some(format!("has a broker with other rules ({})", describe(&offer.rules)))
        }
        (Some(_), Some(_)) => other_deployment(invocation, status)?,
    })
}

/// Whether an offer names an address on this machine and a pass. The program that listens at the socket may send anything.
fn is_plausible(offer: &BrokerOffer) -> bool {
    let is_local = offer.domain.strip_prefix("http://127.0.0.1:").is_some_and(|port| port.parse::<u16>().is_ok());
    is_local && Token::parse(offer.token.as_bytes()).is_ok_and(|parsed| is_pass(&parsed.token))
}

/// The deployment of the agent's broker, as a predicate, if this command finds another.
fn other_deployment(invocation: &Invocation, status: &AgentStatus) -> Result<Option<String>> {
    let wanted = sources::destination(&invocation.options(Mode::Never)?.search)?.map(|resolved| resolved.deployment);
    // In a shell of that agent, the variables name the broker as the deployment.
    let is_its = |origin: &str| [&status.deployment, &status.broker].into_iter().flatten().any(|its| its == origin);
    let other = wanted.filter(|wanted| !is_its(wanted.origin()));
    Ok(other.map(|_| format!("is for {}", status.deployment.as_deref().unwrap_or("no deployment"))))
}
