//! Which deployment the token is for: what names it, in order.

use crate::deployment::{Deployment, Unusable};
use crate::error::{Error, Reason, Result};
use crate::names::DOMAINS;

use super::agent::Agent;
use super::file::CredentialsFile;
use super::mount::Mount;
use super::{House, Place, Request, remote};

/// What stands for a value that is not UTF-8, so that it is refused as any other that names no host.
const NOT_TEXT: &str = "\0";

/// A deployment, and what named it.
#[derive(Clone, Debug)]
pub struct Sited {
    /// The deployment.
    pub deployment: Deployment,
    /// The option, variable or file that named it.
    pub place: String,
    /// Nothing here names it: it is the configuration's default, or the only one that is known.
    pub assumed: bool,
}

/// The deployment that was asked for: by the option, a variable or the mount.
///
/// # Errors
/// The first one named cannot be used.
pub(super) fn named(request: &Request, mounts: &[Mount]) -> Result<Option<Sited>> {
    if let Some(typed) = request.deployment {
        return site("--deployment", typed).map(Some);
    }
    for name in DOMAINS {
        if let Some(value) = request.env.get(name).filter(|value| !value.as_encoded_bytes().trim_ascii().is_empty()) {
            return site(name, value.to_str().unwrap_or(NOT_TEXT)).map(Some);
        }
    }
    for (mount, name) in mounts.iter().flat_map(|mount| DOMAINS.map(|name| (mount, name))) {
        if let Some((value, place)) = mount.value(name)? {
            return site(&place.place, std::str::from_utf8(value).unwrap_or(NOT_TEXT)).map(Some);
        }
    }
    Ok(None)
}

/// The deployment of a token that was found: the one that was asked for, else the one that it is bound to, else the
/// configuration's default, else the capsule's own, else the only one that is known at all.
///
/// # Errors
/// The first one named cannot be used.
pub(super) fn of(house: &House, bound: Option<(&Deployment, &Place)>) -> Result<Option<Sited>> {
    if let Some(named) = house.named()? {
        return Ok(Some(named.clone()));
    }
    if let Some((deployment, place)) = bound {
        return Ok(Some(Sited { deployment: deployment.clone(), place: place.place.clone(), assumed: false }));
    }
    if let Some(default) = house.config()?.preferred() {
        return Ok(Some(assume(&default.deployment, "the configuration")));
    }
    match remote::of_capsule(house.env()) {
        Some((host, place)) => site(&place, &host).map(Some),
        None => only(house),
    }
}

/// The only deployment among the configuration and the logins.
fn only(house: &House) -> Result<Option<Sited>> {
    let configured = house.config()?.deployments.iter().map(|one| (&one.deployment, "the configuration"));
    let logins = house.logins()?.iter().map(|login| (&login.deployment, "the login"));
    let all: Vec<(&Deployment, &str)> = configured.chain(logins).collect();
    Ok(match all.first() {
        Some((first, place)) if all.iter().all(|(deployment, _)| deployment == first) => Some(assume(first, place)),
        _ => None,
    })
}

/// The deployments that sources bind their tokens to.
///
/// # Errors
/// The configuration or the list of logins cannot be used.
pub(super) fn bound(house: &House) -> Result<Vec<Deployment>> {
    let file = CredentialsFile { env: house.env(), named: None, bound: true }.deployment();
    let configured = house.config()?.deployments.iter().map(|one| one.deployment.clone());
    let logins = house.logins()?.iter().map(|login| login.deployment.clone());
    let agent = Agent { env: house.env(), named: None, bound: true }.deployment();
    Ok(agent.into_iter().chain(file).chain(configured).chain(logins).collect())
}

fn assume(deployment: &Deployment, place: &str) -> Sited {
    Sited { deployment: deployment.clone(), place: place.to_owned(), assumed: true }
}

fn site(place: &str, value: &str) -> Result<Sited> {
    let deployment = Deployment::parse(value).map_err(|unusable| refuse(place, unusable))?;
    Ok(Sited { deployment, place: place.to_owned(), assumed: false })
}

fn refuse(place: &str, unusable: Unusable) -> Error {
    Error::new(Reason::BadDeployment, format!("the deployment in {place} cannot be used: it {unusable}"))
        .hint("write it as https://codeocean.example.org")
}
