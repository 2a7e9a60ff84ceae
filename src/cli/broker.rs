//! `--broker`, of `exec` and of the agent: what is typed, and a token that is kept fresh for it.

use std::io;
use std::sync::Arc;
use std::thread;

use crate::agent::{Keeper, Looked, Rounds};
use crate::broker::{Allow, Audit, Limits, Policy, Rate, Supply};
use crate::credential::{Credential, Mode};
use crate::deliver::{DOMAIN, TOKEN, brokered};
use crate::deployment::Deployment;
use crate::error::{Error, Reason, Result};
use crate::locate;
use crate::locate::shell::is_name;
use crate::traces::Traces;

use super::agent::told;
use super::tell::Tell;
use super::{Call, args, trace};

impl Supply for Keeper {
    fn held(&self) -> Option<Arc<Credential>> {
        Keeper::held(self)
    }

    fn look_again(&self) {
        Keeper::look_again(self);
    }
}

/// What may pass, and how often; none where no broker is wanted.
///
/// # Errors
/// Usage.
pub(super) fn limits(typed: &args::Brokered) -> Result<Option<Limits>> {
    if !typed.broker {
        return Ok(None);
    }
    let allow = typed.allow.iter().map(|typed| Allow::parse(typed)).collect::<Result<_>>()?;
    let rate = typed.rate.as_deref().map(Rate::parse).transpose()?;
    Ok(Some(Limits { policy: Policy { read_only: typed.read_only, allow }, rate, audit: None }))
}

/// The same, with everything noted where that is wanted: the file is opened only where something will be served.
///
/// # Errors
/// It cannot be written.
pub(super) fn with_audit(typed: &args::Brokered, limits: Limits) -> Result<Limits> {
    let audit = typed.audit.as_deref().map(Audit::open).transpose()?;
    Ok(Limits { audit, ..limits })
}

/// Keeps a token fresh from now on, on a thread of its own, as long as the process lives.
///
/// # Errors
/// The system does not let it watch files, or has no thread left.
pub(super) fn keep(call: &Call, credential: Arc<Credential>) -> Result<Arc<Keeper>> {
    let mut rounds = Rounds::new(Some(credential))?;
    let keeper = Arc::clone(rounds.keeper());
    let (common, env, colour) =
        (call.common.clone(), call.env.clone(), call.watched && call.env.get("NO_COLOR").is_none());
    let keep = move || {
        let call = Call { common: &common, env: &env, interactive: false, watched: false };
        let mut err = io::stderr();
        let mut tell = Tell::new(&mut err, colour);
        tell.quiet = common.quiet;
        let mut after = |looked: Looked| {
            looked.told.into_iter().for_each(|news| told(&mut tell, news, false));
            looked.retry
        };
        trace::with(common.verbose, &env, || {
            // What was typed was understood once.
            if let Ok(order) = call.order(Mode::Auto) {
                rounds.look(&order, &mut after);
                rounds.run(&order, &mut after);
            }
        });
    };
    let started = thread::Builder::new().name("keeper".to_owned()).spawn(keep);
    started.map(|_| keeper).map_err(|error| Error::new(Reason::Internal, format!("no thread is left ({error})")))
}

/// The traces of every token that can be seen here, and of the one that is held.
pub(super) fn traces(call: &Call, held: Option<&Credential>) -> Result<Vec<Traces>> {
    let seen = locate::tokens(&call.order(Mode::Never)?.request);
    Ok(held.map(Credential::token).into_iter().chain(&seen).map(Traces::of).collect())
}

/// The deployment to which the broker leads.
///
/// # Errors
/// None is known.
pub(super) fn deployment(call: &Call, held: Option<&Credential>) -> Result<Deployment> {
    let sited = match held {
        Some(held) => held.deployment().cloned(),
        None => locate::destination(&call.order(Mode::Never)?.request)?,
    };
    sited.map(|sited| sited.deployment).ok_or_else(|| {
        Error::new(Reason::NoDeployment, "the broker needs the deployment, and none is known")
            .hint("name it with --deployment https://codeocean.example.org or CODEOCEAN_DOMAIN")
    })
}

/// The variables of this environment that no program behind the broker is to have, as a shell can name them.
pub(super) fn unset(call: &Call) -> Vec<String> {
    let traces = traces(call, None).unwrap_or_default();
    let without = brokered::without(call.env, &traces).into_iter().filter_map(|name| name.into_string().ok());
    let is_set = |name: &str| [DOMAIN, TOKEN, "CO_CRED_AGENT_PID"].contains(&name);
    without.filter(|name| is_name(name) && !is_set(name)).collect()
}
