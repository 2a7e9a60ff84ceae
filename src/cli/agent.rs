//! `co-cred agent`: start one, see how it is, end it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::agent::{self, Claim, Home, Keeper, Outlet, Told};
use crate::broker::is_pass;
use crate::credential::{Mode, Order};
use crate::deliver::brokered::{directly, domains};
use crate::deliver::quoted;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::locate::agent::{Answer, Ask, BROKER_SOCKET, Brokered, SOCKET, Status, ask};
use crate::locate::{self, Request};
use crate::names::{DOMAINS, TOKEN};
use crate::token::Token;

use super::args::AgentAction;
use super::broker::{Opened, in_words};
use super::tell::{Tell, clean};
use super::{Call, args, broker, closed, supervised, system};

/// So long an agent may take to be ready, on top of what the deployment may.
const START: Duration = Duration::from_secs(20);

/// So long an agent may take to end.
const END: Duration = Duration::from_secs(5);

/// Before a variable's name, that of the one that keeps what it was before it named the broker.
const FORMER: &str = "CO_CRED_FORMER_";

pub(super) fn run(call: &Call, typed: &args::Agent, out: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    agent::supported()?;
    let socket = typed.socket.clone().or_else(|| agent::socket(call.env)).ok_or_else(|| {
        Error::new(Reason::Usage, "there is no folder for the agent's socket: neither XDG_RUNTIME_DIR nor HOME is set")
            .hint("--socket names one")
    })?;
    let socket = std::path::absolute(&socket).unwrap_or(socket);
    match (typed.action, typed.foreground || typed.detach) {
        (Some(AgentAction::Status), _) => status(&socket, typed.json, out),
        (Some(AgentAction::Stop), _) => stop(call, &socket, out),
        (None, true) => foreground(call, typed, &socket, out, tell),
        (None, false) => {
            let started = background(call, typed, &socket, out);
            if typed.brokered.broker && !matches!(started, Ok(0)) {
                // A shell that evaluates nothing would go on, with the token.
                let _ = out.write_all(b"false;\n");
            }
            started
        }
    }
}

/// Runs here until it is stopped.
fn foreground(call: &Call, typed: &args::Agent, socket: &Path, out: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    let home = match Home::claim(call.env, socket)? {
        Claim::Ours(home) => home,
        // Two shells started at once: the other one's is ours as well.
        Claim::Taken if typed.detach => return other(call, typed, socket, out),
        Claim::Taken => {
            return Err(Error::new(Reason::Usage, format!("an agent runs already at {}", socket.display()))
                .hint("co-cred agent status shows it; --socket names another place"));
        }
    };
    // An agent does not ask itself.
    let mut env: Env = call.env.clone();
    env.remove(SOCKET);
    let order = call.order(Mode::Auto)?;
    let order = Order { request: Request { env: &env, ..order.request }, ..order };
    let detach = typed.detach;
    let opened = broker::open(&typed.brokered)?;
    let offer = opened.as_ref().map(Opened::offer);
    let serve = |keeper: &Arc<Keeper>| {
        let deployment = opened.map(|opened| opened.serve(call, &env, keeper)).transpose()?;
        Ok(offer.clone().zip(deployment))
    };
    let ready = || {
        // Whoever started it may not care to read that.
        let _ = write_variables(call, socket, std::process::id(), offer.as_ref(), out);
        if detach { system::leave_the_terminal() } else { Ok(()) }
    };
    let outlet = Outlet::new(keep_file(typed), typed.on_change.clone(), &env, typed.brokered.broker);
    // A log wants to know; a shell that starts does not.
    agent::run(&order, typed.brokered.broker, home, &outlet, serve, ready, |news| told(tell, news, !detach))?;
    Ok(0)
}

/// Tells what happens to the token that is held; where all is well, only whoever wants to know.
pub(super) fn told(tell: &mut Tell, told: Told, all: bool) {
    match told {
        Told::Fresh(place, remarks) => {
            if all {
                tell.done(&format!("the agent holds the token from {place}"));
            }
            tell.warn(&remarks);
        }
        Told::Trouble(error, kept) => {
            let what = if kept { "; the token from before is kept" } else { "; no token is held" };
            let mut remark = Remark::from(&error);
            remark.what.push_str(what);
            tell.warn(&[remark]);
        }
        Told::NotHandedOn(error) => tell.warn(&[Remark::from(&error)]),
    }
}

/// Waits for an agent that somebody else is starting.
fn other(call: &Call, typed: &args::Agent, socket: &Path, out: &mut dyn Write) -> Result<u8> {
    let end = Instant::now() + START;
    while Instant::now() < end {
        if let Ok(Answer::Status(status)) = ask(socket, &Ask::Status) {
            return join(call, typed, socket, &status, out);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(not_started("another one holds its place, and does not answer"))
}

/// Uses the agent that runs. Its broker must be what was asked for: another may let more pass, or lead elsewhere.
fn join(call: &Call, typed: &args::Agent, socket: &Path, status: &Status, out: &mut dyn Write) -> Result<u8> {
    let brokered = match ask(socket, &Ask::Broker) {
        Ok(Answer::Broker(brokered)) if is_one(&brokered) => Some(brokered),
        _ => None,
    };
    let asked = broker::limits(&typed.brokered)?.map(|limits| limits.words());
    let sorted = |rules: &[String]| rules.iter().cloned().collect::<BTreeSet<String>>();
    let why = match (&asked, &brokered) {
        (None, None) => None,
        (None, Some(_)) => Some("has a broker, and gives the token to nobody else".to_owned()),
        (Some(_), None) => Some("has no broker".to_owned()),
        (Some(asked), Some(brokered)) if sorted(asked) != sorted(&brokered.rules) => {
            Some(format!("has a broker with other rules ({})", in_words(&brokered.rules)))
        }
        (Some(_), Some(_)) => elsewhere(call, status)?,
    };
    if let Some(why) = why {
        return Err(Error::new(Reason::Usage, format!("an agent runs already at {}, and {why}", socket.display()))
            .hint("end it with co-cred agent stop, or start another beside it with --socket"));
    }
    write_variables(call, socket, status.pid, brokered.as_ref(), out).map(|()| 0).or_else(closed)
}

/// Whether it is a broker's address on this machine, and a pass: whoever answers at a socket may say anything.
fn is_one(brokered: &Brokered) -> bool {
    let is_here = brokered.domain.strip_prefix("http://127.0.0.1:").is_some_and(|port| port.parse::<u16>().is_ok());
    is_here && Token::parse(brokered.token.as_bytes()).is_ok_and(|parsed| is_pass(&parsed.token))
}

/// Where its broker leads, if that is not where this one would.
fn elsewhere(call: &Call, status: &Status) -> Result<Option<String>> {
    let wanted = locate::destination(&call.order(Mode::Never)?.request)?.map(|sited| sited.deployment);
    // In its own shell, the deployment is the broker.
    let is_there = |there: &str| Some(there) == status.deployment.as_deref() || Some(there) == status.broker.as_deref();
    let other = wanted.filter(|wanted| !is_there(wanted.origin()));
    Ok(other.map(|_| format!("is for {}", status.deployment.as_deref().unwrap_or("no deployment"))))
}

/// Starts one behind us, unless one runs already, and waits until it is ready.
fn background(call: &Call, typed: &args::Agent, socket: &Path, out: &mut dyn Write) -> Result<u8> {
    if let Ok(Answer::Status(status)) = ask(socket, &Ask::Status) {
        return join(call, typed, socket, &status, out);
    }
    let mut agent = Command::new(supervised::program()?);
    agent.args(["agent", "--detach", "--socket"]).arg(socket).args(call.common.typed());
    for (option, value) in [
        ("--keep-file", keep_file(typed).as_ref().map(|path| path.as_os_str())),
        ("--on-change", typed.on_change.as_deref()),
    ] {
        agent.args(value.into_iter().flat_map(|value| [OsStr::new(option), value]));
    }
    agent.args(typed.brokered.typed());
    agent.env_clear().envs(call.env.iter()).stdin(Stdio::null()).stdout(Stdio::piped());
    let started = agent.spawn().map(|mut child| {
        let (sender, receiver) = mpsc::channel();
        let output = child.stdout.take();
        std::thread::spawn(move || {
            let mut text = String::new();
            let read = output.map(|output| output.take(64 * 1024).read_to_string(&mut text));
            let _ = sender.send(read.map(|_| text));
        });
        (child, receiver)
    });
    let (mut child, said) = started.map_err(|error| not_started(&error.to_string()))?;
    match said.recv_timeout(START) {
        Ok(Some(text)) if !text.is_empty() => out.write_all(text.as_bytes()).map(|()| 0).or_else(closed),
        // It has told why.
        Ok(_) => {
            let code = child.wait().ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
            Ok(code.filter(|code| *code != 0).unwrap_or(1))
        }
        Err(_) => {
            let _ = child.kill();
            Err(not_started("it is not ready in time"))
        }
    }
}

/// The file's full path: a bare name has no folder.
fn keep_file(typed: &args::Agent) -> Option<PathBuf> {
    typed.keep_file.as_ref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()))
}

fn not_started(why: &str) -> Error {
    Error::new(Reason::Internal, format!("the agent cannot be started ({why})"))
        .hint("co-cred agent --foreground --verbose shows what it does")
}

/// Where the agent is; or where its broker is, and then no way to the token, and no variable with one.
fn write_variables(
    call: &Call,
    socket: &Path,
    pid: u32,
    brokered: Option<&Brokered>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut text = String::new();
    let mut set = |name: &str, value: &str| text.push_str(&format!("{name}={}; export {name};\n", quoted(value)));
    match brokered {
        None => set(SOCKET, &socket.display().to_string()),
        Some(Brokered { domain, token, .. }) => {
            set(BROKER_SOCKET, &socket.display().to_string());
            // What it stands in for in this shell, to be set again in the end.
            for name in domains(call.env) {
                if let Some(former) = former(call.env, name).or_else(|| call.env.text(name)) {
                    set(&format!("{FORMER}{name}"), former);
                }
            }
            domains(call.env).into_iter().for_each(|name| set(name, domain));
            set(TOKEN, token);
            directly(call.env).iter().for_each(|other| set(&other.name, &other.value));
        }
    }
    text.push_str(&format!("CO_CRED_AGENT_PID={pid}; export CO_CRED_AGENT_PID;\n"));
    let unset = brokered.map(|_| broker::unset(call)).unwrap_or_default();
    unset.iter().for_each(|name| text.push_str(&format!("unset {name};\n")));
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn status(socket: &Path, json: bool, out: &mut dyn Write) -> Result<u8> {
    let Status { pid, deployment, place, fingerprint, since, changes, trouble, broker, rules } =
        match ask(socket, &Ask::Status) {
            Ok(Answer::Status(status)) => status,
            _ => return Err(no_agent(socket)),
        };
    let since = format!("{since:.0}");
    let shown = |text: Option<String>| clean(&text.unwrap_or_else(|| "none".to_owned()));
    let written = if json {
        let status = json!({
            "pid": pid, "socket": clean(&socket.display().to_string()), "deployment": deployment, "place": place,
            "fingerprint": fingerprint, "since": since, "changes": changes, "trouble": trouble,
            "broker": broker.map(|domain| json!({ "domain": domain, "rules": rules })),
        });
        writeln!(out, "{status:#}")
    } else {
        let lines = [
            ("process", pid.to_string()),
            ("socket", clean(&socket.display().to_string())),
            ("token", fingerprint.map_or("none".to_owned(), |token| format!("{token} from {}", shown(place)))),
            ("deployment", shown(deployment)),
            ("since", since),
            ("changes", changes.to_string()),
        ];
        let broker = broker.map(|domain| ("broker", clean(&format!("{domain}, {}", in_words(&rules)))));
        let trouble = trouble.map(|trouble| ("trouble", clean(&trouble)));
        lines.into_iter().chain(broker).chain(trouble).try_for_each(|(name, value)| writeln!(out, "{name:<12} {value}"))
    };
    written.map(|()| 0).or_else(closed)
}

/// Ends it, and waits until it is gone.
fn stop(call: &Call, socket: &Path, out: &mut dyn Write) -> Result<u8> {
    match ask(socket, &Ask::Stop) {
        Ok(Answer::Stopping) => {}
        _ => {
            // Killed, perhaps. Its port may be another's by now, and nothing of this shell must go there.
            if call.env.has(BROKER_SOCKET) {
                let _ = writeln!(out, "{}", afterwards(call.env));
            }
            return Err(no_agent(socket));
        }
    }
    let end = Instant::now() + END;
    while socket.exists() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    if socket.exists() {
        return Err(Error::new(Reason::Internal, "the agent has been told to end, and is still there")
            .hint("it may wait for the deployment: try again, or kill it"));
    }
    let unset = afterwards(call.env);
    writeln!(out, "{unset}").map(|()| 0).or_else(closed)
}

/// What a shell evaluates once its agent has ended. What is set again is what this very shell had: whoever answered at the
/// socket may have been anybody.
fn afterwards(env: &Env) -> String {
    if !env.has(BROKER_SOCKET) {
        return format!("unset {SOCKET} CO_CRED_AGENT_PID;");
    }
    let mut lines = vec![format!("unset {BROKER_SOCKET} CO_CRED_AGENT_PID {TOKEN};")];
    for name in DOMAINS.into_iter().filter(|name| env.has(name)) {
        lines.push(match former(env, name) {
            Some(former) => format!("{name}={}; export {name}; unset {FORMER}{name};", quoted(former)),
            None => format!("unset {name};"),
        });
    }
    lines.join("\n")
}

/// What a variable was before it named the broker.
fn former<'a>(env: &'a Env, name: &str) -> Option<&'a str> {
    env.text(&format!("{FORMER}{name}"))
}

fn no_agent(socket: &Path) -> Error {
    Error::new(Reason::NotFound, format!("no agent answers at {}", socket.display()))
        .hint("start one with: eval \"$(co-cred agent)\"")
}
