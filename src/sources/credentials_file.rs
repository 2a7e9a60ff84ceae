//! The credentials file, `~/.codeocean/credentials.json`: a domain and the token that belongs to it.

use std::path::PathBuf;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::files::{self, Contents, Trouble};
use crate::token::Token;

use super::candidates::{Candidate, choose};
use super::deployment::trimmed;
use super::{Found, Place, PlaceKind, ResolvedDeployment, Source};

/// The most bytes that the file may have.
const LIMIT: usize = 64 * 1024;

/// The file that `$CODEOCEAN_CREDENTIALS_PATH` names, else the one in the home folder.
pub(super) struct CredentialsFile<'a> {
    pub(super) env: &'a Env,
    pub(super) named: Option<&'a ResolvedDeployment>,
    /// Only a token that the file itself binds to a deployment.
    pub(super) bound: bool,
}

#[derive(Deserialize)]
struct Credentials {
    token: Option<Zeroizing<String>>,
    domain: Option<String>,
}

impl CredentialsFile<'_> {
    fn path(&self) -> Option<PathBuf> {
        match self.env.path("CODEOCEAN_CREDENTIALS_PATH") {
            Some(path) => Some(path.to_path_buf()),
            None => self.env.home(".codeocean/credentials.json"),
        }
    }

    /// Whether the home folder is somebody else's altogether; a path that was named is meant.
    fn is_elsewhere(&self) -> bool {
        let named = self.env.path("CODEOCEAN_CREDENTIALS_PATH").is_some();
        !named && self.env.home(".codeocean").is_none_or(|folder| folder.symlink_metadata().is_err())
    }

    fn contents(&self, place: &Place) -> Result<Option<Contents>> {
        let Some(path) = self.path() else { return Ok(None) };
        match files::read(&path, LIMIT) {
            Ok(contents) => Ok(Some(contents)),
            Err(Trouble::Absent) => Ok(None),
            Err(Trouble::Hidden) if self.is_elsewhere() => Ok(None),
            Err(trouble) => Err(unreadable(place, &trouble.to_string())),
        }
    }
}

impl Source for CredentialsFile<'_> {
    fn named_by(&self) -> &'static [&'static str] {
        &["CODEOCEAN_CREDENTIALS_PATH"]
    }

    fn place(&self) -> Place {
        let path = self.path().unwrap_or_else(|| PathBuf::from("~/.codeocean/credentials.json"));
        Place::new(PlaceKind::File, path.display().to_string())
    }

    fn files(&self) -> Vec<PathBuf> {
        self.path().into_iter().collect()
    }

    fn find(&self) -> Result<Option<Found>> {
        let Some(found) = self.read()? else { return Ok(None) };
        Ok(if self.is_meant(&found) { Some(found) } else { None })
    }

    fn tokens(&self) -> Vec<Token> {
        self.read().ok().flatten().map(|found| found.token).into_iter().collect()
    }

    fn skipped(&self) -> Vec<Remark> {
        let (Ok(Some(Found { deployment: Some(bound), place, .. })), Some(named)) = (self.read(), self.named) else {
            return Vec::new();
        };
        let what = format!("{} is for {bound}, and {} was asked for by {}", place.place, named.deployment, named.place);
        vec![Remark::new("other-deployment", what).hint("a token is only used with the deployment that it belongs to")]
    }
}

impl CredentialsFile<'_> {
    /// The deployment that its token is for, where it can be read.
    pub(super) fn deployment(&self) -> Option<Deployment> {
        self.read().ok()??.deployment
    }

    /// Whether it is for the deployment that was asked for, if one was.
    fn is_meant(&self, found: &Found) -> bool {
        match (&found.deployment, self.named) {
            (Some(bound), Some(named)) => *bound == named.deployment,
            (None, _) => !self.bound,
            (Some(_), None) => true,
        }
    }

    fn read(&self) -> Result<Option<Found>> {
        let place = self.place();
        let Some(contents) = self.contents(&place)? else { return Ok(None) };
        let credentials: Credentials = serde_json::from_slice(&contents.bytes)
            .map_err(|_| unreadable(&place, "is not JSON of the form {\"domain\": \"...\", \"token\": \"...\"}"))?;
        let (deployment, remark) = bound_to(&place, credentials.domain.as_deref())?.unzip();
        let token = credentials.token.unwrap_or_default();
        let found = choose([Candidate { place: place.clone(), raw: token.as_bytes() }])?;
        let mut found = found.ok_or_else(|| unreadable(&place, "has no \"token\""))?;
        found.deployment = deployment;
        found.remarks.extend(remark.flatten());
        found.remarks.extend(contents.shared.then(|| readable_by_others(&place)));
        Ok(Some(found))
    }
}

fn bound_to(place: &Place, domain: Option<&str>) -> Result<Option<(Deployment, Option<Remark>)>> {
    let Some(domain) = domain.filter(|domain| !domain.trim().is_empty()) else { return Ok(None) };
    match Deployment::parse_address(domain) {
        Ok((deployment, has_more)) => {
            let remark = has_more.then(|| trimmed(&place.place, domain, &deployment));
            Ok(Some((deployment, remark)))
        }
        Err(unusable) => Err(Error::new(Reason::BadDeployment, format!("the domain in {} {unusable}", place.place))
            .hint("write it as https://codeocean.example.org")),
    }
}

fn unreadable(place: &Place, reason: &str) -> Error {
    Error::new(Reason::Unreadable, format!("the credentials file {} {reason}", place.place))
        .hint("mend or remove it; CODEOCEAN_CREDENTIALS_PATH names another one")
}

fn readable_by_others(place: &Place) -> Remark {
    Remark::new("readable-by-others", format!("{} can be read by other users of this machine", place.place))
        .hint(format!("chmod 600 {}", place.place))
}
