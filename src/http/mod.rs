//! HTTP: trust, names and proxies for connections to a deployment. No redirects, no cookies, and no environment variable
//! but those of the [`Env`] that is passed in.

mod authorization;
mod dns;
mod failure;
mod progress;
mod proxy;
mod roots;
mod tcp;
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
use trust::ClientCertRequest;

pub use authorization::{basic, basic_credentials, bearer};
pub use failure::{disconnected, timeout};
pub use roots::authorities;

/// A request body: bytes in memory, or the stream of an incoming request.
pub type Body = Either<Full<Bytes>, Incoming>;

/// A client for one deployment. Connections are pooled.
#[derive(Debug)]
pub struct HttpClient {
    client: Client<Transport, Body>,
    transport: Transport,
    route: Route,
}

impl HttpClient {
    /// A client for this deployment; it connects with the first request.
    ///
    /// # Errors
    /// The proxy that is configured cannot be used, or TLS cannot be set up.
    pub fn new(env: &Env, deployment: &Deployment) -> Result<HttpClient> {
        let to = deployment.origin().parse::<Uri>().map_err(|error| {
            Error::new(Reason::Internal, "the deployment's address cannot be used").caused_by(error)
        })?;
        let encrypted = to.scheme() == Some(&Scheme::HTTPS);
        // No proxy for plain http: it would see the token.
        let proxy = if encrypted { proxy::proxy(env, &to)? } else { None };
        let (variable, proxy) = proxy.unzip();
        let authorities = authorities(env);
        tracing::info!(authorities, proxy = variable, "connecting to the deployment");
        let client_cert = ClientCertRequest::default();
        let transport = Transport::new(Arc::new(trust::config(env, encrypted, &client_cert)?), proxy);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(transport.clone());
        let route = Route { host: deployment.host().to_owned(), proxy: variable, authorities, client_cert };
        Ok(HttpClient { client, transport, route })
    }

    /// Sends a request with an absolute URI, and returns the response once its head has arrived. `deadline` is for a new
    /// connection only (DNS, TCP, proxy and TLS), not for the response.
    ///
    /// # Errors
    /// No trusted connection can be made, or it fails before the response.
    pub async fn send(&self, request: Request<Body>, deadline: Instant) -> Result<Response<Incoming>> {
        self.transport.set_deadline(deadline);
        let sent = self.client.request(request).await;
        sent.map_err(|error| failure::failure(error, &self.route))
    }

    /// An error, if the server requested a client certificate: some refuse the request in an HTTP response instead of in the
    /// handshake.
    pub fn client_certificate_error(&self) -> Option<Error> {
        self.route.client_cert.get().then(|| tls_failure::client_certificate_required(&self.route.host))
    }
}

/// A runtime for a [`HttpClient`], on the current thread.
///
/// # Errors
/// The process has no file descriptor left.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()
}
