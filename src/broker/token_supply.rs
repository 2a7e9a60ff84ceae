//! The token that is sent to the deployment: the current one of the supply, and a newer one once that was rejected.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::header::HeaderValue;

use crate::credential::Credential;
use crate::deployment::Deployment;
use crate::http::basic;

use super::upstream_error::UpstreamError;

/// After a search that found no other token, the next one waits so long.
const SEARCH_INTERVAL: Duration = Duration::from_secs(5);

/// Where the broker has the real token from.
pub trait TokenSupply: Send + Sync {
    /// The current token.
    ///
    /// # Errors
    /// There is none, and why.
    fn current(&self) -> Result<Arc<Credential>, String>;

    /// Searches for the token again, since the deployment rejected it, and returns once that is done.
    fn refresh(&self);
}

/// The tokens of a supply, as far as they are for one deployment.
pub(super) struct DeploymentTokens {
    supply: Arc<dyn TokenSupply>,
    deployment: Deployment,
    /// The `Authorization` header of the token that was sent last.
    header: Mutex<Option<(Arc<Credential>, HeaderValue)>>,
    /// The rejected token for which the last search found no other, and when that was.
    not_replaced: tokio::sync::Mutex<Option<(Arc<Credential>, Instant)>>,
}

impl DeploymentTokens {
    pub(super) fn new(supply: Arc<dyn TokenSupply>, deployment: Deployment) -> DeploymentTokens {
        let (header, not_replaced) = (Mutex::default(), tokio::sync::Mutex::default());
        DeploymentTokens { supply, deployment, header, not_replaced }
    }

    /// The current token.
    ///
    /// # Errors
    /// There is none, or it is for another deployment, to which it must not be sent.
    pub(super) fn current(&self) -> Result<Arc<Credential>, UpstreamError> {
        let current = self.supply.current().map_err(UpstreamError::NoToken)?;
        match current.deployment().is_some_and(|resolved| resolved.deployment == self.deployment) {
            true => Ok(current),
            false => Err(UpstreamError::OtherDeployment),
        }
    }

    /// Another token than the rejected one; none where the supply has no other.
    pub(super) async fn replacement(&self, rejected: &Arc<Credential>) -> Option<Arc<Credential>> {
        // One search at a time: the requests that waited here use what it found.
        let mut not_replaced = self.not_replaced.lock().await;
        let other = || self.current().ok().filter(|current| current.token() != rejected.token());
        if let Some(other) = other() {
            return Some(other);
        }
        let is_recent = |(token, when): &(Arc<Credential>, Instant)| {
            token.token() == rejected.token() && when.elapsed() < SEARCH_INTERVAL
        };
        if not_replaced.as_ref().is_some_and(is_recent) {
            return None;
        }
        let supply = Arc::clone(&self.supply);
        let _ = tokio::task::spawn_blocking(move || supply.refresh()).await;
        *not_replaced = Some((Arc::clone(rejected), Instant::now()));
        other()
    }

    /// HTTP Basic with the token as the user name and an empty password. Encoded once for each token, not for each request.
    pub(super) fn authorization(&self, credential: &Arc<Credential>) -> HeaderValue {
        let mut cached = self.header.lock().unwrap_or_else(PoisonError::into_inner);
        match &*cached {
            Some((token, header)) if Arc::ptr_eq(token, credential) => header.clone(),
            _ => {
                let header = basic(credential.token());
                *cached = Some((Arc::clone(credential), header.clone()));
                header
            }
        }
    }
}
