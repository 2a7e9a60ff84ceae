//! Locate: ask each source in turn for the token, and find the deployment that it belongs to.
//!
//! A source has three answers: *found*, *not here* (ask the next), and *here but broken* (stop: another identity must
//! never replace a broken one in silence). [`source::Source`] is the contract; `order` is the list of all sources.

mod agent;
mod candidates;
mod config;
mod context;
mod credentials_file;
mod deployment;
mod environment;
mod git_clone;
mod git_remote;
mod keyring;
mod mount;
mod not_found;
mod option;
mod order;
mod resolved;
mod search;
pub mod slots;
mod source;
mod token_command;

use std::path::PathBuf;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::error::{Error, Kind, Reason, Remark, Result};
use crate::token::{Token, is_token_like};

use order::sources;
use search::Search;

pub use context::SearchContext;
pub use environment::shadowed;
pub use resolved::ResolvedDeployment;
pub use search::SearchOptions;
pub use source::{DeploymentBasis, Found, Place, PlaceKind, Source, TokenScope};

/// What [`locate`] found.
#[derive(Debug)]
pub struct Located {
    /// The token and its place.
    pub found: Found,
    /// The deployment, where one is known, and what named it.
    pub deployment: Option<ResolvedDeployment>,
}

/// Finds the token and its deployment. Sources after the first that answers are not asked.
///
/// # Errors
/// Not found (with the reason, where one can be seen), unreadable, ambiguous, or a deployment that cannot be used.
pub fn locate(options: &SearchOptions) -> Result<Located> {
    let search = Search::new(options);
    let mut skipped = Vec::new();
    search.named()?;
    for source in sources(&search) {
        let place = source.place();
        match source.find()? {
            Some(mut found) => {
                tracing::info!(kind = ?place.kind, place = found.place.place, "token located");
                let deployment = deployment::of(&search, found.deployment.as_ref().map(|bound| (bound, &found.place)))?;
                found.remarks.extend(deployment.iter().filter_map(|resolved| resolved.remark.clone()));
                // A variable names the agent, and another source answers in its place.
                found.remarks.extend(skipped.into_iter().filter(|remark: &Remark| remark.cause == agent::EMPTY));
                return Ok(Located { found, deployment });
            }
            None => {
                tracing::info!(kind = ?place.kind, place = place.place, "not here");
                skipped.extend(source.skipped());
            }
        }
    }
    Err(not_found::explain(&search, &skipped))
}

/// What one source answers.
#[derive(Debug)]
pub struct SourceReport {
    /// Where it looked.
    pub place: Place,
    /// What it found.
    pub found: Result<Option<Found>>,
    /// Where it found nothing: what is here but is not used.
    pub skipped: Vec<Remark>,
    /// Where it was not asked: what can be said without.
    pub glance: Option<String>,
}

/// Asks every source that is neither slow nor asks the user, also after one has answered; for `status` and `doctor`. A deployment
/// that cannot be used counts as none.
pub fn survey(options: &SearchOptions) -> Vec<SourceReport> {
    let search = Search::new(options);
    let ask = |source: Box<dyn Source>| {
        let (place, glance) = (source.place(), source.at_a_glance());
        if glance.is_some() {
            return SourceReport { place, found: Ok(None), skipped: Vec::new(), glance };
        }
        let found = source.find();
        let skipped = if matches!(found, Ok(None)) { source.skipped() } else { Vec::new() };
        SourceReport { place, found, skipped, glance }
    };
    sources(&search).map(ask).collect()
}

/// The files and folders that the sources read: a change of one may mean another token.
pub fn files(options: &SearchOptions) -> Vec<PathBuf> {
    sources(&Search::new(options)).flat_map(|source| source.files()).collect()
}

/// The variables that say where sources look.
pub fn named_by(options: &SearchOptions) -> Vec<&'static str> {
    sources(&Search::new(options)).flat_map(|source| source.named_by()).copied().collect()
}

/// Every token that can be seen here without asking a slow source, whichever is used: none of them may be printed.
pub fn tokens(options: &SearchOptions) -> Vec<Token> {
    let search = Search::new(options);
    let found = sources(&search).filter(|source| source.at_a_glance().is_none()).flat_map(|source| source.tokens());
    let variables = search.env().iter().filter(|(_, value)| is_token_like(value.as_encoded_bytes()));
    let parsed = variables.filter_map(|(_, value)| Some(Token::parse(value.as_encoded_bytes()).ok()?.token));
    found.chain(parsed).collect()
}

/// Why [`tokens`] may have missed one: the places that exist but cannot be read. Of two tokens that differ, it has both.
pub fn unreadable(options: &SearchOptions) -> Vec<Error> {
    let errors = |report: SourceReport| {
        let (found, error) = match report.found {
            Ok(found) => (found, None),
            Err(error) => (None, Some(error).filter(may_hide_a_token)),
        };
        let remarks = report.skipped.into_iter().chain(found.into_iter().flat_map(|found| found.remarks));
        let unread = remarks.filter(|remark| remark.cause == Reason::Unreadable.word());
        error.into_iter().chain(unread.map(|remark| not_found::error(Reason::Unreadable, &remark))).collect::<Vec<_>>()
    };
    survey(options).into_iter().flat_map(errors).collect()
}

/// Whether a search that failed may have missed a token. It has not where there is none, and where it found several.
pub fn may_hide_a_token(error: &Error) -> bool {
    !matches!(error.kind(), Kind::NotFound | Kind::Ambiguous)
}

/// The deployment of a token that is yet to be found, or was not found.
///
/// # Errors
/// The one that was named cannot be used.
pub fn destination(options: &SearchOptions) -> Result<Option<ResolvedDeployment>> {
    deployment::of(&Search::new(options), None)
}

/// The e-mail that the environment or the configuration gives for the account at a deployment. The environment's is for
/// the deployment of the search, and for no other.
///
/// # Errors
/// It is no e-mail, or the configuration cannot be used.
pub fn email(options: &SearchOptions, deployment: &Deployment) -> Result<Option<Email>> {
    let search = Search::new(options);
    match search.named_email()? {
        Some(email) => Ok(Some(email)),
        None => Ok(search.config()?.of(deployment).and_then(|configured| configured.email.clone())),
    }
}

/// The first known deployment that is wanted, and on which basis a search may go there. The deployment of this search comes
/// first; a token that states no deployment is for that one, and for no other.
///
/// # Errors
/// What names a deployment cannot be read, or names none.
pub fn known(
    options: &SearchOptions,
    wanted: impl Fn(&Deployment) -> bool,
) -> Result<Option<(Deployment, DeploymentBasis)>> {
    let search = Search::new(options);
    if let Some(resolved) = search.resolved()?.filter(|resolved| wanted(&resolved.deployment)) {
        let basis = if resolved.assumed { DeploymentBasis::Assumed } else { DeploymentBasis::Named };
        return Ok(Some((resolved.deployment.clone(), basis)));
    }
    let requested = deployment::bound(&search)?.into_iter().find(wanted);
    Ok(requested.map(|deployment| (deployment, DeploymentBasis::Requested)))
}

/// Every deployment that is known here, that of the search first.
///
/// # Errors
/// As [`known`].
pub fn deployments(options: &SearchOptions) -> Result<Vec<Deployment>> {
    let search = Search::new(options);
    let mut all: Vec<Deployment> = search.resolved()?.map(|resolved| resolved.deployment.clone()).into_iter().collect();
    for deployment in deployment::bound(&search)? {
        if !all.contains(&deployment) {
            all.push(deployment);
        }
    }
    Ok(all)
}
