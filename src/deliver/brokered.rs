//! For a program behind the broker: what must not be in its environment, and what must, so that it finds the broker.

use std::ffi::{OsStr, OsString};

use crate::env::Env;
use crate::locate::agent::SOCKET;
use crate::traces::{Traces, betrays};

use super::Assignment;
use super::exec::Wishes;

/// Variables by which another co-cred would find its way to the token.
const LEADS: [&str; 4] = [SOCKET, "CO_CRED_AGENT_PID", "CO_CRED_TOKEN_FILE", "CO_CRED_TOKEN_ENV"];

/// Where the broker is: no proxy leads there.
const HERE: &str = "127.0.0.1,localhost";

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

/// The exceptions from the proxy with the broker among them; clients look at one name or the other.
pub fn directly(env: &Env) -> Vec<Assignment> {
    let names = ["NO_PROXY", "no_proxy"];
    let others = names.into_iter().find_map(|name| env.text(name));
    let list = others.map_or_else(|| HERE.to_owned(), |others| format!("{others},{HERE}"));
    names.map(|name| Assignment::plain(name, &list)).into()
}
