//! `co-cred git-credential`: Git asks, and is answered about the deployments that are known, over https, and about
//! nothing else in the world.

use std::io::{BufRead, Write};

use jiff::Timestamp;

use crate::deliver::git::{Message, answer};
use crate::email::Email;
use crate::error::{Error, Reason, Remark, Result};
use crate::expiry::Expiry;
use crate::keyring::{self, Login, UnlockPrompt};
use crate::sources::PlaceKind;
use crate::token::Token;
use crate::verify;

use crate::cli::exit::Outcome;
use crate::cli::helper::Target;
use crate::cli::messages::Messages;
use crate::cli::{Invocation, args};

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Helper,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Outcome {
    let act: fn(&Invocation, &Message, &Target, &mut dyn Write, &mut Messages) -> Outcome = match typed.action() {
        "get" => get,
        "store" => store,
        "erase" => erase,
        "capability" => return write(out, b"version 0\ncapability authtype\n"),
        "" => {
            return Err(Error::new(Reason::Usage, "Git's helper protocol needs an action")
                .hint("it is one of get, store, erase, capability; co-cred setup git makes Git ask")
                .into());
        }
        // What a later Git may ask is not for us, and no mistake (gitcredentials(7)).
        _ => return Ok(0),
    };
    let message = match Message::read(input) {
        Ok(message) => message,
        Err(refused) => {
            // Git is to ask nobody else, either: whoever wrote this meant to deceive somebody.
            write(out, b"quit=1\n")?;
            return Err(Error::new(Reason::Usage, format!("Git's request is refused: {refused}"))
                .hint("look at the address: somebody may have tampered with it")
                .into());
        }
    };
    let Some(host) = message.https_host() else { return Ok(0) };
    match Target::find(invocation, |deployment| deployment.serves_git(host))? {
        Some(target) => act(invocation, &message, &target, out, messages),
        None => Ok(0),
    }
}

fn get(invocation: &Invocation, message: &Message, target: &Target, out: &mut dyn Write, _: &mut Messages) -> Outcome {
    match target.login(invocation, message.user())? {
        Some((user, credential)) => write(out, &answer(message, &user, &credential).encode()),
        None => Ok(0),
    }
}

/// Keeps what Git found good, where it is somebody's and may be kept.
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

/// Forgets what Git was refused. A host without a password is how people forget a login: all of the host, or of a user.
fn erase(
    invocation: &Invocation,
    message: &Message,
    target: &Target,
    _: &mut dyn Write,
    messages: &mut Messages,
) -> Outcome {
    if !message.names_a_secret() {
        for login in meant(invocation, target, message.user())? {
            keyring::remove_one(invocation.env, &login, UnlockPrompt::Never)?;
            let what = format!("{} is logged out of {}, for Git and the API", login.email, login.deployment);
            messages.warn(&[Remark::new("logged-out", what).hint("co-cred login keeps a token again")]);
        }
        return Ok(0);
    }
    let Some((user, password)) = message.login() else { return Ok(0) };
    let Ok(parsed) = Token::parse(password.as_bytes()) else { return Ok(0) };
    refuse(invocation, target, user.as_deref(), &parsed.token, messages)
}

/// The logins that a request is about.
fn meant(invocation: &Invocation, target: &Target, user: Option<&str>) -> Result<Vec<Login>> {
    let is_meant =
        |login: &Login| login.deployment == target.deployment && user.is_none_or(|user| login.email.is(user));
    Ok(keyring::logins(invocation.env)?.into_iter().filter(is_meant).collect())
}

/// Forgets a token that Git was refused, where it is the keyring's to forget; else tells where it came from. Git is refused
/// for a wrong e-mail or a missing scope as well, so the deployment is asked first. Where it cannot be, Git's word counts.
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
    for login in meant(invocation, target, user)? {
        match keyring::read(invocation.env, &login) {
            Ok(Some(entry)) if entry.token == *token => holders.push(login),
            Ok(_) => {}
            // The token may have come from elsewhere, and that is to be told in any case.
            Err(error) => messages.warn(&[Remark::from(&error)]),
        }
    }
    if holders.is_empty() {
        if let Some(found) =
            target.holder(invocation, user, token)?.filter(|found| found.place.kind != PlaceKind::Keyring)
        {
            let what = format!("{deployment} refused the user or the token that came from {}", found.place.place);
            messages.warn(&[Remark::new("refused", what).hint("co-cred doctor says more")]);
        }
        return Ok(0);
    }
    if target.accepts(invocation, token)? == Some(true) {
        let what = "Git refused this login, but the token is good: check the e-mail and the Capsule scope";
        let hint = "co-cred login --email stores the account's e-mail; scopes are at Account → Access Tokens";
        messages.warn(&[Remark::new("refused", what).hint(hint)]);
        return Ok(0);
    }
    for login in &holders {
        keyring::remove_one(invocation.env, login, UnlockPrompt::Never)?;
        let what = format!("{deployment} refused the token of {}; it was taken out of {}", login.email, login.store);
        messages.warn(&[Remark::new("refused", what).hint("co-cred login keeps a new one")]);
    }
    Ok(0)
}

fn write(out: &mut dyn Write, bytes: &[u8]) -> Outcome {
    out.write_all(bytes)?;
    out.flush()?;
    Ok(0)
}
