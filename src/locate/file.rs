//! The credentials file, `~/.codeocean/credentials.json`: a domain and the token that belongs to it.

use std::path::PathBuf;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::files::{self, Contents, Trouble};

use super::rung::{Candidate, choose};
use super::{Found, Place, PlaceKind, Sited, Source};

/// The most bytes that the file may have.
const LIMIT: usize = 64 * 1024;

/// The file that `$CODEOCEAN_CREDENTIALS_PATH` names, else the one in the home folder.
pub(super) struct CredentialsFile<'a> {
    pub(super) env: &'a Env,
    pub(super) named: Option<&'a Sited>,
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

    fn contents(&self, place: &Place) -> Result<Option<Contents>> {
        let Some(path) = self.path() else { return Ok(None) };
        match files::read(&path, LIMIT) {
            Ok(contents) => Ok(Some(contents)),
            Err(Trouble::Absent) => Ok(None),
            // HOME may be somebody else's; a path that was named is meant.
            Err(Trouble::Hidden) if self.env.path("CODEOCEAN_CREDENTIALS_PATH").is_none() => Ok(None),
            Err(trouble) => Err(unreadable(place, &trouble.to_string())),
        }
    }
}

impl Source for CredentialsFile<'_> {
    fn place(&self) -> Place {
        let path = self.path().unwrap_or_else(|| PathBuf::from("~/.codeocean/credentials.json"));
        Place::new(PlaceKind::File, path.display().to_string())
    }

    fn find(&self) -> Result<Option<Found>> {
        let place = self.place();
        let Some(contents) = self.contents(&place)? else { return Ok(None) };
        let credentials: Credentials = serde_json::from_slice(&contents.bytes)
            .map_err(|_| unreadable(&place, "is not JSON of the form {\"domain\": \"...\", \"token\": \"...\"}"))?;
        let deployment = bound_to(&place, credentials.domain.as_deref())?;
        if let (Some(bound), Some(named)) = (&deployment, self.named)
            && *bound != named.deployment
        {
            tracing::info!(%bound, named = %named.deployment, "the credentials file is for another deployment");
            return Ok(None);
        }
        let token = credentials.token.ok_or_else(|| unreadable(&place, "has no \"token\""))?;
        let found = choose([Candidate { place: place.clone(), raw: token.as_bytes() }])?;
        Ok(found.map(|mut found| {
            found.deployment = deployment;
            found.remarks.extend(contents.shared.then(|| readable_by_others(&place)));
            found
        }))
    }
}

/// The error for a credentials file that is passed over because it is for another deployment.
pub(super) fn bound_elsewhere(env: &Env, named: Option<&Sited>) -> Option<Error> {
    let named = named?;
    let found = CredentialsFile { env, named: None }.find().ok()??;
    let bound = found.deployment.filter(|bound| *bound != named.deployment)?;
    let what =
        format!("{} is for {bound}, and {} was asked for by {}", found.place.place, named.deployment, named.place);
    Some(Error::new(Reason::NotFound, what).hint("a token is only used with the deployment that it belongs to"))
}

fn bound_to(place: &Place, domain: Option<&str>) -> Result<Option<Deployment>> {
    let Some(domain) = domain.filter(|domain| !domain.trim().is_empty()) else { return Ok(None) };
    Deployment::parse(domain).map(Some).map_err(|unusable| {
        Error::new(Reason::BadDeployment, format!("the domain in {} {unusable}", place.place))
            .hint("write it as https://codeocean.example.org")
    })
}

fn unreadable(place: &Place, reason: &str) -> Error {
    Error::new(Reason::Unreadable, format!("the credentials file {} {reason}", place.place))
        .hint("mend or remove it; CODEOCEAN_CREDENTIALS_PATH names another one")
}

fn readable_by_others(place: &Place) -> Remark {
    Remark::new("readable-by-others", format!("{} can be read by other users of this machine", place.place))
        .hint(format!("chmod 600 {}", place.place))
}
