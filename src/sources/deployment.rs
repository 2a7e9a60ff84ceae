//! Which deployment the token is for: what names it, in order.

use crate::deployment::{Deployment, Form, Unusable};
use crate::error::{Error, Reason, Remark, Result};
use crate::names::DOMAINS;

use super::agent::Agent;
use super::credentials_file::CredentialsFile;
use super::mount::Mount;
use super::{Place, SearchContext, SearchOptions, git_remote};

/// What stands for a value that is not UTF-8, so that it is refused as any other that names no host.
const NOT_TEXT: &str = "\0";

/// The option that names it.
const OPTION: &str = "--deployment";

/// A deployment, and what named it.
#[derive(Clone, Debug)]
pub struct ResolvedDeployment {
    /// The deployment.
    pub deployment: Deployment,
    /// The option, variable or file that named it.
    pub place: String,
    /// Nothing here names it: it is the configuration's default, or the only one that is known.
    pub assumed: bool,
    /// What is odd about what named it, or about what did not.
    pub remark: Option<Remark>,
}

impl ResolvedDeployment {
    /// Whether the user named it for this very command.
    pub fn is_explicit(&self) -> bool {
        self.place == OPTION
    }
}

/// The deployment that was asked for: by the option, a variable or the mount.
///
/// # Errors
/// The first one named cannot be used.
pub(super) fn named(search: &SearchOptions, mounts: &[Mount]) -> Result<Option<ResolvedDeployment>> {
    if let Some(typed) = search.deployment {
        return site(OPTION, typed).map(Some);
    }
    for name in DOMAINS {
        if let Some(value) = search.env.get(name).filter(|value| !value.as_encoded_bytes().trim_ascii().is_empty()) {
            return site(name, value.to_str().unwrap_or(NOT_TEXT)).map(Some);
        }
    }
    for mount in mounts {
        if let Some((value, place)) = mount.domain()? {
            return site(&place.place, std::str::from_utf8(value).unwrap_or(NOT_TEXT)).map(Some);
        }
    }
    Ok(None)
}

/// The deployment of a token that was found: the one that was asked for, else the one that it is bound to, else the
/// configuration's default, else the only one that is configured or logged in to, else the capsule's own.
///
/// # Errors
/// The first one named cannot be used.
pub(super) fn of(context: &SearchContext, bound: Option<(&Deployment, &Place)>) -> Result<Option<ResolvedDeployment>> {
    if let Some(named) = context.named()? {
        return Ok(Some(named.clone()));
    }
    if let Some((deployment, place)) = bound {
        return Ok(Some(ResolvedDeployment { assumed: false, ..assume(deployment, &place.place) }));
    }
    let configured = context.config()?.deployments.iter().map(|one| (&one.deployment, "the configuration"));
    let logins = context.logins()?.iter().map(|login| (&login.deployment, "the login"));
    let known: Vec<(&Deployment, &str)> = configured.chain(logins).collect();
    let remote = git_remote::of_capsule(context.env()).map(|(host, place)| site(&place, &host));
    let is_known = |remote: &ResolvedDeployment| known.iter().any(|(deployment, _)| **deployment == remote.deployment);
    let assumed = match (context.config()?.preferred(), known.first()) {
        (Some(default), _) => Some(assume(&default.deployment, "the configuration")),
        (None, Some((one, place))) if known.iter().all(|(other, _)| other == one) => Some(assume(one, place)),
        _ => None,
    };
    match (assumed, remote) {
        (Some(assumed), Some(Ok(remote))) if remote.deployment != assumed.deployment => {
            Ok(Some(ResolvedDeployment { remark: Some(not_followed(&remote, &assumed)), ..assumed }))
        }
        (Some(assumed), _) => Ok(Some(assumed)),
        // Of several, it chooses; one more, which the user has never named, it does not bring in.
        (None, Some(remote)) => remote.map(|remote| Some(remote).filter(|remote| known.is_empty() || is_known(remote))),
        (None, None) => Ok(None),
    }
}

fn not_followed(remote: &ResolvedDeployment, chosen: &ResolvedDeployment) -> Remark {
    let what = format!(
        "the Git remote in {} names {}, which is not followed: {} comes from {}",
        remote.place, remote.deployment, chosen.deployment, chosen.place
    );
    Remark::new("other-remote", what)
        .hint(format!("if it is the right one, name it: --deployment {}", remote.deployment))
}

/// The deployments that sources bind their tokens to.
///
/// # Errors
/// The configuration or the list of logins cannot be used.
pub(super) fn bound(context: &SearchContext) -> Result<Vec<Deployment>> {
    let file = CredentialsFile { env: context.env(), named: None, bound: true }.deployment();
    let configured = context.config()?.deployments.iter().map(|one| one.deployment.clone());
    let logins = context.logins()?.iter().map(|login| login.deployment.clone());
    let agent = Agent::new(context, None, true).deployment();
    Ok(agent.into_iter().chain(file).chain(configured).chain(logins).collect())
}

pub(super) fn assume(deployment: &Deployment, place: &str) -> ResolvedDeployment {
    ResolvedDeployment { deployment: deployment.clone(), place: place.to_owned(), assumed: true, remark: None }
}

fn site(place: &str, value: &str) -> Result<ResolvedDeployment> {
    let (deployment, has_more) = Deployment::parse_address(value).map_err(|unusable| refuse(place, unusable))?;
    let remark = has_more.then(|| trimmed(place, value, &deployment));
    Ok(ResolvedDeployment { deployment, place: place.to_owned(), assumed: false, remark })
}

/// A browser's whole address in place of the deployment. Code that puts `https://` before a bare host needs a bare host.
pub(super) fn trimmed(place: &str, value: &str, deployment: &Deployment) -> Remark {
    let written = Form::of(value).write(deployment);
    let what = format!("{place} holds the address of a page, of which {deployment} is used");
    Remark::new("address", what).hint(format!("other programs will not cut it: write {written}"))
}

fn refuse(place: &str, unusable: Unusable) -> Error {
    Error::new(Reason::BadDeployment, format!("the deployment in {place} cannot be used: it {unusable}"))
        .hint("write it as https://codeocean.example.org")
}
