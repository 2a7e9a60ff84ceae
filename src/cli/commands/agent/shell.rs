//! What a shell evaluates when its agent starts and ends.
//!
//! The variables that a broker replaces are saved in the shell itself, and restored when the agent ends: those that may be
//! seen, in exported variables; those that hold or lead to a token, in variables that no child process gets.
//!
//! A shell may refuse to change a variable. The script of a broker tries each one in a subshell first, since dash ends and
//! bash skips a line where an assignment fails. Its last command fails if any variable is not as it should be.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use crate::broker::is_pass;
use crate::cli::broker::{SecretVariables, secret_variables};
use crate::cli::{Invocation, exit};
use crate::credential::Credential;
use crate::deliver::broker_env::{domains, no_proxy};
use crate::deliver::quoted;
use crate::env::Env;
use crate::error::Result;
use crate::ipc::{BROKER_SOCKET, BrokerOffer, SOCKET};
use crate::names::{DOMAINS, TOKEN};
use crate::parse::shell::is_name;
use crate::token::Token;

/// The variable with the agent's process.
const PID: &str = "CO_CRED_AGENT_PID";

/// The variable with the names of those that were replaced. Followed by `_` and such a name, the variable with its former
/// value.
const FORMER: &str = "CO_CRED_FORMER";

/// Suspends `set -x`, which would show values, and `set -a`, which would export them.
const SUSPEND_OPTIONS: &str = "CO_CRED_SHELL=$-; set +ax;\n";
const RESTORE_OPTIONS: &str =
    "case $CO_CRED_SHELL in *a*) set -a;; esac; case $CO_CRED_SHELL in *x*) set -x;; esac; unset CO_CRED_SHELL;\n";

/// Names what the shell could not change in `CO_CRED_KEPT`, and succeeds if there is nothing.
const CHECK: &str = "if [ -z \"$CO_CRED_KEPT\" ]; then unset CO_CRED_KEPT; else \
     printf '%s\\n' \"co-cred: error: this shell cannot change$CO_CRED_KEPT, so its programs may still get your token\" \
     'hint: start another shell, in which they are not readonly' >&2; unset CO_CRED_KEPT; false; fi;\n";

/// A running agent, as its shell needs to know it.
pub(super) struct AgentVariables<'a> {
    pub(super) socket: &'a Path,
    pub(super) pid: u32,
    pub(super) broker: Option<&'a BrokerOffer>,
    /// The fingerprint of the agent's token.
    pub(super) fingerprint: Option<String>,
    /// The agent's token, if this process holds it.
    pub(super) credential: Option<&'a Credential>,
}

/// Prints the variables that lead to the agent; or to its broker, and then none that hold or lead to a token.
pub(super) fn write_variables(invocation: &Invocation, agent: &AgentVariables, out: &mut dyn Write) -> Result<()> {
    let mut new = vec![(PID.to_owned(), agent.pid.to_string())];
    let socket = quoted(&agent.socket.display().to_string());
    let script = match agent.broker {
        None => {
            new.insert(0, (SOCKET.to_owned(), socket));
            new.iter().map(|(name, value)| set(name, value)).collect()
        }
        Some(offer) => {
            new.insert(0, (BROKER_SOCKET.to_owned(), socket));
            broker_script(invocation, agent, offer, new)?
        }
    };
    let written = out.write_all(script.as_bytes()).and_then(|()| out.flush());
    exit::written(written)
}

/// Replaces the deployment by the broker, and the token by the broker's pass under every name that holds it. `new` are further
/// variables to set.
fn broker_script(
    invocation: &Invocation,
    agent: &AgentVariables,
    offer: &BrokerOffer,
    mut new: Vec<(String, String)>,
) -> Result<String> {
    let BrokerOffer { domain, token, rules: _ } = offer;
    let env = invocation.env;
    let SecretVariables { names: secret, functions } = secret_variables(invocation, agent.credential)?;
    new.extend(domains(env).into_iter().map(|name| (name.to_owned(), quoted(domain))));
    new.push((TOKEN.to_owned(), quoted(token)));
    new.extend(no_proxy(env).iter().map(|other| (other.name.clone(), quoted(&other.value))));
    let (holding, unset): (Vec<String>, Vec<String>) = secret
        .iter()
        .filter(|name| new.iter().all(|(set, _)| set != *name))
        .cloned()
        .partition(|name| holds_token(env, name, agent.fingerprint.as_deref()));
    new.extend(holding.into_iter().map(|name| (name, quoted(token))));
    // A shell that evaluated a script of an agent before keeps the values that it saved then.
    let mut replaced = replaced_variables(env);
    let mut script = SUSPEND_OPTIONS.to_owned();
    for name in new.iter().map(|(name, _)| name).chain(&unset) {
        if replaced.insert(name.clone()) && env.has(name) {
            script.push_str(&save(name, name != TOKEN && !secret.contains(name)));
        }
    }
    new.push((FORMER.to_owned(), quoted(&replaced.into_iter().collect::<Vec<String>>().join(" "))));
    script.push_str("CO_CRED_KEPT=;\n");
    script.extend(new.iter().map(|(name, value)| try_set(name, value)));
    script.extend(unset.iter().map(|name| try_unset(name)));
    script.extend(functions.iter().map(|name| try_unset_function(name)));
    // In braces, a script that is cut off is a syntax error, and none of it is run.
    Ok(format!("{{\n{script}{RESTORE_OPTIONS}{CHECK}}}\n"))
}

/// Whether a variable is the token with this fingerprint, or a pass that replaced it before.
fn holds_token(env: &Env, name: &str, fingerprint: Option<&str>) -> bool {
    let parsed = env.get(name).and_then(|value| Token::parse(value.as_encoded_bytes()).ok());
    let is_its = |token: &Token| is_pass(token) || Some(token.fingerprint().as_str()) == fingerprint;
    parsed.is_some_and(|parsed| is_its(&parsed.token))
}

fn set(name: &str, value: &str) -> String {
    format!("{name}={value}; export {name};\n")
}

/// Sets a variable if the shell allows it, and adds it to `CO_CRED_KEPT` if it has another value after that.
fn try_set(name: &str, value: &str) -> String {
    let set = set(name, value);
    let set = set.trim_end();
    format!(
        "if {}; then {set} fi; [ \"${{{name}-}}\" = {value} ] || CO_CRED_KEPT=\"$CO_CRED_KEPT {name}\";\n",
        can_change(name)
    )
}

/// Unsets a variable if the shell allows it, and adds it to `CO_CRED_KEPT` if it is still set after that.
fn try_unset(name: &str) -> String {
    format!(
        "if {}; then unset {name}; fi; [ -z \"${{{name}+x}}\" ] || CO_CRED_KEPT=\"$CO_CRED_KEPT {name}\";\n",
        can_change(name)
    )
}

/// Unsets a function that bash exports. Another shell passes the function on to its programs, and cannot remove it.
fn try_unset_function(name: &str) -> String {
    let name = quoted(name);
    format!(
        "if [ -n \"${{BASH_VERSION-}}\" ] && declare -F -- {name} >/dev/null && unset -f -- {name} 2>/dev/null; then :; \
         else CO_CRED_KEPT=\"$CO_CRED_KEPT \"{name}'()'; fi;\n"
    )
}

/// A condition: whether the shell allows a variable to be changed.
fn can_change(name: &str) -> String {
    format!("(unset {name}) 2>/dev/null")
}

/// Saves the value of a variable, exported if child processes may see it.
fn save(name: &str, is_public: bool) -> String {
    let former = format!("{FORMER}_{name}");
    let export = if is_public { format!(" export {former};") } else { String::new() };
    // Without the unset, a variable that was exported before would stay so.
    format!("unset {former}; {former}=${name};{export}\n")
}

/// The variables that this shell's agent has replaced.
fn replaced_variables(env: &Env) -> BTreeSet<String> {
    let names = env.text(FORMER).unwrap_or_default().split(' ');
    names.filter(|name| is_name(name)).map(str::to_owned).collect()
}

/// What restores a shell's variables when its agent has ended; empty where it had no agent. The values are those that the
/// shell saved itself, and never the response of a program at the socket.
pub(super) fn stop_script(env: &Env) -> String {
    if !env.has(BROKER_SOCKET) {
        return if env.has(SOCKET) || env.has(PID) { format!("unset {SOCKET} {PID};") } else { String::new() };
    }
    let mut replaced = replaced_variables(env);
    let always = DOMAINS.into_iter().filter(|name| env.has(name)).chain([TOKEN, BROKER_SOCKET, PID]);
    replaced.extend(always.map(str::to_owned));
    let restore = replaced.iter().map(|name| restore(name)).collect::<String>();
    format!("{SUSPEND_OPTIONS}{restore}{RESTORE_OPTIONS}unset {FORMER};")
}

/// Restores a variable that was saved, or unsets it.
fn restore(name: &str) -> String {
    let former = format!("{FORMER}_{name}");
    // Where the shell does not allow the change, it says so itself.
    format!(
        "if ! (unset {name}); then unset {former}; elif [ -n \"${{{former}+x}}\" ]; then {name}=${former}; export {name}; unset {former}; else unset {name}; fi;\n"
    )
}
