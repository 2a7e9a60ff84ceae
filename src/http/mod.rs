//! The HTTP client: made only when somebody is really asked, and able to do no more than that. No redirects, no cookies,
//! no environment but the one that was handed in.

mod dial;
mod dns;
mod failure;
mod progress;
mod proxy;
mod roots;
mod tls_failure;
mod transport;
mod trust;

use std::io;
use std::sync::Arc;

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::http::uri::Scheme;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::Instant;

use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};

use failure::Route;
use transport::Transport;
use trust::Wanted;

pub use failure::{disconnected, timeout};
pub use roots::authorities;

/// What is sent: bytes that are there, or what somebody else is still sending.
pub type Body = Either<Full<Bytes>, Incoming>;

/// The way to one deployment. Connections are kept, and used again.
#[derive(Debug)]
pub struct HttpClient {
    client: Client<Transport, Body>,
    transport: Transport,
    /// To name it where it does not answer.
    route: Route,
}

impl HttpClient {
    /// A client for this deployment, which has yet to connect.
    ///
    /// # Errors
    /// The proxy that is configured cannot be used, or TLS cannot be set up.
    pub fn new(env: &Env, deployment: &Deployment) -> Result<HttpClient> {
        let to = deployment.origin().parse::<Uri>().map_err(|error| {
            Error::new(Reason::Internal, "the deployment's address cannot be used").caused_by(error)
        })?;
        let encrypted = to.scheme() == Some(&Scheme::HTTPS);
        // Only what is encrypted end to end may pass a proxy, which otherwise would see the token.
        let proxy = if encrypted { proxy::proxy(env, &to)? } else { None };
        let (variable, proxy) = proxy.unzip();
        let authorities = authorities(env);
        tracing::info!(authorities, proxy = variable, "the way to the deployment");
        let wanted = Wanted::default();
        let transport = Transport::new(Arc::new(trust::config(env, encrypted, &wanted)?), proxy);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(transport.clone());
        let route = Route { host: deployment.host().to_owned(), proxy: variable, authorities, wanted };
        Ok(HttpClient { client, transport, route })
    }

    /// Sends a request, whose address is whole, and returns the answer once its head is there, however long that takes.
    /// Where a connection has to be made, names, proxy and TLS included, that must be done by `connected`.
    ///
    /// # Errors
    /// No connection, or none that can be trusted; the answer does not come.
    pub async fn send(&self, request: Request<Body>, connected: Instant) -> Result<Response<Incoming>> {
        self.transport.hurry(connected);
        let sent = self.client.request(request).await;
        sent.map_err(|error| failure::failure(error, &self.route))
    }

    /// That the server wanted a client certificate, which it may say in a page of its own after the handshake.
    pub fn wanted_certificate(&self) -> Option<Error> {
        self.route.wanted.get().then(|| tls_failure::no_client_certificate(&self.route.host))
    }
}

/// Where a [`HttpClient`] runs: on the thread that waits for it.
///
/// # Errors
/// The system has no descriptor left.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()
}
