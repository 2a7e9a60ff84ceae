//! `co-cred git-credential`: Git asks, and is answered about the deployments that are known, over https, and about
//! nothing else in the world.

use std::io::{BufRead, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::credential::{Mode, Order, account, obtain};
use crate::deliver::git::{Message, answer};
use crate::deployment::Deployment;
use crate::email::Email;
use crate::error::{Error, Kind, Reason, Remark, Result};
use crate::keyring::{self, Asking, Entry, Login};
use crate::locate::{self, Found, PlaceKind};
use crate::token::Token;
use crate::verify;

use super::tell::Tell;
use super::{Call, args, closed};

pub(super) fn run(
    call: &Call,
    typed: &args::Helper,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    tell: &mut Tell,
) -> Result<u8> {
    let act: fn(&Call, &Message, &Target, &mut dyn Write, &mut Tell) -> Result<u8> = match typed.action.as_str() {
        "get" => get,
        "store" => store,
        "erase" => erase,
        "capability" => return write(out, b"version 0\ncapability authtype\n"),
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
    match target(call, message.https_host())? {
        Some(target) => act(call, &message, &target, out, tell),
        None => Ok(0),
    }
}

/// A deployment that Git asked about, and whether only tokens that are bound to it may go there.
pub(super) struct Target {
    pub(super) deployment: Deployment,
    pub(super) bound: bool,
}

/// The deployment that serves Git at a host. It is settled before any token is looked for.
pub(super) fn target(call: &Call, host: Option<&str>) -> Result<Option<Target>> {
    let Some(host) = host else { return Ok(None) };
    let known = locate::known(&call.order(Mode::Never)?.request, |deployment| deployment.serves_git(host))?;
    Ok(known.map(|(deployment, bound)| Target { deployment, bound }))
}

/// The user and the token for a target; none where there is no token, or where the user is another.
pub(super) fn login(
    call: &Call,
    target: &Target,
    user: Option<&str>,
) -> Result<Option<(String, crate::credential::Credential)>> {
    let order = call.order_for(&target.deployment, target.bound, user)?;
    // Whoever is given the token proves it at once: asking beforehand would only take time, unless it is asked for.
    let proof = if order.mode == Mode::Always { Mode::Always } else { Mode::Never };
    let credential = match obtain(&Order { mode: proof, ..order }) {
        Ok(credential) => credential,
        // Another user's, of whom nothing is known.
        Err(error) if error.kind() == Kind::NotFound && user.is_some() => return Ok(None),
        Err(error) => return Err(error),
    };
    let email = account(&order, &credential)?;
    match (email, user) {
        (Some(email), Some(user)) if !email.is(user) => Ok(None),
        (Some(email), _) => Ok(Some((email.as_str().to_owned(), credential))),
        // The deployment does not say whose token it is, and will say whether it is this user's.
        (None, Some(user)) => Ok(Some((user.to_owned(), credential))),
        (None, None) => Err(Error::new(Reason::NotFound, "the e-mail of the token's account is not known")
            .hint("set CODEOCEAN_EMAIL: Git and the image registry want it as user name")),
    }
}

fn get(call: &Call, message: &Message, target: &Target, out: &mut dyn Write, _: &mut Tell) -> Result<u8> {
    match login(call, target, message.user())? {
        Some((user, credential)) => write(out, &answer(message, &user, &credential).encode()),
        None => Ok(0),
    }
}

/// Keeps what Git found good, unless it is here already: what a capsule was lent is not to be kept.
fn store(call: &Call, message: &Message, target: &Target, _: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    let Some((Some(user), password)) = message.login().filter(|_| !message.is_ephemeral()) else { return Ok(0) };
    let (Some(email), Ok(parsed)) = (Email::parse(&user), Token::parse(password.as_bytes())) else { return Ok(0) };
    if holder(call, target, &user, &parsed.token)?.is_some() {
        return Ok(0);
    }
    let expires = message.expiry().and_then(|second| Timestamp::from_second(second).ok());
    let expires = expires.map(|end| end.to_zoned(TimeZone::UTC).date());
    let entry = Entry { token: parsed.token, email, added: Timestamp::now(), expires };
    let (store, remarks) = keyring::keep(call.env, &target.deployment, &entry, false, Asking::Nobody)?;
    tell.warn(&remarks);
    tell.done(&format!("{} is logged in at {}; the token is in {store}", entry.email, target.deployment));
    Ok(0)
}

/// Forgets what Git was refused, where it is the keyring's to forget; else tells where it came from.
fn erase(call: &Call, message: &Message, target: &Target, _: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    let Some((user, password)) = message.login() else { return Ok(0) };
    let Ok(parsed) = Token::parse(password.as_bytes()) else { return Ok(0) };
    let (deployment, token) = (&target.deployment, parsed.token);
    verify::forget(call.env, &token, deployment);
    let meant =
        |login: &&Login| login.deployment == *deployment && user.as_deref().is_none_or(|user| login.email.is(user));
    let mut forgotten = false;
    for login in keyring::logins(call.env)?.iter().filter(meant) {
        let entry = keyring::read(call.env, login).unwrap_or_else(|error| {
            // The token may have come from elsewhere, and that is to be told in any case.
            tell.warn(&[Remark::from(&error)]);
            None
        });
        if entry.is_some_and(|entry| entry.token == token) {
            keyring::forget(call.env, login, Asking::Nobody)?;
            forgotten = true;
            let what =
                format!("{deployment} refused the token of {}; it was taken out of {}", login.email, login.store);
            tell.warn(&[Remark::new("refused", what).hint("co-cred login keeps a new one")]);
        }
    }
    if !forgotten && let Some(place) = holder(call, target, user.as_deref().unwrap_or_default(), &token)? {
        let what = format!("{deployment} refused the user or the token that came from {place}");
        tell.warn(&[Remark::new("refused", what).hint("co-cred doctor says more")]);
    }
    Ok(0)
}

/// The place where a token is already, if it is anywhere.
fn holder(call: &Call, target: &Target, user: &str, token: &Token) -> Result<Option<String>> {
    let user = Some(user).filter(|user| !user.is_empty());
    let order = call.order_for(&target.deployment, target.bound, user)?;
    let holds = |found: &Found| found.token == *token;
    match locate::locate(&order.request) {
        Ok(located) if holds(&located.found) => return Ok(Some(located.found.place.place)),
        Err(error) if error.kind() == Kind::Unreadable => return Err(error),
        _ => {}
    }
    let answers = locate::survey(&order.request);
    let found = answers.iter().filter_map(|answer| answer.found.as_ref().ok()?.as_ref()).find(|found| holds(found));
    Ok(found.filter(|found| found.place.kind != PlaceKind::Keyring).map(|found| found.place.place.clone()))
}

fn write(out: &mut dyn Write, bytes: &[u8]) -> Result<u8> {
    out.write_all(bytes).and_then(|()| out.flush()).map(|()| 0).or_else(closed)
}
