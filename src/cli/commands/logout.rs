//! `co-cred logout`: forgets a login.

use std::path::PathBuf;

use crate::deliver::docker;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files;
use crate::keyring::{self, Asking, Login};
use crate::sources;

use crate::cli::messages::Messages;
use crate::cli::{Invocation, args, values};

pub(super) fn run(invocation: &Invocation, typed: &args::Logout, messages: &mut Messages) -> Result<u8> {
    sweep(invocation.env);
    let logins = chosen(invocation, typed)?;
    if logins.is_empty() {
        messages.done("no login is kept");
    }
    let asking = if invocation.interactive { Asking::User } else { Asking::Nobody };
    let forgotten = keyring::forget(invocation.env, &logins, typed.all, typed.force, asking)?;
    let mut failure = None;
    // One that cannot be forgotten does not keep the others.
    for (login, outcome) in logins.iter().zip(forgotten.logins) {
        match outcome {
            Ok(left) => {
                messages.warn(&left.into_iter().collect::<Vec<_>>());
                messages.done(&format!("{} is logged out of {}", login.email, login.deployment));
            }
            Err(error) => failure = Some(failure.unwrap_or(error)),
        }
    }
    messages.warn(&forgotten.left);
    messages.warn(&forgotten.remarks);
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
fn chosen(invocation: &Invocation, typed: &args::Logout) -> Result<Vec<Login>> {
    let logins = keyring::logins(invocation.env)?;
    if typed.all {
        return Ok(logins);
    }
    let email = typed.email.as_deref().map(|email| values::email("--email", email)).transpose()?;
    let search = invocation.options(crate::credential::Mode::Never)?.search;
    let named = sources::destination(&search)?.map(|resolved| resolved.deployment);
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
