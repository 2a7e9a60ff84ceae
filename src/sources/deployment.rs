//! Which deployment the token is for: what names it, in order.

use crate::deployment::Deployment;
use crate::error::{Remark, Result};
use crate::names::DOMAINS;

use super::agent::Agent;
use super::context::once;
use super::credentials_file::CredentialsFile;
use super::git_remote;
use super::resolved::{OPTION, ResolvedDeployment};
use super::search::Search;
use super::source::{DeploymentBasis, Place, PlaceKind};

/// What stands for a value that is not UTF-8, so that it is refused as any other that names no host.
const NOT_TEXT: &str = "\0";

impl Search<'_> {
    /// The deployment that an option, a variable or a mount names.
    ///
    /// # Errors
    /// It cannot be used.
    pub(super) fn named(&self) -> Result<Option<&ResolvedDeployment>> {
        once(&self.named, || named(self)).map(Option::as_ref)
    }

    /// The deployment of the search, as long as no source has bound its token to another.
    ///
    /// # Errors
    /// It cannot be used.
    pub(super) fn resolved(&self) -> Result<Option<&ResolvedDeployment>> {
        once(&self.resolved, || of(self, None)).map(Option::as_ref)
    }

    /// Whether nothing but the configuration or a login names the deployment.
    pub(super) fn is_assumed(&self) -> bool {
        let assumed = || self.resolved().ok().flatten().is_some_and(|resolved| resolved.assumed);
        self.options.basis == DeploymentBasis::Assumed || assumed()
    }
}

/// The deployment that was asked for: by the option, a variable or the mount.
///
/// # Errors
/// The first one named cannot be used.
fn named(search: &Search) -> Result<Option<ResolvedDeployment>> {
    if let Some(typed) = search.options.deployment {
        return ResolvedDeployment::named(OPTION, typed).map(Some);
    }
    for name in DOMAINS {
        if let Some(value) = search.env().get(name).filter(|value| !value.as_encoded_bytes().trim_ascii().is_empty()) {
            return ResolvedDeployment::named(name, value.to_str().unwrap_or(NOT_TEXT)).map(Some);
        }
    }
    for mount in search.mounts() {
        if let Some((value, place)) = mount.domain()? {
            return ResolvedDeployment::named(&place.place, std::str::from_utf8(value).unwrap_or(NOT_TEXT)).map(Some);
        }
    }
    Ok(None)
}

/// The deployment of a token that was found: the one that was asked for, else the one that it is bound to, else the
/// configuration's default, else the only one that is configured or logged in to, else the capsule's own.
///
/// # Errors
/// The first one named cannot be used.
pub(super) fn of(search: &Search, bound: Option<(&Deployment, &Place)>) -> Result<Option<ResolvedDeployment>> {
    if let Some(named) = search.named()? {
        return Ok(Some(named.clone()));
    }
    if let Some((deployment, place)) = bound {
        let named_by = binding(search, deployment, place);
        return Ok(Some(ResolvedDeployment { assumed: false, ..ResolvedDeployment::assumed(deployment, &named_by) }));
    }
    let configured = search.config()?.deployments.iter().map(|one| (&one.deployment, "the configuration"));
    let logins = search.logins()?.iter().map(|login| (&login.deployment, "the login"));
    let known: Vec<(&Deployment, &str)> = configured.chain(logins).collect();
    let remote = git_remote::of_capsule(search.env()).map(|(host, place)| ResolvedDeployment::named(&place, &host));
    let is_known = |remote: &ResolvedDeployment| known.iter().any(|(deployment, _)| **deployment == remote.deployment);
    let assumed = match (search.config()?.preferred(), known.first()) {
        (Some(default), _) => Some(ResolvedDeployment::assumed(&default.deployment, "the configuration")),
        (None, Some((one, place))) if known.iter().all(|(other, _)| other == one) => {
            Some(ResolvedDeployment::assumed(one, place))
        }
        _ => None,
    };
    match (assumed, remote) {
        (Some(assumed), Some(Ok(remote))) if remote.deployment != assumed.deployment => {
            Ok(Some(ResolvedDeployment { remark: Some(not_followed(&remote, &assumed)), ..assumed }))
        }
        (Some(assumed), _) => Ok(Some(assumed)),
        // The remote chooses between known deployments. It adds none to them: the user has never named that one.
        (None, Some(remote)) => remote.map(|remote| Some(remote).filter(|remote| known.is_empty() || is_known(remote))),
        (None, None) => Ok(None),
    }
}

/// What bound the token to its deployment, for people.
fn binding(search: &Search, deployment: &Deployment, place: &Place) -> String {
    let clone = search.clone.get().and_then(Option::as_ref).filter(|clone| clone.deployment == *deployment);
    match (place.kind, clone) {
        (PlaceKind::Keyring | PlaceKind::Command, Some(clone)) => format!("the Git remote in {}", clone.place),
        (PlaceKind::Keyring, None) => format!("the login of {}", place.place),
        (PlaceKind::Command, None) => "the configuration".to_owned(),
        _ => place.place.clone(),
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
pub(super) fn bound(search: &Search) -> Result<Vec<Deployment>> {
    let file = CredentialsFile { search }.deployment();
    let configured = search.config()?.deployments.iter().map(|one| one.deployment.clone());
    let logins = search.logins()?.iter().map(|login| login.deployment.clone());
    let agent = Agent { search }.deployment();
    Ok(agent.into_iter().chain(file).chain(configured).chain(logins).collect())
}
