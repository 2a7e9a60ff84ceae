//! Verify: ask the deployment whether it accepts a token, and cache the verdict.
//!
//! Code Ocean's API has no "who am I" endpoint. A search for the token owner's own capsules answers 200 if the token is
//! valid, and names the owner. If it answers 401 or 403, the same search for data assets distinguishes a token without the
//! Capsule scope (for which some versions answer 401, too) from one that the deployment rejects.

mod answer;
mod cache;
mod retry;
mod verdict;

use std::io;

use jiff::Timestamp;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::http::{HttpClient, runtime};
use crate::token::Token;

use answer::Answer;
use retry::Retry;

pub use retry::{RetryBudget, TIMEOUT};
pub use verdict::{Grant, Scope, Verdict};

/// A token to verify, and how.
#[derive(Clone, Copy, Debug)]
pub struct VerifyRequest<'a> {
    /// The token.
    pub token: &'a Token,
    /// Where the token was found, for the message that it is rejected; empty if the user has just typed it.
    pub place: &'a str,
    /// The deployment to ask. The token is sent nowhere else.
    pub deployment: &'a Deployment,
    /// The variables for proxies, certificates and the cache folder.
    pub env: &'a Env,
    /// How long to wait for an answer.
    pub budget: RetryBudget,
    /// Scopes that the verdict must know, which may take a second call.
    pub needs: &'a [Scope],
    /// Whether the verdict should know the owner, which may take a second call.
    pub owner: bool,
}

/// The cached verdict, if it is less than five minutes old. Sends no request.
pub fn cached_verdict(request: &VerifyRequest) -> Option<Verdict> {
    cache::verdict(request.env, request.token, request.deployment)
}

/// The token's owner from a cached verdict of any age: the owner of a token does not change. Sends no request.
pub fn cached_owner(request: &VerifyRequest) -> Option<Email> {
    cache::owner(request.env, request.token, request.deployment)
}

/// Another deployment that is known to have accepted the token, to which it belongs; `None` if `deployment` has accepted
/// it, too. Sends no request.
pub fn accepted_elsewhere(env: &Env, token: &Token, deployment: &Deployment) -> Option<String> {
    let accepting = cache::accepting_origins(env, token);
    if accepting.iter().any(|origin| origin == deployment.origin()) { None } else { accepting.into_iter().next() }
}

/// Removes what is cached about a token that the deployment has refused.
pub fn remove_cached(env: &Env, token: &Token, deployment: &Deployment) {
    cache::remove(env, token, deployment);
}

/// Asks the deployment, and caches the answer: the verdict for five minutes, the owner for a month.
///
/// # Errors
/// The deployment rejects the token ([`Reason::Rejected`]), or does not answer as Code Ocean's API does.
pub fn verify(request: &VerifyRequest) -> Result<Verdict> {
    let runtime = runtime().map_err(|error| {
        Error::new(Reason::Internal, format!("the deployment cannot be asked ({error})")).caused_by(error)
    })?;
    let mut verdict = runtime.block_on(ask(request));
    match &mut verdict {
        Ok(verdict) if verdict.grants_anything() => {
            let stored = cache::store(request.env, request.token, request.deployment, verdict);
            verdict.cache_failure = stored.err().map(|error| cache_failure(request.env, &error));
        }
        Err(error) if error.reason == Reason::Rejected => {
            cache::remove(request.env, request.token, request.deployment);
        }
        _ => {}
    }
    verdict
}

fn cache_failure(env: &Env, error: &io::Error) -> Remark {
    let folder = env
        .cache_dir()
        .map_or_else(|| "the environment names no cache folder".to_owned(), |folder| folder.display().to_string());
    let what =
        format!("cannot cache the deployment's answer ({folder}: {}), so each command asks it again", error.kind());
    Remark::new("cache", what).hint("set XDG_CACHE_HOME to a folder that you can write to")
}

async fn ask(request: &VerifyRequest<'_>) -> Result<Verdict> {
    let client = HttpClient::new(request.env, request.deployment)?;
    let mut retry = Retry::new(request.budget);
    let mut search = async |scope: Scope| {
        let url = request.deployment.api(scope.endpoint());
        retry.run(async |left| answer::search(&client, request.token, &url, left).await).await
    };
    let capsules = search(Scope::CapsuleRead).await?;
    let needed = !capsules.granted() || request.needs.contains(&Scope::DataAssetRead);
    let assets = match needed {
        true => Some(search(Scope::DataAssetRead).await?),
        // Only the owner would be missing, which is no reason to fail.
        false if request.owner && capsules.owner().is_none() => search(Scope::DataAssetRead).await.ok(),
        false => None,
    };
    to_verdict(request, &capsules, assets.as_ref())
}

fn to_verdict(request: &VerifyRequest, capsules: &Answer, assets: Option<&Answer>) -> Result<Verdict> {
    if let (Answer::Unauthorized, Some(Answer::Unauthorized)) = (capsules, assets) {
        let VerifyRequest { deployment, place, .. } = request;
        let from = if place.is_empty() { String::new() } else { format!(" from {place}") };
        let shape = if request.token.has_shape() { "" } else { ", which does not have the shape of one (cop_...)" };
        let what = format!("{deployment} does not accept the token{from} (401){shape}");
        return Err(Error::new(Reason::Rejected, what).hint(
            "it was revoked, or belongs to another deployment: create a new one under Account → Access Tokens, and put it there",
        ));
    }
    let answers = [(Scope::CapsuleRead, Some(capsules)), (Scope::DataAssetRead, assets)];
    let grant = |answer: &Answer| if answer.granted() { Grant::Granted } else { Grant::Denied };
    Ok(Verdict {
        owner: capsules.owner().or_else(|| assets?.owner()).cloned(),
        scopes: answers.into_iter().filter_map(|(scope, answer)| Some((scope, grant(answer?)))).collect(),
        checked_at: Timestamp::now(),
        cache_failure: None,
    })
}
