//! A deployment, and what named it.

use crate::deployment::{Deployment, Form, InvalidDeployment};
use crate::error::{Error, Reason, Remark, Result};

/// The option that names it.
pub(super) const OPTION: &str = "--deployment";

/// A deployment, and what named it.
#[derive(Clone, Debug)]
pub struct ResolvedDeployment {
    /// The deployment.
    pub deployment: Deployment,
    /// The option, variable or file that named it.
    pub place: String,
    /// Nothing here names it: it is the configuration's default, or the only one that is known.
    pub assumed: bool,
    /// A warning: its name has more than a deployment, or the Git remote names another one.
    pub remark: Option<Remark>,
}

impl ResolvedDeployment {
    /// What an option, a variable or a file names.
    ///
    /// # Errors
    /// The value is no deployment.
    pub(super) fn named(place: &str, value: &str) -> Result<ResolvedDeployment> {
        let (deployment, has_more) = Deployment::parse_address(value).map_err(|unusable| refuse(place, unusable))?;
        let remark = has_more.then(|| page_address(place, value, &deployment));
        Ok(ResolvedDeployment { deployment, place: place.to_owned(), assumed: false, remark })
    }

    /// One that nothing here names.
    pub(super) fn assumed(deployment: &Deployment, place: &str) -> ResolvedDeployment {
        ResolvedDeployment { deployment: deployment.clone(), place: place.to_owned(), assumed: true, remark: None }
    }

    /// Whether the user named it for this very command.
    pub fn is_explicit(&self) -> bool {
        self.place == OPTION
    }
}

/// What the Git clone around the working directory chooses among known deployments.
#[derive(Debug)]
pub(super) struct CloneDeployment {
    pub(super) deployment: Deployment,
    /// The user in the remote's address.
    pub(super) user: Option<String>,
    /// The file that names the remote.
    pub(super) place: String,
}

/// A browser's whole address in place of the deployment. Code that puts `https://` before a bare host needs a bare host.
pub(super) fn page_address(place: &str, value: &str, deployment: &Deployment) -> Remark {
    let written = Form::of(value).write(deployment);
    Remark::new("address", format!("{place} is the address of a page; co-cred uses {deployment}"))
        .hint(format!("other programs may not: write {written}"))
}

fn refuse(place: &str, unusable: InvalidDeployment) -> Error {
    Error::new(Reason::BadDeployment, format!("the deployment in {place} cannot be used: it {unusable}"))
        .hint("write it as https://codeocean.example.org")
}
