//! `co-cred exec`: a command that takes our place. Our own failures are 125, its absence 127, its refusal 126.

use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::Arc;

use crate::broker::{Broker, Limits};
use crate::credential::{Credential, Mode, Order, account, obtain};
use crate::deliver::exec::{Plan, Wishes};
use crate::deliver::git::wiring::wiring;
use crate::deliver::{Assignment, Handed, brokered};
use crate::error::{Error, Reason, Remark, Result};

use super::args;
use super::refused::refused;
use super::tell::{Tell, clean};
use super::values::variable_names;
use super::{Call, broker, closed, supervised};

pub(super) const FAILED: u8 = 125;

pub(super) fn run(call: &Call, typed: &args::Exec, out: &mut dyn Write, tell: &mut Tell) -> u8 {
    match attempt(call, typed, out, tell) {
        Ok(code) => code,
        Err(mut error) => {
            error.what = format!("{}: {}", error.kind().word(), error.what);
            tell.error(&error);
            FAILED
        }
    }
}

fn attempt(call: &Call, typed: &args::Exec, out: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    variable_names(&typed.names)?;
    let limits = broker::limits(&typed.brokered)?;
    let order = Order { owner: typed.git, ..call.order(Mode::Auto)? };
    let credential = obtain(&order)?;
    tell.warn(credential.remarks());
    let others = if typed.git { git_wiring(&order, &credential, tell)? } else { Vec::new() };
    let (names, without) = (typed.names.clone(), Vec::new());
    let wishes = Wishes { names, all_names: typed.all_names, clean: typed.clean, without, others };
    if let Some(limits) = limits {
        return behind_broker(call, typed, credential, wishes, limits, out, tell);
    }
    let plan = Plan::new((&credential).into(), credential.token(), call.env, &wishes);
    if typed.explain {
        return explain(&credential, &plan, None, out).map(|()| 0).or_else(closed);
    }
    tell.warn(&plan.left.iter().map(|name| left(name)).collect::<Vec<_>>());
    if typed.mask || !typed.gate.is_empty() {
        return supervised::run(call, typed, &credential, &plan, tell);
    }
    Ok(not_started(&typed.command, plan.exec(call.env, &typed.command), tell))
}

/// The command has the broker's address and pass; the token stays here, and fresh.
fn behind_broker(
    call: &Call,
    typed: &args::Exec,
    credential: Credential,
    wishes: Wishes,
    limits: Limits,
    out: &mut dyn Write,
    tell: &mut Tell,
) -> Result<u8> {
    let deployment = broker::deployment(call, Some(&credential))?;
    let broker = Broker::open()?;
    let wishes = brokered::wishes(wishes, call.env, &broker::traces(call, Some(&credential))?);
    let handed = Handed { token: broker.pass(), deployment: Some(broker.address()) };
    let plan = Plan::new(handed, credential.token(), call.env, &wishes);
    if typed.explain {
        let shown = explain(&credential, &plan, Some(&broker), out);
        let rules = broker::in_words(&limits.words());
        return shown.and_then(|()| writeln!(out, "the broker lets pass: {rules}")).map(|()| 0).or_else(closed);
    }
    tell.warn(&plan.left.iter().map(|name| left(name)).collect::<Vec<_>>());
    let credential = Arc::new(credential);
    let keeper = broker::keep(call, Arc::clone(&credential), &deployment)?;
    broker.serve(keeper, &deployment, call.env, limits)?;
    supervised::run(call, typed, &credential, &plan, tell)
}

/// The variables that make Git ask this very program. An e-mail that is not known yet is not asked for here: Git may never
/// need it.
fn git_wiring(order: &Order, credential: &Credential, tell: &mut Tell) -> Result<Vec<Assignment>> {
    let sited = credential.deployment().ok_or_else(|| {
        Error::new(Reason::NoDeployment, "--git needs the deployment's host, and none is known")
            .hint("name it with --deployment https://codeocean.example.org or CODEOCEAN_DOMAIN")
    })?;
    let email = account(&Order { mode: Mode::Never, ..*order }, credential);
    tell.warn(&email.as_ref().err().map(Remark::from).into_iter().collect::<Vec<_>>());
    let program = supervised::program()?;
    wiring(order.request.env, email.ok().flatten().as_ref(), &sited.deployment, &program)
}

fn left(name: &str) -> Remark {
    Remark::new("left", format!("{name} is left as it is: it holds something else"))
        .hint(format!("--as {name} sets it all the same"))
}

fn explain(credential: &Credential, plan: &Plan, broker: Option<&Broker>, out: &mut dyn Write) -> io::Result<()> {
    let token = format!("the token {} from {}", credential.token().fingerprint(), credential.place().place);
    let secret = if broker.is_some() { format!("a token for this run, in place of {token}") } else { token };
    for assignment in &plan.set {
        let value = match broker {
            _ if assignment.secret => secret.clone(),
            // The port will be another.
            Some(broker) => assignment.value.replace(broker.address().origin(), "the broker's address"),
            None => assignment.value.to_string(),
        };
        writeln!(out, "set     {} = {}", assignment.name, clean(&value))?;
    }
    for name in &plan.removed {
        let why = if broker.is_some() { "it holds a token, or leads to one" } else { "it holds the token" };
        writeln!(out, "remove  {} ({why})", clean(&name.to_string_lossy()))?;
    }
    for name in &plan.left {
        writeln!(out, "leave   {name} (it holds something else)")?;
    }
    match credential.deployment() {
        Some(sited) => writeln!(out, "the deployment is named by {}", clean(&sited.place)),
        None => writeln!(out, "no deployment is known: CODEOCEAN_DOMAIN is not set"),
    }
}

/// Tells why a command was not started; returns the code for it.
pub(super) fn not_started(command: &[OsString], failure: io::Error, tell: &mut Tell) -> u8 {
    let program = command.first().map(|program| program.as_os_str()).unwrap_or_default();
    let (code, error) = refused(program, failure);
    tell.error(&error);
    code
}
