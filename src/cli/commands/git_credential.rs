//! `co-cred git-credential`: answers Git for the known deployments, over https, and for no other host.

use std::io::{BufRead, Write};

use jiff::Timestamp;

use crate::deliver::git::{Message, answer};
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::expiry::Expiry;
use crate::keyring::{self, Login, UnlockPrompt};
use crate::names::TOKEN;
use crate::sources::PlaceKind;
use crate::token::Token;
use crate::verify;

use crate::cli::exit::Outcome;
use crate::cli::helper::Target;
use crate::cli::messages::Messages;
use crate::cli::{Invocation, args};

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::GitCredential,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Outcome {
    let act: fn(&Invocation, &Message, &Target, &mut dyn Write, &mut Messages) -> Outcome =
        match typed.action.as_deref().unwrap_or_default() {
            "get" => get,
            "store" => store,
            "erase" => erase,
            "capability" => return write(out, b"version 0\ncapability authtype\n"),
            "" => {
                return Err(Error::new(Reason::Usage, "the action is missing")
                    .hint("it is one of get, store, erase, capability; co-cred setup git makes Git ask")
                    .into());
            }
            // A helper ignores actions that it does not know (gitcredentials(7)).
            _ => return Ok(0),
        };
    let message = match Message::read(input) {
        Ok(message) => message,
        Err(refused) => {
            // Git must not ask another helper either: such a request may be an attack.
            write(out, b"quit=1\n")?;
            return Err(Error::new(Reason::Usage, format!("Git's request is refused: {refused}"))
                .hint("check the address of the repository: it may have been tampered with")
                .into());
        }
    };
    let Some(host) = message.https_host() else { return Ok(0) };
    match Target::find(invocation, |deployment| deployment.serves_git(host))? {
        Some(target) => act(invocation, &message, &target, out, messages),
        None => Ok(0),
    }
}

fn get(
    invocation: &Invocation,
    message: &Message,
    target: &Target,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Outcome {
    match target.login(invocation, message.user())? {
        Some((user, credential)) => write(out, &answer(message, &user, &credential).encode()),
        None => {
            let place = &target.deployment;
            messages
                .done(&format!("no answer for Git: no login of that user at {place}; co-cred list shows the logins"));
            Ok(0)
        }
    }
}

/// Stores a login that Git used with success, if it has a user and may be stored.
fn store(
    invocation: &Invocation,
    message: &Message,
    target: &Target,
    _: &mut dyn Write,
    messages: &mut Messages,
) -> Outcome {
    let Some((Some(user), password)) = message.login().filter(|_| !message.is_ephemeral()) else { return Ok(0) };
    let (Some(email), Ok(parsed)) = (Email::parse(&user), Token::parse(password.as_bytes())) else { return Ok(0) };
    let expires = message.expiry().and_then(|second| Timestamp::from_second(second).ok()).map(Expiry::Second);
    target.keep(invocation, email, parsed.token, expires, messages)?;
    Ok(0)
}

/// Removes a login with which Git was refused. A request without a password, as `git credential reject` sends for a host,
/// removes all logins of that host, or of the user that it names.
fn erase(
    invocation: &Invocation,
    message: &Message,
    target: &Target,
    _: &mut dyn Write,
    messages: &mut Messages,
) -> Outcome {
    if !message.names_a_secret() {
        for login in logins(invocation, target, message.user())? {
            keyring::remove_one(invocation.env, &login, UnlockPrompt::Never)?;
            let what = format!("{} is logged out of {}, for Git and the API", login.email, login.deployment);
            messages.warn(&[Remark::new("logged-out", what).hint("co-cred login stores a token again")]);
        }
        return Ok(0);
    }
    let Some((user, password)) = message.login() else { return Ok(0) };
    let Ok(parsed) = Token::parse(password.as_bytes()) else { return Ok(0) };
    refuse(invocation, target, user.as_deref(), &parsed.token, messages)
}

/// The stored logins for a request.
fn logins(invocation: &Invocation, target: &Target, user: Option<&str>) -> Result<Vec<Login>> {
    let is_meant =
        |login: &Login| login.deployment == target.deployment && user.is_none_or(|user| login.email.is(user));
    Ok(keyring::logins(invocation.env)?.into_iter().filter(is_meant).collect())
}

/// Removes a refused token from the keyring, or reports which source it came from. A wrong e-mail or a missing scope is a
/// refusal as well, so the deployment is asked first; if it cannot be asked, the token counts as rejected.
fn refuse(
    invocation: &Invocation,
    target: &Target,
    user: Option<&str>,
    token: &Token,
    messages: &mut Messages,
) -> Outcome {
    let deployment = &target.deployment;
    verify::remove_cached(invocation.env, token, deployment);
    let mut holders = Vec::new();
    for login in logins(invocation, target, user)? {
        match keyring::read(invocation.env, &login) {
            Ok(Some(entry)) if entry.token == *token => holders.push(login),
            Ok(_) => {}
            // The token may come from another source, which is still to be reported.
            Err(error) => messages.warn(&[Remark::from(&error)]),
        }
    }
    if holders.is_empty() {
        if let Some(found) =
            target.holder(invocation, user, token)?.filter(|found| found.place.kind != PlaceKind::Keyring)
        {
            let token = match is_of_exec(invocation.env) {
                true => "this command's token".to_owned(),
                false => format!("the token that came from {}", found.place.place),
            };
            let what = format!("{deployment} refused the user or {token}");
            messages.warn(&[Remark::new("refused", what).hint("co-cred doctor shows the details")]);
        }
        return Ok(0);
    }
    if target.accepts(invocation, token)? == Some(true) {
        let what = "the deployment refused this login, but the token is valid: check the e-mail and the Capsule scope";
        let hint = "co-cred login --email stores the account's e-mail; scopes are at Account → Access Tokens";
        messages.warn(&[Remark::new("refused", what).hint(hint)]);
        return Ok(0);
    }
    for login in &holders {
        keyring::remove_one(invocation.env, login, UnlockPrompt::Never)?;
        let what = format!("{deployment} refused the token of {}; it was removed from {}", login.email, login.store);
        messages.warn(&[Remark::new("refused", what).hint("co-cred login stores a new one")]);
    }
    Ok(0)
}

/// Whether `exec --git` passed the token on in a variable that the user may not have set.
fn is_of_exec(env: &Env) -> bool {
    env.get("CO_CRED_TOKEN_ENV").is_some_and(|name| name == TOKEN)
}

fn write(out: &mut dyn Write, bytes: &[u8]) -> Outcome {
    out.write_all(bytes)?;
    out.flush()?;
    Ok(0)
}
