//! The client of the broker: hyper, which sends the path and the headers of a request as they are.

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::Instant;

use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::Result;

use super::connection::Connection;
use super::failure::failure;
use super::route::Route;
use super::transport::Transport;

/// A request body: bytes in memory, or the stream of an incoming request.
pub type Body = Either<Full<Bytes>, Incoming>;

/// Forwards requests to one deployment. Connections are pooled.
#[derive(Debug)]
pub struct ForwardClient {
    client: Client<Transport, Body>,
    transport: Transport,
    route: Route,
}

impl ForwardClient {
    /// A client for this deployment; it connects with the first request.
    ///
    /// # Errors
    /// The proxy that is configured cannot be used, or TLS cannot be set up.
    pub fn new(env: &Env, deployment: &Deployment) -> Result<ForwardClient> {
        let Connection { tls, proxy, route, .. } = Connection::new(env, deployment)?;
        let transport = Transport::new(tls, proxy);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(transport.clone());
        Ok(ForwardClient { client, transport, route })
    }

    /// Sends a request with an absolute URI, and returns the response once its head has arrived. `deadline` is for a new
    /// connection only (DNS, TCP, proxy and TLS), not for the response.
    ///
    /// # Errors
    /// No trusted connection can be made, or it fails before the response.
    pub async fn send(&self, request: Request<Body>, deadline: Instant) -> Result<Response<Incoming>> {
        self.transport.set_deadline(deadline);
        let sent = self.client.request(request).await;
        sent.map_err(|error| failure(error.into(), &self.route))
    }
}
