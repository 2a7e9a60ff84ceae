//! `--broker`, of `exec` and of the agent: what is typed, and a token that is kept fresh for it.

use std::io;
use std::sync::Arc;
use std::thread;

use crate::agent::{Looked, RefreshLoop, TokenState};
use crate::broker::{Allow, AuditFile, Broker, Limits, Policy, Rate, Supply, is_pass};
use crate::credential::{Credential, Mode};
use crate::deliver::brokered;
use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::ipc::Brokered;
use crate::parse::shell::is_name;
use crate::patterns::Encodings;
use crate::sources;

use super::args::Common;
use super::messages::{Messages, clean};
use super::{Invocation, agent_events, args, trace};

impl Supply for TokenState {
    fn held(&self) -> Result<Arc<Credential>, String> {
        TokenState::held(self).ok_or_else(|| self.trouble().unwrap_or_else(|| "it was found nowhere".to_owned()))
    }

    fn look_again(&self) {
        TokenState::look_again(self);
    }
}

/// What may pass, and how often, and where it is noted; none where no broker is wanted.
///
/// # Errors
/// Usage, or the file of `--audit` cannot be written.
pub(super) fn limits(typed: &args::Brokered) -> Result<Option<Limits>> {
    let args::Brokered { broker, read_only, allow, rate, audit } = typed;
    if !broker {
        return Ok(None);
    }
    let allow = allow.iter().map(|typed| Allow::parse(typed)).collect::<Result<_>>()?;
    let rate = rate.as_deref().map(Rate::parse).transpose()?;
    let audit = audit.as_deref().map(AuditFile::open).transpose()?;
    Ok(Some(Limits { policy: Policy { read_only: *read_only, allow }, rate, audit }))
}

/// What a broker lets pass, by its rules as they were typed, as people may see them.
pub(super) fn in_words(rules: &[String]) -> String {
    if rules.is_empty() { "everything below /api/v1/".to_owned() } else { clean(&rules.join(", ")) }
}

/// A broker that has yet to serve.
pub(super) struct Opened {
    broker: Broker,
    limits: Limits,
}

/// The broker that is wanted, if one is.
///
/// # Errors
/// As [`limits`], and as [`Broker::open`].
pub(super) fn open(typed: &args::Brokered) -> Result<Option<Opened>> {
    limits(typed)?.map(|limits| Ok(Opened { broker: Broker::open()?, limits })).transpose()
}

impl Opened {
    /// What others are told who are to use it.
    pub(super) fn offer(&self) -> Brokered {
        self.broker.offer(self.limits.words())
    }

    /// Serves what a keeper holds from now on, and returns the deployment to which it leads.
    ///
    /// # Errors
    /// What is held is another broker's pass, no deployment is known, or as [`Broker::serve`].
    pub(super) fn serve(self, invocation: &Invocation, env: &Env, token_state: &Arc<TokenState>) -> Result<Deployment> {
        let held = token_state.held();
        if held.as_ref().is_some_and(|held| is_pass(held.token())) {
            return Err(Error::new(Reason::Usage, "what is found here is a broker's token for one run, and no other")
                .hint("open another shell, or set CODEOCEAN_DOMAIN anew and unset CODEOCEAN_TOKEN"));
        }
        let deployment = deployment(invocation, held.as_deref())?;
        let connect = invocation.budget()?.timeout;
        self.broker.serve(Arc::<TokenState>::clone(token_state), &deployment, env, connect, self.limits)?;
        Ok(deployment)
    }
}

/// Keeps a token for a deployment fresh from now on, on a thread of its own, as long as the process lives. No other deployment
/// is sent it: the program behind the broker may write to the files that name one.
/// What changed since the files were first watched, before it was obtained, is seen.
///
/// # Errors
/// The system has no thread left.
pub(super) fn keep(
    invocation: &Invocation,
    mut refresh: RefreshLoop,
    credential: Arc<Credential>,
    deployment: &Deployment,
) -> Result<Arc<TokenState>> {
    refresh.hold(&invocation.options(Mode::Auto)?, credential);
    let token_state = Arc::clone(refresh.token_state());
    let common = Common { deployment: Some(deployment.origin().to_owned()), ..invocation.common.clone() };
    let (env, colour) = (invocation.env.clone(), invocation.watched && invocation.env.get("NO_COLOR").is_none());
    let keep = move || {
        let invocation = Invocation::unattended(&common, &env);
        let mut err = io::stderr();
        let mut messages = Messages::new(&mut err, colour);
        messages.quiet = common.quiet;
        let mut after = |looked: Looked| {
            looked.told.into_iter().for_each(|event| agent_events::report(&mut messages, event, false));
            looked.retry
        };
        trace::with(common.verbose, &env, || {
            // What was typed was understood once.
            if let Ok(options) = invocation.options(Mode::Auto) {
                refresh.run(&options, &mut after);
            }
        });
    };
    let started = thread::Builder::new().name("keeper".to_owned()).spawn(keep);
    started.map(|_| token_state).map_err(|error| Error::new(Reason::Internal, format!("no thread is left ({error})")))
}

/// The traces of every token that can be seen here, and of the one that is held.
pub(super) fn encodings(invocation: &Invocation, held: Option<&Credential>) -> Result<Vec<Encodings>> {
    let seen = sources::tokens(&invocation.options(Mode::Never)?.search);
    Ok(held.map(Credential::token).into_iter().chain(&seen).map(Encodings::of).collect())
}

/// The deployment to which the broker leads.
///
/// # Errors
/// None is known.
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

/// The variables of this environment that no program behind the broker is to have, as a shell can name them.
pub(super) fn secret(invocation: &Invocation, held: Option<&Credential>) -> Result<Vec<String>> {
    let search = invocation.options(Mode::Never)?.search;
    let without = brokered::without(&search, &encodings(invocation, held)?);
    Ok(without.into_iter().filter_map(|name| name.into_string().ok()).filter(|name| is_name(name)).collect())
}
