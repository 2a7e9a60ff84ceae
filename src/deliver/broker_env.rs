//! The environment of a program behind the broker: without a token, and with what leads its requests to the broker.

use std::ffi::{OsStr, OsString};

use crate::env::Env;
use crate::ipc::BROKER_SOCKET;
use crate::names::{DOMAIN, DOMAINS};
use crate::patterns::{Encodings, holds_token};
use crate::sources::{self, SearchOptions};
use crate::token::Token;

use super::Assignment;
use super::exec::ExecOptions;

/// Variables of the agent, beside those that name a source.
const AGENT_VARIABLES: [&str; 2] = [BROKER_SOCKET, "CO_CRED_AGENT_PID"];

/// The same options, with every variable removed that holds a token, and the broker reached without a proxy. A variable
/// whose value was the token alone is set to the pass, for programs that read that name.
pub fn exec_options(
    options: ExecOptions,
    search: &SearchOptions,
    token: &Token,
    encodings: &[Encodings],
) -> ExecOptions {
    let env = search.context.env;
    let is_token = |value: &OsStr| Token::parse(value.as_encoded_bytes()).is_ok_and(|parsed| parsed.token == *token);
    let names =
        env.iter().filter(|(_, value)| is_token(value)).filter_map(|(name, _)| name.to_str().map(str::to_owned));
    ExecOptions {
        token_names: options.token_names.into_iter().chain(names).collect(),
        unset: secret_variables(search, encodings),
        variables: options.variables.into_iter().chain(no_proxy(env)).collect(),
        ..options
    }
}

/// The variables that hold a token, or that would lead another co-cred to one.
pub fn secret_variables(search: &SearchOptions, encodings: &[Encodings]) -> Vec<OsString> {
    let named = sources::named_by(search);
    let leads_to_token = |name: &OsStr| named.iter().chain(&AGENT_VARIABLES).any(|variable| name == *variable);
    let secret =
        search.context.env.iter().filter(|(name, value)| leads_to_token(name) || holds_token(value, encodings));
    secret.map(|(name, _)| name.to_owned()).collect()
}

/// `NO_PROXY` with the broker's address added, since no proxy leads there. Clients read one spelling or the other.
pub fn no_proxy(env: &Env) -> Vec<Assignment> {
    let names = ["NO_PROXY", "no_proxy"];
    let any = names.into_iter().find_map(|name| env.text(name)).unwrap_or_default();
    names.map(|name| Assignment::plain(name, &with_broker(env.text(name).unwrap_or(any)))).into()
}

fn with_broker(list: &str) -> String {
    let has = |name: &str| list.split(',').any(|item| matches!(item.trim(), "*") || item.trim() == name);
    let missing = ["127.0.0.1", "localhost"].into_iter().filter(|name| !has(name));
    let all: Vec<&str> = Some(list).filter(|list| !list.is_empty()).into_iter().chain(missing).collect();
    all.join(",")
}

/// The variables that name a deployment in this environment; all are set to the broker's address.
pub fn domains(env: &Env) -> Vec<&'static str> {
    DOMAINS.into_iter().filter(|name| *name == DOMAIN || env.has(name)).collect()
}
