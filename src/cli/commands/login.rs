//! `co-cred login`: reads a token, verifies it, and saves it. A token that the deployment rejects is not saved, and a login
//! that fails leaves the former one unchanged.

use std::io::BufRead;

use jiff::Timestamp;

use crate::credential::{Mode, ObtainOptions, may_be_good, verify_token};
use crate::deployment::{Deployment, InvalidDeployment};
use crate::email::Email;
use crate::error::{Error, Reason, Remark, Result};
use crate::expiry::Expiry;
use crate::keyring::{self, Entry, UnlockPrompt};
use crate::sources::{self, ResolvedDeployment, SearchContext, SearchOptions};

use super::setup;
use crate::cli::messages::Messages;
use crate::cli::{Invocation, args, ask, values};

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Login,
    input: &mut dyn BufRead,
    messages: &mut Messages,
) -> Result<u8> {
    let options = ObtainOptions { owner: true, ..invocation.options(Mode::Always)? };
    let expires = typed.expires.as_deref().map(|day| values::day("--expires", day)).transpose()?;
    let wanted = typed.email.as_deref().map(|email| values::email("--email", email)).transpose()?;
    let resolved = deployment(invocation, &options, input, messages)?;
    // Before the token is asked for: without a store, it would be typed in vain.
    let prompt = if invocation.interactive { UnlockPrompt::Allowed } else { UnlockPrompt::Never };
    let store = keyring::choose_store(invocation.env, typed.insecure_storage, prompt)?;
    let token = ask::token(invocation, &resolved.deployment, input)?;
    let owner = match verify_token(&options, &token, "", Some(&resolved)) {
        Ok(verdict) => {
            messages.warn(
                &verdict
                    .iter()
                    .filter_map(|verdict| verdict.require(&[]).err())
                    .map(|error| Remark::from(&error))
                    .collect::<Vec<_>>(),
            );
            verdict.and_then(|verdict| verdict.owner)
        }
        Err(error) if options.mode == Mode::Auto && may_be_good(&error) => {
            messages.warn(&[Remark::from(&error)]);
            None
        }
        Err(error) => return Err(error),
    };
    let email = email(invocation, &options, &resolved.deployment, owner, wanted, input, messages)?;
    let entry = Entry { token, email, added: Timestamp::now(), expires: expires.map(Expiry::Day) };
    let remarks = keyring::save(invocation.env, &resolved.deployment, &entry, store, prompt)?;
    messages.warn(&remarks);
    messages.done(&format!("{} is logged in at {}; the token is in {store}", entry.email, resolved.deployment));
    if entry.days_left().is_some_and(|days| days < 0) {
        let hint = "check the date at Account → Access Tokens, and run co-cred login --expires again";
        messages.warn(&[Remark::new("expiry", "the date of --expires is in the past").hint(hint)]);
    }
    messages.warn(&ambiguity(invocation, &resolved.deployment)?.into_iter().collect::<Vec<_>>());
    setup::renew(invocation, messages);
    Ok(0)
}

/// A warning that several users of this deployment, or several deployments, are now logged in, and nothing chooses one.
fn ambiguity(invocation: &Invocation, deployment: &Deployment) -> Result<Option<Remark>> {
    let logins = keyring::logins(invocation.env)?;
    let context = SearchContext::new(invocation.env);
    let search = SearchOptions::new(&context);
    let users: Vec<&str> =
        logins.iter().filter(|login| login.deployment == *deployment).map(|login| login.email.as_str()).collect();
    if let [first, second, ..] = users[..]
        && sources::email(&search, deployment)?.is_none()
    {
        let what =
            format!("{first} and {second} are both logged in at {deployment}: commands need to know which to use");
        let hint = format!("set CODEOCEAN_EMAIL={second}, or email under the deployment in the configuration");
        return Ok(Some(Remark::new("several-users", what).hint(hint)));
    }
    let other = logins.iter().find(|login| login.deployment != *deployment);
    let (None, Some(other)) = (sources::destination(&search)?, other) else { return Ok(None) };
    let what = format!("there are logins at {} and {deployment}: commands need to know which to use", other.deployment);
    let hint = format!("give --deployment {deployment}, or set CODEOCEAN_DOMAIN; in a Git clone, its remote is used");
    Ok(Some(Remark::new("several-deployments", what).hint(hint)))
}

/// The deployment of the environment, options or configuration; otherwise the one that the user types.
fn deployment(
    invocation: &Invocation,
    options: &ObtainOptions,
    input: &mut dyn BufRead,
    messages: &mut Messages,
) -> Result<ResolvedDeployment> {
    if let Some(resolved) = sources::destination(&options.search)? {
        return Ok(resolved);
    }
    let typed =
        ask::line(invocation, "Deployment, as in the browser (such as codeocean.example.org)", input, messages)?;
    let typed = typed.ok_or_else(|| {
        Error::new(Reason::NoDeployment, "the token's deployment is not known")
            .hint("name it with --deployment codeocean.example.org")
    })?;
    let (deployment, _) = Deployment::parse_address(&typed).map_err(|unusable: InvalidDeployment| {
        Error::new(Reason::BadDeployment, format!("the deployment cannot be used: it {unusable}"))
            .hint("write it as https://codeocean.example.org")
    })?;
    Ok(ResolvedDeployment { deployment, place: "you".to_owned(), assumed: false, remark: None })
}

/// The account of the token: as the deployment reports it; otherwise from --email, the configuration, or typed.
fn email(
    invocation: &Invocation,
    options: &ObtainOptions,
    deployment: &Deployment,
    owner: Option<Email>,
    wanted: Option<Email>,
    input: &mut dyn BufRead,
    messages: &mut Messages,
) -> Result<Email> {
    match (owner, wanted) {
        (Some(owner), Some(wanted)) if owner != wanted => {
            return Err(Error::new(Reason::Usage, format!("the token is {owner}'s, not {wanted}'s"))
                .hint("leave out --email, or log in with the other account's token"));
        }
        (Some(owner), _) => return Ok(owner),
        (None, Some(wanted)) => return Ok(wanted),
        (None, None) => {}
    }
    if let Some(email) = sources::email(&options.search, deployment)? {
        return Ok(email);
    }
    match ask::line(invocation, "The account's e-mail", input, messages)? {
        Some(typed) => values::email("the account", &typed),
        None => Err(Error::new(Reason::Usage, format!("{deployment} does not say which account the token belongs to"))
            .hint("name the account with --email ada@example.org: Git and the image registry need it as user name")),
    }
}
