//! `co-cred logout`: removes logins, and temporary files that killed commands left behind.

use std::path::PathBuf;

use crate::deliver::docker;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files;
use crate::keyring::{self, Login, UnlockPrompt};
use crate::sources;

use crate::cli::messages::Messages;
use crate::cli::{Invocation, args, values};

pub(super) fn run(invocation: &Invocation, typed: &args::Logout, messages: &mut Messages) -> Result<u8> {
    remove_stale_files(invocation.env);
    let logins = chosen(invocation, typed)?;
    if logins.is_empty() {
        messages.done("no login is saved");
    }
    let prompt = if invocation.interactive { UnlockPrompt::Allowed } else { UnlockPrompt::Never };
    let outcome = keyring::remove(invocation.env, &logins, typed.all, typed.force, prompt)?;
    let mut failure = None;
    // A login that cannot be removed does not stop the removal of the others.
    for (login, removed) in logins.iter().zip(outcome.logins) {
        match removed {
            Ok(remark) => {
                messages.warn(&remark.into_iter().collect::<Vec<_>>());
                messages.done(&format!("{} is logged out of {}", login.email, login.deployment));
            }
            Err(error) => failure = Some(failure.unwrap_or(error)),
        }
    }
    messages.warn(&outcome.leftovers);
    messages.warn(&outcome.remarks);
    match failure {
        None => Ok(0),
        Some(error) => {
            let force = "or remove the login without its token, with --force";
            let hint = error.hint.as_deref().map_or_else(|| force.to_owned(), |hint| format!("{hint}; {force}"));
            Err(error.hint(hint))
        }
    }
}

/// Removes temporary files of killed commands, which may hold a token, from the folders that co-cred writes to.
fn remove_stale_files(env: &Env) {
    let own = [env.data_dir(), env.config_dir(), env.cache_dir(), env.cache_dir().map(|cache| cache.join("verdicts"))];
    let edited = docker::setup::files(env).into_iter().filter_map(|file| file.parent().map(PathBuf::from));
    own.into_iter().flatten().chain(edited).for_each(|folder| files::remove_all_stale(&folder));
}

/// The logins that the options select.
///
/// # Errors
/// No login matches, or several do without --all.
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
        [] => Err(Error::new(Reason::NotFound, "no login matches").hint("co-cred list shows the logins")),
        [_] => Ok(chosen),
        [one, ..] => Err(Error::new(Reason::Usage, "several logins match")
            .hint(format!("choose with --deployment {} --email {}, or give --all", one.deployment, one.email))),
    }
}
