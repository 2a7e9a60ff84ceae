//! `co-cred docker-credential`: the same login for images. The protocol puts all texts, errors too, on standard output, and has
//! 1 as its only exit code for errors.

use std::io::{BufRead, Write};

use serde_json::{Map, Value};

use crate::deliver::docker::{self, Login, NO_SERVER, NO_USER, NOT_FOUND};
use crate::email::Email;
use crate::error::{Error, Kind, Remark, Result};
use crate::keyring::{self, UnlockPrompt};
use crate::token::Token;

use crate::cli::exit::Outcome;
use crate::cli::helper::Target;
use crate::cli::messages::{Messages, clean};
use crate::cli::{Invocation, args};

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::DockerCredential,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Outcome {
    let outcome = match typed.action.as_deref().unwrap_or_default() {
        "get" => get(invocation, input),
        "store" => store(invocation, input, messages),
        "erase" => erase(invocation, input, messages),
        "list" => Ok(list(invocation)),
        "version" => Ok(concat!("docker-credential-co-cred (co-cred) v", env!("CARGO_PKG_VERSION")).to_owned()),
        "" => Err("Usage: docker-credential-co-cred <store|get|erase|list|version>".to_owned()),
        action => Err(format!("Unknown credential action `{}`", clean(action))),
    };
    let (code, text) = match &outcome {
        Ok(text) => (0, text),
        Err(text) => (1, text),
    };
    if !text.is_empty() {
        writeln!(out, "{text}")?;
        out.flush()?;
    }
    Ok(code)
}

fn get(invocation: &Invocation, input: &mut dyn BufRead) -> Result<String, String> {
    let text = docker::read(input)?;
    let server = named(&text)?;
    let target = target(invocation, server).map_err(in_words)?.ok_or(NOT_FOUND)?;
    match target.login(invocation, None) {
        Ok(Some((user, credential))) => Ok(docker::answer(server, &user, &credential).to_string()),
        Ok(None) => Err(NOT_FOUND.to_owned()),
        Err(error) if error.kind() == Kind::NotFound => Err(NOT_FOUND.to_owned()),
        Err(error) => Err(in_words(error)),
    }
}

/// Stores the login that `docker login` used with success.
fn store(invocation: &Invocation, input: &mut dyn BufRead, messages: &mut Messages) -> Result<String, String> {
    let text = docker::read(input)?;
    let Login { server, username, secret } =
        serde_json::from_str(&text).map_err(|_| "the request is not the JSON of a login")?;
    let server = named(&server)?;
    if username.is_empty() {
        return Err(NO_USER.to_owned());
    }
    let target = target(invocation, server).map_err(in_words)?;
    let target =
        target.ok_or("co-cred stores logins of Code Ocean registries only; co-cred login adds a deployment")?;
    let email = Email::parse(&username).ok_or("the user name for a Code Ocean registry is the account's e-mail")?;
    let token = Token::parse(secret.as_bytes()).map_err(|malformed| format!("the token {malformed}"))?.token;
    target.keep(invocation, email, token, None, messages).map(|()| String::new()).map_err(in_words)
}

/// Removes the logins of the registry's deployment, or only the configured account's: after `docker logout`, no program may
/// find the token.
fn erase(invocation: &Invocation, input: &mut dyn BufRead, messages: &mut Messages) -> Result<String, String> {
    let text = docker::read(input)?;
    let server = named(&text)?;
    let Some(target) = target(invocation, server).map_err(in_words)? else { return Ok(String::new()) };
    let email = target.email(invocation).map_err(in_words)?;
    let is_meant = |login: &&keyring::Login| {
        login.deployment == target.deployment && email.as_ref().is_none_or(|email| login.email == *email)
    };
    for login in keyring::logins(invocation.env).map_err(in_words)?.iter().filter(is_meant) {
        keyring::remove_one(invocation.env, login, UnlockPrompt::Never).map_err(in_words)?;
        let what = format!("{} is logged out of {}, for Git and the API too", login.email, login.deployment);
        messages.warn(&[Remark::new("logged-out", what).hint("co-cred login stores a token again")]);
    }
    Ok(String::new())
}

/// The registries with a login, and their users; an empty object on any error, since clients expect an object.
fn list(invocation: &Invocation) -> String {
    let logins = keyring::logins(invocation.env).unwrap_or_default();
    let entry = |login: keyring::Login| Some((login.deployment.registry()?, login.email.as_str().into()));
    Value::Object(logins.into_iter().filter_map(entry).collect::<Map<_, _>>()).to_string()
}

/// The registry's address, as the client wrote it.
fn named(text: &str) -> Result<&str, String> {
    Some(text.trim()).filter(|server| !server.is_empty()).ok_or_else(|| NO_SERVER.to_owned())
}

/// The deployment of a registry. It is determined before any token is located.
fn target(invocation: &Invocation, server: &str) -> Result<Option<Target>> {
    let Some(host) = docker::host(server) else { return Ok(None) };
    Target::find(invocation, |deployment| deployment.serves_images(host))
}

fn in_words(error: Error) -> String {
    let hint = error.hint.as_deref().map_or_else(String::new, |hint| format!(" ({hint})"));
    clean(&format!("co-cred: {}{hint}", error.what))
}
