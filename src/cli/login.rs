//! `co-cred login`: a token is read, proven, and kept. A token that is not proven is not kept, and a login that fails
//! leaves the former one as it was.

use std::io::BufRead;

use jiff::Timestamp;

use crate::credential::{Mode, Order, may_be_good, prove};
use crate::deployment::{Deployment, Unusable};
use crate::email::Email;
use crate::error::{Error, Reason, Remark, Result};
use crate::keyring::{self, Asking, Entry, Expiry};
use crate::locate::{self, Request, Sited};

use super::tell::Tell;
use super::{Call, args, ask, setup, values};

pub(super) fn run(call: &Call, typed: &args::Login, input: &mut dyn BufRead, tell: &mut Tell) -> Result<u8> {
    let order = Order { owner: true, ..call.order(Mode::Always)? };
    let expires = typed.expires.as_deref().map(|day| values::day("--expires", day)).transpose()?;
    let wanted = typed.email.as_deref().map(|email| values::email("--email", email)).transpose()?;
    let sited = deployment(call, &order, input, tell)?;
    // Before the token is asked for: without a place to keep it, it is typed in vain.
    let asking = if call.interactive { Asking::User } else { Asking::Nobody };
    let store = keyring::choose(call.env, typed.insecure_storage, asking)?;
    let token = ask::token(call, &sited.deployment, input)?;
    let owner = match prove(&order, &token, "", Some(&sited)) {
        Ok(verdict) => {
            tell.warn(
                &verdict
                    .iter()
                    .filter_map(|verdict| verdict.require(&[]).err())
                    .map(|error| Remark::from(&error))
                    .collect::<Vec<_>>(),
            );
            verdict.and_then(|verdict| verdict.owner)
        }
        Err(error) if order.mode == Mode::Auto && may_be_good(&error) => {
            tell.warn(&[Remark::from(&error)]);
            None
        }
        Err(error) => return Err(error),
    };
    let email = email(call, &order, &sited.deployment, owner, wanted, input, tell)?;
    let entry = Entry { token, email, added: Timestamp::now(), expires: expires.map(Expiry::Day) };
    let remarks = keyring::keep(call.env, &sited.deployment, &entry, store, asking)?;
    tell.warn(&remarks);
    tell.done(&format!("{} is logged in at {}; the token is in {store}", entry.email, sited.deployment));
    if entry.days_left().is_some_and(|days| days < 0) {
        let hint = "is it the date of another token? co-cred login --expires takes the right one";
        tell.warn(&[Remark::new("expiry", "the day that --expires gives is over").hint(hint)]);
    }
    tell.warn(&choice(call, &sited.deployment)?.into_iter().collect::<Vec<_>>());
    setup::renew(call, tell);
    Ok(0)
}

/// Says that from now on a choice is needed, where nothing makes it: between users of this deployment, or deployments.
fn choice(call: &Call, deployment: &Deployment) -> Result<Option<Remark>> {
    let logins = keyring::logins(call.env)?;
    let request = Request::of(call.env);
    let users: Vec<&str> =
        logins.iter().filter(|login| login.deployment == *deployment).map(|login| login.email.as_str()).collect();
    if let [first, second, ..] = users[..]
        && locate::email(&request, deployment)?.is_none()
    {
        let what = format!("{first} and {second} are logged in at {deployment}: from now on a choice is needed");
        let hint = format!("set CODEOCEAN_EMAIL={second}, or email below the deployment in the configuration");
        return Ok(Some(Remark::new("several-users", what).hint(hint)));
    }
    let other = logins.iter().find(|login| login.deployment != *deployment);
    let (None, Some(other)) = (locate::destination(&request)?, other) else { return Ok(None) };
    let what = format!("there are logins at {} and {deployment}: from now on a choice is needed", other.deployment);
    let hint =
        format!("--deployment {deployment} makes it, and so does CODEOCEAN_DOMAIN; in a Git clone, its remote does");
    Ok(Some(Remark::new("several-deployments", what).hint(hint)))
}

/// The deployment: what is known, else what is typed.
fn deployment(call: &Call, order: &Order, input: &mut dyn BufRead, tell: &mut Tell) -> Result<Sited> {
    if let Some(sited) = locate::destination(&order.request)? {
        return Ok(sited);
    }
    let typed = ask::line(call, "Deployment, as in the browser (such as codeocean.example.org)", input, tell)?;
    let typed = typed.ok_or_else(|| {
        Error::new(Reason::NoDeployment, "the deployment that the token is for is not known")
            .hint("name it with --deployment codeocean.example.org")
    })?;
    let (deployment, _) = Deployment::parse_address(&typed).map_err(|unusable: Unusable| {
        Error::new(Reason::BadDeployment, format!("the deployment cannot be used: it {unusable}"))
            .hint("write it as https://codeocean.example.org")
    })?;
    Ok(Sited { deployment, place: "you".to_owned(), assumed: false, remark: None })
}

/// Whose token it is: what the deployment says; where it does not, what was given, or what is typed.
fn email(
    call: &Call,
    order: &Order,
    deployment: &Deployment,
    owner: Option<Email>,
    wanted: Option<Email>,
    input: &mut dyn BufRead,
    tell: &mut Tell,
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
    if let Some(email) = locate::email(&order.request, deployment)? {
        return Ok(email);
    }
    match ask::line(call, "The account's e-mail", input, tell)? {
        Some(typed) => values::email("the account", &typed),
        None => Err(Error::new(Reason::Usage, format!("{deployment} does not tell whose token it is"))
            .hint("name the account with --email ada@example.org: Git and the image registry want it")),
    }
}
