//! The credentials file, `~/.codeocean/credentials.json`: a domain and the token that belongs to it.

use std::path::PathBuf;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::error::{Error, Reason, Remark, Result};
use crate::files::{Contents, ReadError};
use crate::token::Token;

use super::candidates::{Candidate, choose};
use super::resolved::{ResolvedDeployment, page_address};
use super::search::Search;
use super::source::{DeploymentBasis, Found, Place, PlaceKind, Source, TokenScope};

/// The file that `$CODEOCEAN_CREDENTIALS_PATH` names, else the one in the home folder.
pub(super) struct CredentialsFile<'a> {
    pub(super) search: &'a Search<'a>,
}

#[derive(Deserialize)]
struct Credentials {
    token: Option<Zeroizing<String>>,
    domain: Option<String>,
}

impl<'a> CredentialsFile<'a> {
    fn path(&self) -> Option<PathBuf> {
        match self.search.env().path("CODEOCEAN_CREDENTIALS_PATH") {
            Some(path) => Some(path.to_path_buf()),
            None => self.search.env().home(".codeocean/credentials.json"),
        }
    }

    /// Whether the home folder is another user's, and closed to this one. A path in the variable counts as it is.
    fn is_elsewhere(&self) -> bool {
        let named = self.search.env().path("CODEOCEAN_CREDENTIALS_PATH").is_some();
        !named && self.search.env().home(".codeocean").is_none_or(|folder| folder.symlink_metadata().is_err())
    }

    fn contents(&self, place: &Place) -> Result<Option<&'a Contents>> {
        let Some(path) = self.path() else { return Ok(None) };
        match self.search.context.credentials(&path) {
            Ok(contents) => Ok(Some(contents)),
            Err(ReadError::NotFound) => Ok(None),
            Err(ReadError::Hidden) if self.is_elsewhere() => Ok(None),
            Err(trouble) => Err(unreadable(place, &trouble.to_string())),
        }
    }
}

impl Source for CredentialsFile<'_> {
    fn token_scope(&self) -> TokenScope {
        TokenScope::Bound
    }

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
        let remark = match (self.read(), self.search.named()) {
            (Ok(None), _) => self.missing(),
            (Ok(Some(Found { deployment: Some(bound), place, .. })), Ok(Some(named))) => {
                Some(for_another(&bound, &place, named))
            }
            _ => None,
        };
        remark.into_iter().collect()
    }
}

impl CredentialsFile<'_> {
    /// A variable names the file, and it does not exist.
    fn missing(&self) -> Option<Remark> {
        let path = self.search.env().path("CODEOCEAN_CREDENTIALS_PATH")?;
        let what = format!("CODEOCEAN_CREDENTIALS_PATH names {}, which does not exist", path.display());
        Some(Remark::new("missing-file", what).hint("correct the path, or unset the variable"))
    }

    /// The deployment that its token is for, where it can be read.
    pub(super) fn deployment(&self) -> Option<Deployment> {
        self.read().ok()??.deployment
    }

    /// Whether it is for the deployment that was asked for, if one was.
    fn is_meant(&self, found: &Found) -> bool {
        match (&found.deployment, self.search.named().ok().flatten()) {
            (Some(bound), Some(named)) => *bound == named.deployment,
            (None, _) => self.search.options.basis != DeploymentBasis::Requested,
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
            let remark = has_more.then(|| page_address(&place.place, domain, &deployment));
            Ok(Some((deployment, remark)))
        }
        Err(unusable) => Err(Error::new(Reason::BadDeployment, format!("the domain in {} {unusable}", place.place))
            .hint("write it as https://codeocean.example.org")),
    }
}

fn for_another(bound: &Deployment, place: &Place, named: &ResolvedDeployment) -> Remark {
    let ResolvedDeployment { deployment, place: named_by, .. } = named;
    Remark::new("other-deployment", format!("{} is for {bound}, and {named_by} names {deployment}", place.place))
        .hint(format!("co-cred login --deployment {deployment} adds a token for that one"))
}

fn unreadable(place: &Place, reason: &str) -> Error {
    Error::new(Reason::Unreadable, format!("the credentials file {} {reason}", place.place))
        .hint("correct or remove it; CODEOCEAN_CREDENTIALS_PATH names another file")
}

fn readable_by_others(place: &Place) -> Remark {
    Remark::new("readable-by-others", format!("{} can be read by other users of this machine", place.place))
        .hint(format!("chmod 600 {}", place.place))
}
