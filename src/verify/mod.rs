//! Verify: ask the deployment about a token, with one authenticated call.
//!
//! Code Ocean has no "who am I". A search for the owner's own capsules answers 200 where the token is good, and names
//! the owner. Where it answers 401 or 403, the same search on data assets tells a token without the Capsule scope (some
//! versions answer 401 there, too) from one that nobody accepts.

mod answer;
mod cache;
mod retry;

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Remark, Result};
use crate::http::{HttpClient, runtime};
use crate::token::Token;

use answer::Answer;
use retry::Retry;

/// How long the deployment may take to answer, retries included, unless something else is asked for.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// What is asked, and of whom.
#[derive(Clone, Copy, Debug)]
pub struct VerifyRequest<'a> {
    /// The token in question.
    pub token: &'a Token,
    /// Where it was found, to be told where it is rejected; empty where somebody has just typed it.
    pub place: &'a str,
    /// The only place it is sent to.
    pub deployment: &'a Deployment,
    /// For proxies, certificates and the cache folder.
    pub env: &'a Env,
    /// How the answer is waited for.
    pub budget: RetryBudget,
    /// Scopes that must be known in the end, at the cost of a second call.
    pub needs: &'a [Scope],
    /// Whether the owner should be known in the end, at the cost of a second call.
    pub owner: bool,
}

/// How long an answer is waited for.
#[derive(Clone, Copy, Debug)]
pub struct RetryBudget {
    /// For one answer, and without `wait` for everything.
    pub timeout: Duration,
    /// With this, whatever may pass is retried for so long in all: a network that is not up yet, a server that restarts.
    pub wait: Option<Duration>,
}

impl Default for RetryBudget {
    fn default() -> RetryBudget {
        RetryBudget { timeout: TIMEOUT, wait: None }
    }
}

/// A permission that can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Capsule, Read.
    CapsuleRead,
    /// Data Asset, Read.
    DataAssetRead,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 2] = [Scope::CapsuleRead, Scope::DataAssetRead];

    /// Its name on the command line and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Scope::CapsuleRead => "capsule:read",
            Scope::DataAssetRead => "data-asset:read",
        }
    }

    fn endpoint(self) -> &'static str {
        match self {
            Scope::CapsuleRead => "capsules/search",
            Scope::DataAssetRead => "data_assets/search",
        }
    }
}

/// What is known of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grant {
    /// The token has it.
    Granted,
    /// The token lacks it.
    Denied,
    /// Nobody asked.
    Unknown,
}

/// The deployment accepted the token; this is what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The owner's e-mail, where an item of theirs told it.
    pub owner: Option<Email>,
    /// Whether the token may read capsules.
    pub capsule_read: Grant,
    /// Whether the token may read data assets.
    pub data_asset_read: Grant,
    /// When the deployment was asked.
    pub checked_at: Timestamp,
    /// What keeps this verdict from being remembered.
    #[serde(skip)]
    pub cache_failure: Option<Remark>,
}

impl Verdict {
    /// What is known of a scope.
    pub fn grant(&self, scope: Scope) -> Grant {
        match scope {
            Scope::CapsuleRead => self.capsule_read,
            Scope::DataAssetRead => self.data_asset_read,
        }
    }

    fn grants_anything(&self) -> bool {
        Scope::ALL.iter().any(|scope| self.grant(*scope) != Grant::Denied)
    }

    /// The scopes that are missing, of those that are needed. A token that may read neither is of no use to anybody:
    /// without anything asked for, that is missing too.
    ///
    /// # Errors
    /// [`Reason::ScopeMissing`].
    pub fn require(&self, needs: &[Scope]) -> Result<()> {
        let denied = |scope: &&Scope| self.grant(**scope) == Grant::Denied;
        let missing: Vec<&Scope> = match needs {
            [] if !self.grants_anything() => Scope::ALL.iter().collect(),
            needs => needs.iter().filter(denied).collect(),
        };
        if missing.is_empty() {
            return Ok(());
        }
        let words: Vec<&str> = missing.iter().map(|scope| scope.word()).collect();
        Err(Error::new(Reason::ScopeMissing, format!("the token is accepted, but lacks {}", words.join(" and ")))
            .hint("make a token that has the scope at Account → Access Tokens, and attach it in place of this one"))
    }
}

/// A verdict of the last five minutes, without asking anybody.
pub fn recall(request: &VerifyRequest) -> Option<Verdict> {
    cache::recall(request.env, request.token, request.deployment)
}

/// The token's owner, as the deployment told it at some time: tokens do not change hands. Asks nobody.
pub fn recall_owner(request: &VerifyRequest) -> Option<Email> {
    cache::recall_owner(request.env, request.token, request.deployment)
}

/// The deployment that is known to have accepted a token, where another one is about to be sent it; none where that one
/// has accepted it, too. Asks nobody.
pub fn accepted_elsewhere(env: &Env, token: &Token, deployment: &Deployment) -> Option<String> {
    let homes = cache::homes(env, token);
    if homes.iter().any(|home| home == deployment.origin()) { None } else { homes.into_iter().next() }
}

/// Forgets what is remembered of a token that somebody was refused with.
pub fn forget(env: &Env, token: &Token, deployment: &Deployment) {
    cache::forget(env, token, deployment);
}

/// Asks the deployment, and remembers what it said: the verdict for five minutes, the owner for a month.
///
/// # Errors
/// The token is rejected, or the deployment cannot be asked; the reason says why.
pub fn verify(request: &VerifyRequest) -> Result<Verdict> {
    let runtime = runtime().map_err(|error| {
        Error::new(Reason::Internal, format!("the deployment cannot be asked ({error})")).caused_by(error)
    })?;
    let mut verdict = runtime.block_on(ask(request));
    match &mut verdict {
        Ok(verdict) if verdict.grants_anything() => {
            let kept = cache::remember(request.env, request.token, request.deployment, verdict);
            verdict.cache_failure = kept.err().map(|error| cache_failure(request.env, &error));
        }
        Err(error) if error.reason == Reason::Rejected => {
            cache::forget(request.env, request.token, request.deployment);
        }
        _ => {}
    }
    verdict
}

fn cache_failure(env: &Env, error: &io::Error) -> Remark {
    let folder =
        env.cache_dir().map_or_else(|| "no cache folder is known".to_owned(), |folder| folder.display().to_string());
    let what = format!("the deployment's answer cannot be kept ({folder}: {}), so each start asks again", error.kind());
    Remark::new("cache", what).hint("set XDG_CACHE_HOME to a folder of your own that can be written to")
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
        // For the owner alone, a failure is no reason to fail.
        false if request.owner && capsules.owner().is_none() => search(Scope::DataAssetRead).await.ok(),
        false => None,
    };
    conclude(request, &capsules, assets.as_ref())
}

fn conclude(request: &VerifyRequest, capsules: &Answer, assets: Option<&Answer>) -> Result<Verdict> {
    if let (Answer::Unauthorized, Some(Answer::Unauthorized)) = (capsules, assets) {
        let VerifyRequest { deployment, place, .. } = request;
        let from = if place.is_empty() { String::new() } else { format!(" from {place}") };
        let shape = if request.token.has_shape() { "" } else { ", which does not have the shape of one (cop_...)" };
        let what = format!("{deployment} does not accept the token{from} (401){shape}");
        return Err(Error::new(Reason::Rejected, what).hint(
            "it was revoked, or belongs to another deployment: make a new one at Account → Access Tokens, and put it there",
        ));
    }
    let grant = |answer: &Answer| if answer.granted() { Grant::Granted } else { Grant::Denied };
    Ok(Verdict {
        owner: capsules.owner().or_else(|| assets?.owner()).cloned(),
        capsule_read: grant(capsules),
        data_asset_read: assets.map_or(Grant::Unknown, grant),
        checked_at: Timestamp::now(),
        cache_failure: None,
    })
}
