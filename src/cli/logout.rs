//! `co-cred logout`: forgets a login.

use std::path::PathBuf;

use crate::deliver::docker;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files;
use crate::keyring::{self, Asking, Login};
use crate::locate;

use super::tell::Tell;
use super::{Call, args, values};

pub(super) fn run(call: &Call, typed: &args::Logout, tell: &mut Tell) -> Result<u8> {
    sweep(call.env);
    let logins = chosen(call, typed)?;
    if logins.is_empty() {
        tell.done("no login is kept");
    }
    let asking = if call.interactive { Asking::User } else { Asking::Nobody };
    let forgotten = keyring::forget(call.env, &logins, typed.all, typed.force, asking)?;
    let mut failure = None;
    // One that cannot be forgotten does not keep the others.
    for (login, outcome) in logins.iter().zip(forgotten.logins) {
        match outcome {
            Ok(left) => {
                tell.warn(&left.into_iter().collect::<Vec<_>>());
                tell.done(&format!("{} is logged out of {}", login.email, login.deployment));
            }
            Err(error) => failure = Some(failure.unwrap_or(error)),
        }
    }
    tell.warn(&forgotten.left);
    tell.warn(&forgotten.remarks);
    match failure {
        None => Ok(0),
        Some(error) => {
            let hint = "or forget the login alone, with --force";
            let told = error.hint.as_deref().map_or_else(|| hint.to_owned(), |first| format!("{first}; {hint}"));
            Err(error.hint(told))
        }
    }
}

/// Removes what killed commands left in the folders that co-cred writes to: it may hold a token.
fn sweep(env: &Env) {
    let own = [env.data_dir(), env.config_dir(), env.cache_dir(), env.cache_dir().map(|cache| cache.join("verdicts"))];
    let edited = docker::setup::files(env).into_iter().filter_map(|file| file.parent().map(PathBuf::from));
    own.into_iter().flatten().chain(edited).for_each(|folder| files::sweep(&folder));
}

/// The logins that are meant.
///
/// # Errors
/// There is none, or there are several and one was meant.
fn chosen(call: &Call, typed: &args::Logout) -> Result<Vec<Login>> {
    let logins = keyring::logins(call.env)?;
    if typed.all {
        return Ok(logins);
    }
    let email = typed.email.as_deref().map(|email| values::email("--email", email)).transpose()?;
    let request = call.order(crate::credential::Mode::Never)?.request;
    let named = locate::destination(&request)?.map(|sited| sited.deployment);
    let meant = |login: &Login| {
        named.as_ref().is_none_or(|named| login.deployment == *named)
            && email.as_ref().is_none_or(|email| login.email == *email)
    };
    let chosen: Vec<Login> = logins.into_iter().filter(meant).collect();
    match &chosen[..] {
        [] => {
            Err(Error::new(Reason::NotFound, "there is no such login").hint("co-cred list shows those that there are"))
        }
        [_] => Ok(chosen),
        [one, ..] => Err(Error::new(Reason::Usage, "there are several logins, and nothing says which is meant")
            .hint(format!("choose with --deployment {} --email {}, or take --all", one.deployment, one.email))),
    }
}
