//! `co-cred login`: a token is read, proven, and kept. A token that is not proven is not kept, and a login that fails
//! leaves the former one as it was.

use std::io::BufRead;

use jiff::Timestamp;

use crate::credential::{Mode, ObtainOptions, may_be_good, verify_token};
use crate::deployment::{Deployment, Unusable};
use crate::email::Email;
use crate::error::{Error, Reason, Remark, Result};
use crate::expiry::Expiry;
use crate::keyring::{self, Asking, Entry};
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
    // Before the token is asked for: without a place to keep it, it is typed in vain.
    let asking = if invocation.interactive { Asking::User } else { Asking::Nobody };
    let store = keyring::choose(invocation.env, typed.insecure_storage, asking)?;
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
    let remarks = keyring::keep(invocation.env, &resolved.deployment, &entry, store, asking)?;
    messages.warn(&remarks);
    messages.done(&format!("{} is logged in at {}; the token is in {store}", entry.email, resolved.deployment));
    if entry.days_left().is_some_and(|days| days < 0) {
        let hint = "is it the date of another token? co-cred login --expires takes the right one";
        messages.warn(&[Remark::new("expiry", "the day that --expires gives is over").hint(hint)]);
    }
    messages.warn(&choice(invocation, &resolved.deployment)?.into_iter().collect::<Vec<_>>());
    setup::renew(invocation, messages);
    Ok(0)
}

/// Says that from now on a choice is needed, where nothing makes it: between users of this deployment, or deployments.
fn choice(invocation: &Invocation, deployment: &Deployment) -> Result<Option<Remark>> {
    let logins = keyring::logins(invocation.env)?;
    let context = SearchContext::new(invocation.env);
    let search = SearchOptions::new(&context);
    let users: Vec<&str> =
        logins.iter().filter(|login| login.deployment == *deployment).map(|login| login.email.as_str()).collect();
    if let [first, second, ..] = users[..]
        && sources::email(&search, deployment)?.is_none()
    {
        let what = format!("{first} and {second} are logged in at {deployment}: from now on a choice is needed");
        let hint = format!("set CODEOCEAN_EMAIL={second}, or email below the deployment in the configuration");
        return Ok(Some(Remark::new("several-users", what).hint(hint)));
    }
    let other = logins.iter().find(|login| login.deployment != *deployment);
    let (None, Some(other)) = (sources::destination(&search)?, other) else { return Ok(None) };
    let what = format!("there are logins at {} and {deployment}: from now on a choice is needed", other.deployment);
    let hint =
        format!("--deployment {deployment} makes it, and so does CODEOCEAN_DOMAIN; in a Git clone, its remote does");
    Ok(Some(Remark::new("several-deployments", what).hint(hint)))
}

/// The deployment: what is known, else what is typed.
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
        Error::new(Reason::NoDeployment, "the deployment that the token is for is not known")
            .hint("name it with --deployment codeocean.example.org")
    })?;
    let (deployment, _) = Deployment::parse_address(&typed).map_err(|unusable: Unusable| {
        Error::new(Reason::BadDeployment, format!("the deployment cannot be used: it {unusable}"))
            .hint("write it as https://codeocean.example.org")
    })?;
    Ok(ResolvedDeployment { deployment, place: "you".to_owned(), assumed: false, remark: None })
}

/// Whose token it is: what the deployment says; where it does not, what was given, or what is typed.
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
        None => Err(Error::new(Reason::Usage, format!("{deployment} does not tell whose token it is"))
            .hint("name the account with --email ada@example.org: Git and the image registry want it")),
    }
}
