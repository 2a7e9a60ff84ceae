//! How to connect to one deployment: trust and proxy, which both clients share.

use std::sync::Arc;

use hyper::Uri;
use hyper::http::uri::Scheme;
use hyper_util::client::proxy::matcher::Intercept;
use rustls::ClientConfig;

use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};

use super::roots::authorities;
use super::route::Route;
use super::trust::{self, ClientCertRequest};
use super::{proxy, tls_failure};

/// The settings for connections to one deployment.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) origin: Uri,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) proxy: Option<Intercept>,
    /// For error messages.
    pub(super) route: Route,
}

impl Connection {
    /// Reads the variables for proxies and certificate authorities.
    ///
    /// # Errors
    /// The proxy that is configured cannot be used, or TLS cannot be set up.
    pub(super) fn new(env: &Env, deployment: &Deployment) -> Result<Connection> {
        let origin = deployment.origin().parse::<Uri>().map_err(|error| {
            Error::new(Reason::Internal, "the deployment's address cannot be used").caused_by(error)
        })?;
        let encrypted = origin.scheme() == Some(&Scheme::HTTPS);
        // No proxy for plain http: it would see the token.
        let proxy = if encrypted { proxy::proxy(env, &origin)? } else { None };
        let (variable, proxy) = proxy.unzip();
        let authorities = authorities(env);
        tracing::info!(authorities, proxy = variable, "connecting to the deployment");
        let client_cert = ClientCertRequest::default();
        let tls = Arc::new(trust::config(env, encrypted, &client_cert)?);
        let route = Route { host: deployment.host().to_owned(), proxy: variable, authorities, client_cert };
        Ok(Connection { origin, tls, proxy, route })
    }

    /// An error, if the server requested a client certificate: some refuse the request in an HTTP response instead of in the
    /// handshake.
    pub(super) fn client_certificate_error(&self) -> Option<Error> {
        self.route.client_cert.get().then(|| tls_failure::client_certificate_required(&self.route.host))
    }
}
