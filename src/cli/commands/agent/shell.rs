//! What a shell evaluates when its agent starts and ends. What it had before a broker took its place is kept in the shell
//! itself: what may be seen, in the environment; what is or leads to a token, in variables that no child gets.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use crate::broker::is_pass;
use crate::credential::Credential;
use crate::deliver::brokered::{directly, domains};
use crate::deliver::quoted;
use crate::env::Env;
use crate::error::Result;
use crate::ipc::{BROKER_SOCKET, BrokerOffer, SOCKET};
use crate::names::{DOMAINS, TOKEN};
use crate::parse::shell::is_name;
use crate::token::Token;

use crate::cli::{Invocation, broker, closed};

/// The variable with the agent's process.
pub(in crate::cli) const PID: &str = "CO_CRED_AGENT_PID";

/// The variable with the names of those that were changed; with `_` and such a name behind it, what that one was.
const FORMER: &str = "CO_CRED_FORMER";

/// While values are kept, the shell shows none (`set -x`), and exports none (`set -a`).
const QUIETLY: &str = "CO_CRED_SHELL=$-; set +ax;\n";
const AS_BEFORE: &str =
    "case $CO_CRED_SHELL in *a*) set -a;; esac; case $CO_CRED_SHELL in *x*) set -x;; esac; unset CO_CRED_SHELL;\n";

/// An agent that runs, as a shell is told of it.
pub(super) struct Running<'a> {
    pub(super) socket: &'a Path,
    pub(super) pid: u32,
    pub(super) brokered: Option<&'a BrokerOffer>,
    /// The fingerprint of its token.
    pub(super) fingerprint: Option<String>,
    /// Its token, where this process holds it.
    pub(super) held: Option<&'a Credential>,
}

/// Where the agent is; or where its broker is, and then no way to the token, and no variable with one.
pub(super) fn write_variables(invocation: &Invocation, running: &Running, out: &mut dyn Write) -> Result<()> {
    let mut new = vec![(PID.to_owned(), running.pid.to_string())];
    let socket = quoted(&running.socket.display().to_string());
    let text = match running.brokered {
        None => {
            new.insert(0, (SOCKET.to_owned(), socket));
            new.iter().map(|(name, value)| set(name, value)).collect()
        }
        Some(brokered) => {
            new.insert(0, (BROKER_SOCKET.to_owned(), socket));
            instead(invocation, running, brokered, new)?
        }
    };
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map(|()| 0).or_else(closed).map(drop)
}

/// The broker in place of the deployment; its pass in place of the token, under every name under which that stood.
fn instead(
    invocation: &Invocation,
    running: &Running,
    brokered: &BrokerOffer,
    mut new: Vec<(String, String)>,
) -> Result<String> {
    let BrokerOffer { domain, token, rules: _ } = brokered;
    let env = invocation.env;
    let secret: BTreeSet<String> = broker::secret_variables(invocation, running.held)?.into_iter().collect();
    new.extend(domains(env).into_iter().map(|name| (name.to_owned(), quoted(domain))));
    new.push((TOKEN.to_owned(), quoted(token)));
    new.extend(directly(env).iter().map(|other| (other.name.clone(), quoted(&other.value))));
    let (held, unset): (Vec<String>, Vec<String>) = secret
        .iter()
        .filter(|name| new.iter().all(|(set, _)| set != *name))
        .cloned()
        .partition(|name| holds(env, name, running.fingerprint.as_deref()));
    new.extend(held.into_iter().map(|name| (name, quoted(token))));
    // A shell that has evaluated this before keeps what it had then.
    let mut changed = former(env);
    let mut text = QUIETLY.to_owned();
    for name in new.iter().map(|(name, _)| name).chain(&unset) {
        if changed.insert(name.clone()) && env.has(name) {
            text.push_str(&keep(name, name != TOKEN && !secret.contains(name)));
        }
    }
    text.push_str(AS_BEFORE);
    text.push_str(&set(FORMER, &quoted(&changed.into_iter().collect::<Vec<String>>().join(" "))));
    new.iter().for_each(|(name, value)| text.push_str(&set(name, value)));
    unset.iter().for_each(|name| text.push_str(&format!("unset {name};\n")));
    Ok(text)
}

/// Whether a variable is the token with this fingerprint, or a pass that took its place before.
fn holds(env: &Env, name: &str, fingerprint: Option<&str>) -> bool {
    let parsed = env.get(name).and_then(|value| Token::parse(value.as_encoded_bytes()).ok());
    let is_its = |token: &Token| is_pass(token) || Some(token.fingerprint().as_str()) == fingerprint;
    parsed.is_some_and(|parsed| is_its(&parsed.token))
}

fn set(name: &str, value: &str) -> String {
    format!("{name}={value}; export {name};\n")
}

/// Keeps what a variable is, for children to see or not.
fn keep(name: &str, is_plain: bool) -> String {
    let former = format!("{FORMER}_{name}");
    let export = if is_plain { format!(" export {former};") } else { String::new() };
    // One that was exported before would be still.
    format!("unset {former}; {former}=${name};{export}\n")
}

/// The variables that were changed in this shell.
fn former(env: &Env) -> BTreeSet<String> {
    let names = env.text(FORMER).unwrap_or_default().split(' ');
    names.filter(|name| is_name(name)).map(str::to_owned).collect()
}

/// What a shell evaluates once its agent has ended; nothing where it had none. What is set again is what this very shell had:
/// whoever answered at the socket may have been anybody.
pub(super) fn afterwards(env: &Env) -> String {
    if !env.has(BROKER_SOCKET) {
        return if env.has(SOCKET) || env.has(PID) { format!("unset {SOCKET} {PID};") } else { String::new() };
    }
    let mut changed = former(env);
    let led = DOMAINS.into_iter().filter(|name| env.has(name)).chain([TOKEN, BROKER_SOCKET, PID]);
    changed.extend(led.map(str::to_owned));
    let again = changed.iter().map(|name| again(name)).collect::<String>();
    format!("{QUIETLY}{again}{AS_BEFORE}unset {FORMER};")
}

fn again(name: &str) -> String {
    let former = format!("{FORMER}_{name}");
    format!(
        "if [ -n \"${{{former}+x}}\" ]; then {name}=${former}; export {name}; unset {former}; else unset {name}; fi;\n"
    )
}
