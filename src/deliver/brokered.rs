//! For a program behind the broker: what must not be in its environment, and what must, so that it finds the broker.

use std::ffi::{OsStr, OsString};

use crate::env::Env;
use crate::ipc::BROKER_SOCKET;
use crate::names::{DOMAIN, DOMAINS};
use crate::patterns::{Encodings, holds_token};
use crate::sources::{self, SearchOptions};
use crate::token::Token;

use super::Assignment;
use super::exec::Wishes;

/// Variables of an agent, beside those by which a source is found.
const OF_AGENT: [&str; 2] = [BROKER_SOCKET, "CO_CRED_AGENT_PID"];

/// The same wishes, with no token in the environment, whichever it is, and the broker reached without a proxy. Where this
/// very token stood on its own, its author's program finds the pass.
pub fn wishes(wishes: Wishes, search: &SearchOptions, token: &Token, encodings: &[Encodings]) -> Wishes {
    let env = search.context.env;
    let holds_it = |value: &OsStr| Token::parse(value.as_encoded_bytes()).is_ok_and(|parsed| parsed.token == *token);
    let names =
        env.iter().filter(|(_, value)| holds_it(value)).filter_map(|(name, _)| name.to_str().map(str::to_owned));
    Wishes {
        names: wishes.names.into_iter().chain(names).collect(),
        without: without(search, encodings),
        others: wishes.others.into_iter().chain(directly(env)).collect(),
        ..wishes
    }
}

/// The variables that hold a token, whichever it is, or by which another co-cred would find its way to one.
pub fn without(search: &SearchOptions, encodings: &[Encodings]) -> Vec<OsString> {
    let named = sources::named_by(search);
    let leads = |name: &OsStr| named.iter().chain(&OF_AGENT).any(|lead| name == *lead);
    let without = search.context.env.iter().filter(|(name, value)| leads(name) || holds_token(value, encodings));
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
    DOMAINS.into_iter().filter(|name| *name == DOMAIN || env.has(name)).collect()
}
