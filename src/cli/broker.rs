//! `--broker` of `exec` and of the agent: its restrictions, its start, and the token that is kept fresh for it.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::thread;

use crate::agent::{RefreshLoop, RefreshOutcome, TokenState};
use crate::broker::{Allow, AuditFile, Broker, Policy, RateLimit, Restrictions, TokenSupply, is_pass};
use crate::credential::{Credential, Mode};
use crate::deliver::{broker_env, quoted};
use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::ipc::BrokerOffer;
use crate::parse::shell::is_name;
use crate::patterns::Encodings;
use crate::sources::{self, SearchContext};

use super::args::Common;
use super::messages::{Messages, clean};
use super::{Invocation, agent_events, args, trace};

impl TokenSupply for TokenState {
    fn current(&self) -> Result<Arc<Credential>, String> {
        self.held().ok_or_else(|| self.last_failure().unwrap_or_else(|| "no token was found".to_owned()))
    }

    fn refresh(&self) {
        self.refresh_now();
    }
}

/// The restrictions that were typed; none without `--broker`.
///
/// # Errors
/// Usage, or the file of `--audit` cannot be written.
pub(super) fn restrictions(typed: &args::BrokerOptions) -> Result<Option<Restrictions>> {
    let args::BrokerOptions { broker, read_only, allow, rate, audit } = typed;
    if !broker {
        return Ok(None);
    }
    let allow = allow.iter().map(|typed| Allow::parse(typed)).collect::<Result<_>>()?;
    let rate = rate.as_deref().map(RateLimit::parse).transpose()?;
    let audit = audit.as_deref().map(AuditFile::open).transpose()?;
    Ok(Some(Restrictions { policy: Policy { read_only: *read_only, allow }, rate, audit }))
}

/// The rules of a broker, as they are shown.
pub(super) fn describe(rules: &[String]) -> String {
    if rules.is_empty() { "everything below /api/v1/".to_owned() } else { clean(&rules.join(", ")) }
}

/// A broker that does not serve yet.
pub(super) struct PendingBroker {
    broker: Broker,
    restrictions: Restrictions,
}

/// Opens the broker that was typed; none without `--broker`.
///
/// # Errors
/// As [`restrictions`] and [`Broker::open`].
pub(super) fn open(typed: &args::BrokerOptions) -> Result<Option<PendingBroker>> {
    let restrictions = restrictions(typed)?;
    restrictions.map(|restrictions| Ok(PendingBroker { broker: Broker::open()?, restrictions })).transpose()
}

impl PendingBroker {
    /// The address, the pass and the rules, for the shell that starts its clients.
    pub(super) fn access(&self) -> BrokerOffer {
        self.broker.access(self.restrictions.rules())
    }

    /// Serves the token of the agent, and returns the deployment to which requests are forwarded.
    ///
    /// # Errors
    /// The token is the pass of another broker, no deployment is known, or as [`Broker::serve`].
    pub(super) fn serve(self, invocation: &Invocation, env: &Env, token_state: &Arc<TokenState>) -> Result<Deployment> {
        let held = token_state.held();
        if held.as_ref().is_some_and(|held| is_pass(held.token())) {
            return Err(Error::new(Reason::Usage, "the only token found here is the pass of another broker")
                .hint("open another shell, or unset CODEOCEAN_TOKEN and set CODEOCEAN_DOMAIN to the deployment"));
        }
        let deployment = deployment(invocation, held.as_deref())?;
        let connect_timeout = invocation.budget()?.timeout;
        self.broker.serve(
            Arc::<TokenState>::clone(token_state),
            &deployment,
            env,
            connect_timeout,
            self.restrictions,
        )?;
        Ok(deployment)
    }
}

/// Keeps a token fresh on a thread of its own, as long as the process lives. It is sent to the given deployment alone: the
/// program behind the broker may write to the files that name one. A change since `refresh` was made is noticed.
///
/// # Errors
/// The system has no thread left.
pub(super) fn keep_fresh(
    invocation: &Invocation,
    mut refresh: RefreshLoop,
    credential: Arc<Credential>,
    deployment: &Deployment,
) -> Result<Arc<TokenState>> {
    refresh.hold(&invocation.options(Mode::Auto)?, credential);
    let token_state = Arc::clone(refresh.token_state());
    let common = Common { deployment: Some(deployment.origin().to_owned()), ..invocation.common.clone() };
    let (env, colour) = (invocation.env.clone(), invocation.watched && invocation.env.get("NO_COLOR").is_none());
    let run = move || {
        let context = SearchContext::new(&env);
        let invocation = Invocation::unattended(&common, &context);
        let mut err = io::stderr();
        let mut messages = Messages::new(&mut err, colour);
        messages.quiet = common.quiet;
        let mut after = |outcome: RefreshOutcome| {
            outcome.event.into_iter().for_each(|event| agent_events::report(&mut messages, event, false));
            outcome.retry_after
        };
        trace::with(common.verbose, &env, || {
            // These options were valid when they were parsed first: there is no error to report.
            if let Ok(options) = invocation.options(Mode::Auto) {
                refresh.run(&options, &mut after);
            }
        });
    };
    let started = thread::Builder::new().name("refresh".to_owned()).spawn(run);
    started.map(|_| token_state).map_err(|error| Error::new(Reason::Internal, format!("no thread is left ({error})")))
}

/// The encodings of every token that is found here, and of the current one.
pub(super) fn encodings(invocation: &Invocation, held: Option<&Credential>) -> Result<Vec<Encodings>> {
    let seen = sources::tokens(&invocation.options(Mode::Never)?.search);
    Ok(held.map(Credential::token).into_iter().chain(&seen).map(Encodings::of).collect())
}

/// The deployment to which the broker forwards requests.
///
/// # Errors
/// No deployment is known.
pub(super) fn deployment(invocation: &Invocation, held: Option<&Credential>) -> Result<Deployment> {
    let resolved = match held {
        Some(held) => held.deployment().cloned(),
        None => sources::destination(&invocation.options(Mode::Never)?.search)?,
    };
    resolved.map(|resolved| resolved.deployment).ok_or_else(|| {
        Error::new(Reason::NoDeployment, "the broker needs the deployment, and none is known")
            .hint("name it with --deployment https://codeocean.example.org or CODEOCEAN_DOMAIN")
    })
}

/// What holds or leads to a token in the environment, as a shell can remove it.
pub(super) struct SecretVariables {
    /// The names of variables.
    pub(super) names: BTreeSet<String>,
    /// The names of functions that bash exports.
    pub(super) functions: BTreeSet<String>,
}

/// The variables that a program behind the broker must not have.
///
/// # Errors
/// The name of one is not one that a shell can unset.
pub(super) fn secret_variables(invocation: &Invocation, held: Option<&Credential>) -> Result<SecretVariables> {
    let search = invocation.options(Mode::Never)?.search;
    let (mut names, mut functions, mut others) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for name in broker_env::secret_variables(&search, &encodings(invocation, held)?) {
        match name.to_str() {
            Some(name) if is_name(name) => drop(names.insert(name.to_owned())),
            text => match text.and_then(exported_function) {
                Some(function) => drop(functions.insert(function.to_owned())),
                None => others.push(name.to_string_lossy().into_owned()),
            },
        }
    }
    if others.is_empty() {
        return Ok(SecretVariables { names, functions });
    }
    let what = format!("no shell can unset these environment variables, which hold a token: {}", others.join(", "));
    let options: Vec<String> = others.iter().map(|name| format!("-u {}", quoted(name))).collect();
    let hint = format!("start the shell without them: env {} bash", options.join(" "));
    Err(Error::new(Reason::Usage, what).hint(hint))
}

/// The function that bash exports as a variable of this name.
fn exported_function(variable: &str) -> Option<&str> {
    variable.strip_prefix("BASH_FUNC_")?.strip_suffix("%%")
}
