//! `co-cred exec`: a command that takes our place. Our own failures are 125, its absence 127, its refusal 126.

use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::Arc;

use crate::agent::Rounds;
use crate::broker::{Broker, Limits};
use crate::credential::{Credential, Mode, Order, account, obtain};
use crate::deliver::exec::{Plan, Wishes};
use crate::deliver::git::wiring::wiring;
use crate::deliver::{Assignment, Handed, brokered};
use crate::deployment::Form;
use crate::email::Email;
use crate::error::{Error, Reason, Remark, Result};
use crate::names::EMAIL;

use super::args;
use super::refused::refused;
use super::tell::{Tell, clean};
use super::values::variable_names;
use super::{Call, broker, closed, supervised, usage, values};

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
    if let Some(error) = typed.command.first().and_then(|first| usage::token_typed(&[OsString::new(), first.clone()])) {
        return Err(error);
    }
    variable_names(&typed.names)?;
    let limits = broker::limits(&typed.brokered)?;
    let order = Order { owner: typed.git, ..call.order(Mode::Auto)? };
    // First what is to be watched: a change of what is about to be read must not be missed.
    let limits = limits.map(|limits| (limits, Rounds::new(&order, true)));
    let credential = obtain(&order)?;
    tell.warn(credential.remarks());
    let email = email(&order, &credential, typed.git, tell);
    let mut others = if typed.git { git_wiring(&order, &credential, email.as_ref())? } else { Vec::new() };
    if let Some(email) = email.filter(|_| call.env.get(EMAIL).is_none()) {
        others.push(Assignment::plain(EMAIL, email.as_str()));
    }
    let wishes = Wishes {
        names: typed.names.clone(),
        all_names: typed.all_names,
        domains: domain_names(typed, &credential)?,
        clean: typed.clean,
        without: Vec::new(),
        others,
    };
    if let Some(limits) = limits {
        return behind_broker(call, typed, credential, wishes, limits, out, tell);
    }
    let plan = Plan::new((&credential).into(), credential.token(), call.env, &wishes);
    if typed.explain {
        return explain(&credential, &plan, None, out).map(|()| 0).or_else(closed);
    }
    tell.warn(&plan.left.iter().map(|name| left(name)).collect::<Vec<_>>());
    if typed.mask || !typed.gate.is_empty() {
        return supervised::run(call, typed, &credential, &plan, &|| None, tell);
    }
    Ok(not_started(&typed.command, plan.exec(call.env, &typed.command), tell))
}

/// The command has the broker's address and pass; the token stays here, and fresh.
fn behind_broker(
    call: &Call,
    typed: &args::Exec,
    credential: Credential,
    wishes: Wishes,
    (limits, rounds): (Limits, Rounds),
    out: &mut dyn Write,
    tell: &mut Tell,
) -> Result<u8> {
    let deployment = broker::deployment(call, Some(&credential))?;
    let broker = Broker::open()?;
    let traces = broker::traces(call, Some(&credential))?;
    let wishes = brokered::wishes(wishes, &call.order(Mode::Never)?.request, credential.token(), &traces);
    let handed = Handed { token: broker.pass(), deployment: Some(broker.address()) };
    let plan = Plan::new(handed, credential.token(), call.env, &wishes);
    if typed.explain {
        let shown = explain(&credential, &plan, Some(&broker), out);
        let rules = broker::in_words(&limits.words());
        return shown.and_then(|()| writeln!(out, "the broker lets pass: {rules}")).map(|()| 0).or_else(closed);
    }
    tell.warn(&plan.left.iter().map(|name| left(name)).collect::<Vec<_>>());
    let credential = Arc::new(credential);
    let keeper = broker::keep(call, rounds, Arc::clone(&credential), &deployment)?;
    broker.serve(keeper, &deployment, call.env, call.pace()?.timeout, limits)?;
    supervised::run(call, typed, &credential, &plan, &|| (!broker.is_asked()).then(not_asked), tell)
}

fn not_asked() -> Remark {
    let what =
        "the program sent no request through the broker: it probably names its host itself, or puts https:// before it";
    Remark::new("not_asked", what).hint(
        "have it read CODEOCEAN_DOMAIN and CODEOCEAN_TOKEN; --domain-as NAME and --as NAME set them under other names",
    )
}

/// The account's e-mail, where it is known: the deployment is not asked. Git needs it, so a mistake in what names it is told.
fn email(order: &Order, credential: &Credential, is_needed: bool, tell: &mut Tell) -> Option<Email> {
    let email = account(&Order { mode: Mode::Never, ..*order }, credential);
    tell.warn(&email.as_ref().err().filter(|_| is_needed).map(Remark::from).into_iter().collect::<Vec<_>>());
    email.ok().flatten()
}

/// What `--domain-as` asks for.
fn domain_names(typed: &args::Exec, credential: &Credential) -> Result<Vec<(String, Form)>> {
    let names = typed.domains.iter().map(|typed| values::domain_name(typed)).collect::<Result<Vec<_>>>()?;
    match credential.deployment() {
        None if !names.is_empty() => Err(no_deployment("--domain-as needs the deployment, and none is known")),
        _ => Ok(names),
    }
}

fn no_deployment(what: &str) -> Error {
    Error::new(Reason::NoDeployment, what)
        .hint("name it with --deployment https://codeocean.example.org or CODEOCEAN_DOMAIN")
}

/// The variables that make Git ask this very program.
fn git_wiring(order: &Order, credential: &Credential, email: Option<&Email>) -> Result<Vec<Assignment>> {
    let sited = credential.deployment();
    let sited = sited.ok_or_else(|| no_deployment("--git needs the deployment's host, and none is known"))?;
    let program = supervised::program()?;
    wiring(order.request.env, email, &sited.deployment, &program)
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
    for name in &plan.kept {
        writeln!(out, "keep    {name} (it names the deployment already)")?;
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
