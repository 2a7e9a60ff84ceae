//! A layer around reqwest's connector that lets one connection of a race through.

use std::pin::Pin;
use std::task::{Context, Poll};

use tower_service::Service;

use super::failure::is_proxy_unreachable;
use super::progress::{BoxError, ConnectError, Progress, Step};

/// A connector whose connection is used only if no other attempt of the race is connected before.
#[derive(Clone)]
pub(super) struct Gate<S> {
    pub(super) inner: S,
    pub(super) progress: Progress,
}

impl<S, R> Service<R> for Gate<S>
where
    S: Service<R, Error = BoxError>,
    S::Response: Send + 'static,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (connecting, progress) = (self.inner.call(request), self.progress.clone());
        Box::pin(async move {
            match connecting.await {
                Ok(connection) if progress.win() => Ok(connection),
                // Until the race is over, which drops this attempt.
                Ok(_) => std::future::pending().await,
                Err(cause) => Err(ConnectError { step: failed_step(&progress, &cause), cause }.into()),
            }
        })
    }
}

/// The step of a failed connection. Nothing else shows that TCP was connected, and the proxy refused.
fn failed_step(progress: &Progress, cause: &BoxError) -> Step {
    match progress.step() {
        Step::Address if !is_proxy_unreachable(&**cause) => Step::Peer,
        step => step,
    }
}
