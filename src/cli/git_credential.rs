//! `co-cred git-credential`: Git asks, and is answered about the deployments that are known, over https, and about
//! nothing else in the world.

use std::io::{BufRead, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::deliver::git::{Message, answer};
use crate::email::Email;
use crate::error::{Error, Reason, Remark, Result};
use crate::keyring::{self, Asking, Login};
use crate::token::Token;
use crate::verify;

use super::helper::Target;
use super::tell::Tell;
use super::{Call, args, closed};

pub(super) fn run(
    call: &Call,
    typed: &args::Helper,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    tell: &mut Tell,
) -> Result<u8> {
    let act: fn(&Call, &Message, &Target, &mut dyn Write, &mut Tell) -> Result<u8> = match typed.action() {
        "get" => get,
        "store" => store,
        "erase" => erase,
        "capability" => return write(out, b"version 0\ncapability authtype\n"),
        "" => {
            return Err(Error::new(Reason::Usage, "Git's helper protocol needs an action")
                .hint("it is one of get, store, erase, capability; co-cred setup git makes Git ask"));
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
                .hint("look at the address: somebody may have tampered with it"));
        }
    };
    let Some(host) = message.https_host() else { return Ok(0) };
    match Target::find(call, |deployment| deployment.serves_git(host))? {
        Some(target) => act(call, &message, &target, out, tell),
        None => Ok(0),
    }
}

fn get(call: &Call, message: &Message, target: &Target, out: &mut dyn Write, _: &mut Tell) -> Result<u8> {
    match target.login(call, message.user())? {
        Some((user, credential)) => write(out, &answer(message, &user, &credential).encode()),
        None => Ok(0),
    }
}

/// Keeps what Git found good, where it is somebody's and may be kept.
fn store(call: &Call, message: &Message, target: &Target, _: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    let Some((Some(user), password)) = message.login().filter(|_| !message.is_ephemeral()) else { return Ok(0) };
    let (Some(email), Ok(parsed)) = (Email::parse(&user), Token::parse(password.as_bytes())) else { return Ok(0) };
    let expires = message.expiry().and_then(|second| Timestamp::from_second(second).ok());
    let expires = expires.map(|end| end.to_zoned(TimeZone::UTC).date());
    target.keep(call, email, parsed.token, expires, tell).map(|()| 0)
}

/// Forgets what Git was refused, where it is the keyring's to forget; else tells where it came from.
fn erase(call: &Call, message: &Message, target: &Target, _: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    let Some((user, password)) = message.login() else { return Ok(0) };
    let Ok(parsed) = Token::parse(password.as_bytes()) else { return Ok(0) };
    let (deployment, token, user) = (&target.deployment, parsed.token, user.as_deref());
    verify::forget(call.env, &token, deployment);
    let meant = |login: &&Login| login.deployment == *deployment && user.is_none_or(|user| login.email.is(user));
    let mut forgotten = false;
    for login in keyring::logins(call.env)?.iter().filter(meant) {
        let entry = keyring::read(call.env, login).unwrap_or_else(|error| {
            // The token may have come from elsewhere, and that is to be told in any case.
            tell.warn(&[Remark::from(&error)]);
            None
        });
        if entry.is_some_and(|entry| entry.token == token) {
            keyring::forget(call.env, login, false, Asking::Nobody)?;
            forgotten = true;
            let what =
                format!("{deployment} refused the token of {}; it was taken out of {}", login.email, login.store);
            tell.warn(&[Remark::new("refused", what).hint("co-cred login keeps a new one")]);
        }
    }
    if !forgotten && let Some(place) = target.holder(call, user, &token)? {
        let what = format!("{deployment} refused the user or the token that came from {place}");
        tell.warn(&[Remark::new("refused", what).hint("co-cred doctor says more")]);
    }
    Ok(0)
}

fn write(out: &mut dyn Write, bytes: &[u8]) -> Result<u8> {
    out.write_all(bytes).and_then(|()| out.flush()).map(|()| 0).or_else(closed)
}
