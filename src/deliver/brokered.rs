//! For a program behind the broker: what must not be in its environment, and what must, so that it finds the broker.

use std::ffi::{OsStr, OsString};

use crate::env::Env;
use crate::locate::agent::{BROKER_SOCKET, SOCKET};
use crate::traces::{Traces, betrays};

use super::exec::Wishes;
use super::{Assignment, DOMAIN, DOMAIN_NAMES};

/// Variables by which another co-cred would find its way to the token.
const LEADS: [&str; 7] = [
    SOCKET,
    BROKER_SOCKET,
    "CO_CRED_AGENT_PID",
    "CO_CRED_SECRETS_DIR",
    "CO_CRED_TOKEN_ENV",
    "CO_CRED_TOKEN_FILE",
    "CODEOCEAN_CREDENTIALS_PATH",
];

/// The same wishes, with no token in the environment, whichever it is, and the broker reached without a proxy.
pub fn wishes(wishes: Wishes, env: &Env, traces: &[Traces]) -> Wishes {
    Wishes { without: without(env, traces), others: directly(env), ..wishes }
}

/// The variables that hold a token, whichever it is, or lead to one.
pub fn without(env: &Env, traces: &[Traces]) -> Vec<OsString> {
    let leads = |name: &OsStr| LEADS.iter().any(|lead| name == *lead);
    let without = env.iter().filter(|(name, value)| leads(name) || betrays(value, traces));
    without.map(|(name, _)| name.to_owned()).collect()
}

/// The exceptions from the proxy, with the broker among them: no proxy leads there. Clients look at one name or the other.
pub fn directly(env: &Env) -> Vec<Assignment> {
    let names = ["NO_PROXY", "no_proxy"];
    let any = names.into_iter().find_map(|name| env.text(name)).unwrap_or_default();
    names.map(|name| Assignment::plain(name, &with_us(env.text(name).unwrap_or(any)))).into()
}

fn with_us(list: &str) -> String {
    let has = |name: &str| list.split(',').any(|item| matches!(item.trim(), "*") || item.trim() == name);
    let missing = ["127.0.0.1", "localhost"].into_iter().filter(|name| !has(name));
    let all: Vec<&str> = Some(list).filter(|list| !list.is_empty()).into_iter().chain(missing).collect();
    all.join(",")
}

/// The variables that name a deployment in this environment, all of which are to name the broker.
pub fn domains(env: &Env) -> Vec<&'static str> {
    DOMAIN_NAMES.into_iter().filter(|name| *name == DOMAIN || env.has(name)).collect()
}
