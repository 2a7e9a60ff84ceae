//! `co-cred exec`: runs a command in place of co-cred. Exit codes: 125 for failures of co-cred itself, 126 where the command
//! cannot be executed, 127 where it does not exist.

use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::Arc;

use crate::agent::RefreshLoop;
use crate::broker::{Broker, Restrictions};
use crate::credential::{Credential, Mode, ObtainOptions, account, obtain};
use crate::deliver::exec::{ExecOptions, Plan};
use crate::deliver::git::environment;
use crate::deliver::{Assignment, Delivery, broker_env};
use crate::deployment::{Deployment, Form};
use crate::email::Email;
use crate::error::{Error, Reason, Remark, Result};
use crate::names::EMAIL;

use super::supervised;
use crate::cli::args;
use crate::cli::exit::{Outcome, not_started};
use crate::cli::messages::{Messages, clean};
use crate::cli::values::variable_names;
use crate::cli::{Invocation, broker, usage, values};

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Exec,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Outcome {
    check(typed)?;
    let restrictions = broker::restrictions(&typed.broker_options)?;
    let options = ObtainOptions { owner: typed.git, ..invocation.options(Mode::Auto)? };
    // Watched before it is read, so that no change is missed.
    let refresh = restrictions.is_some().then(|| RefreshLoop::new(&options, true));
    let credential = obtain(&options)?;
    messages.warn(credential.remarks());
    let exec_options = exec_options(typed, &options, &credential, messages)?;
    let run = match restrictions.zip(refresh) {
        None => Run::direct(invocation, typed, credential, &exec_options),
        Some((restrictions, refresh)) => {
            Run::brokered(invocation, typed, credential, exec_options, restrictions, refresh)?
        }
    };
    if typed.explain {
        run.explain(out)?;
        return Ok(0);
    }
    messages.warn(&run.plan.left.iter().map(|name| left(name)).collect::<Vec<_>>());
    Ok(match run.broker.is_some() || typed.mask || !typed.gate.is_empty() {
        true => run.supervise(messages)?,
        false => run.replace(messages),
    })
}

/// What is wrong with the command line before anything is looked for.
fn check(typed: &args::Exec) -> Result<()> {
    if let Some(error) = typed.command.first().and_then(|first| usage::token_typed(&[OsString::new(), first.clone()])) {
        return Err(error);
    }
    variable_names(&typed.names)
}

/// What the options ask for on top of the token and its deployment.
fn exec_options(
    typed: &args::Exec,
    options: &ObtainOptions,
    credential: &Credential,
    messages: &mut Messages,
) -> Result<ExecOptions> {
    let email = email(options, credential, typed.git, messages);
    let mut variables = if typed.git { git_wiring(options, credential, email.as_ref())? } else { Vec::new() };
    if let Some(email) = email.filter(|_| options.search.context.env.get(EMAIL).is_none()) {
        variables.push(Assignment::plain(EMAIL, email.as_str()));
    }
    Ok(ExecOptions {
        token_names: typed.names.clone(),
        all_names: typed.all_names,
        domain_names: domain_names(typed, credential)?,
        clean: typed.clean,
        unset: Vec::new(),
        variables,
    })
}

/// A command that is about to be run, and what its environment will be.
struct Run<'a> {
    invocation: &'a Invocation<'a>,
    typed: &'a args::Exec,
    credential: Arc<Credential>,
    plan: Plan,
    broker: Option<ReadyBroker>,
}

/// A broker that serves once the command is about to start.
struct ReadyBroker {
    broker: Broker,
    deployment: Deployment,
    restrictions: Restrictions,
    refresh: RefreshLoop,
}

impl<'a> Run<'a> {
    /// The command holds the token.
    fn direct(
        invocation: &'a Invocation<'a>,
        typed: &'a args::Exec,
        credential: Credential,
        exec_options: &ExecOptions,
    ) -> Run<'a> {
        let plan = Plan::new((&credential).into(), credential.token(), invocation.env, exec_options);
        Run { invocation, typed, credential: Arc::new(credential), plan, broker: None }
    }

    /// The command has the broker's address and pass; the token stays here, and fresh.
    fn brokered(
        invocation: &'a Invocation<'a>,
        typed: &'a args::Exec,
        credential: Credential,
        exec_options: ExecOptions,
        restrictions: Restrictions,
        refresh: RefreshLoop,
    ) -> Result<Run<'a>> {
        let deployment = broker::deployment(invocation, Some(&credential))?;
        let broker = Broker::open()?;
        let encodings = broker::encodings(invocation, Some(&credential))?;
        let exec_options = broker_env::exec_options(
            exec_options,
            &invocation.options(Mode::Never)?.search,
            credential.token(),
            &encodings,
        );
        let delivery = Delivery { token: broker.pass(), deployment: Some(broker.address()) };
        let plan = Plan::new(delivery, credential.token(), invocation.env, &exec_options);
        let broker = Some(ReadyBroker { broker, deployment, restrictions, refresh });
        Ok(Run { invocation, typed, credential: Arc::new(credential), plan, broker })
    }

    fn explain(&self, out: &mut dyn Write) -> io::Result<()> {
        let broker = self.broker.as_ref();
        explain(&self.credential, &self.plan, broker.map(|ready| &ready.broker), out)?;
        match broker {
            None => Ok(()),
            Some(ready) => writeln!(out, "the broker lets pass: {}", broker::describe(&ready.restrictions.rules())),
        }
    }

    /// The command stays our child: its output is masked, its results are searched, its requests are answered.
    fn supervise(self, messages: &mut Messages) -> Result<u8> {
        let Run { invocation, typed, credential, plan, broker } = self;
        let broker = broker.map(|ready| ready.serve(invocation, &credential)).transpose()?;
        let afterwards = || broker.as_ref().is_some_and(|broker| !broker.has_requests()).then(not_asked);
        supervised::run(invocation, typed, &credential, &plan, &afterwards, messages)
    }

    /// The command takes our place. Returns only where that fails.
    fn replace(&self, messages: &mut Messages) -> u8 {
        not_started(&self.typed.command, self.plan.exec(self.invocation.env, &self.typed.command), messages)
    }
}

impl ReadyBroker {
    fn serve(self, invocation: &Invocation, credential: &Arc<Credential>) -> Result<Broker> {
        let ReadyBroker { broker, deployment, restrictions, refresh } = self;
        let token_state = broker::keep_fresh(invocation, refresh, Arc::clone(credential), &deployment)?;
        broker.serve(token_state, &deployment, invocation.env, invocation.budget()?.timeout, restrictions)?;
        Ok(broker)
    }
}

fn not_asked() -> Remark {
    let what = "the program sent no request through the broker";
    Remark::new("not_asked", what).hint(
        "if it should have: perhaps its host is fixed in its code, or it puts https:// before CODEOCEAN_DOMAIN; \
         --domain-as NAME and --as NAME set the variables that it reads",
    )
}

/// The account's e-mail, where it is known without asking the deployment. Git needs it, so an error in the variable that names it
/// becomes a warning.
fn email(options: &ObtainOptions, credential: &Credential, is_needed: bool, messages: &mut Messages) -> Option<Email> {
    let email = account(&ObtainOptions { mode: Mode::Never, ..*options }, credential);
    messages.warn(&email.as_ref().err().filter(|_| is_needed).map(Remark::from).into_iter().collect::<Vec<_>>());
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
fn git_wiring(options: &ObtainOptions, credential: &Credential, email: Option<&Email>) -> Result<Vec<Assignment>> {
    let resolved = credential.deployment();
    let resolved = resolved.ok_or_else(|| no_deployment("--git needs the deployment's host, and none is known"))?;
    let program = supervised::program()?;
    environment::variables(options.search.context.env, email, &resolved.deployment, &program)
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
            // The port is chosen when the command starts.
            Some(broker) => {
                assignment.value.replace(broker.address().origin(), "the broker's address, http://127.0.0.1:PORT")
            }
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
        Some(resolved) => writeln!(out, "the deployment is named by {}", clean(&resolved.place)),
        None => writeln!(out, "no deployment is known: CODEOCEAN_DOMAIN is not set"),
    }
}
