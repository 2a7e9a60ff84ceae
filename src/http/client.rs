//! The client for co-cred's own calls: reqwest, with the trust, names and proxies of this module.
//!
//! reqwest connects to the addresses of a host one after the other. Here each address gets a reqwest client of its own, and
//! the clients race. The first one that is connected, TLS included, sends the request; the others never do.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Request, Response, retry};
use rustls::ClientConfig;
use rustls::client::Resumption;
use tokio::time::{Instant, timeout_at};
use tower_layer::layer_fn;

use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Result};

use super::connection::Connection;
use super::dns::DnsResolver;
use super::failure::failure;
use super::gate::Gate;
use super::progress::{BoxError, ConnectError, Progress, Step, TimedOut};
use super::proxy;
use super::race::{Attempt, Racer};
use super::trust::HandshakeObserver;

/// Makes calls to one deployment.
#[derive(Debug)]
pub struct HttpClient {
    connection: Connection,
    dns: DnsResolver,
    /// The client that won the race of the first request. Its connection is kept for the next one.
    connected: OnceLock<Client>,
}

impl HttpClient {
    /// A client for this deployment; it connects with the first request.
    ///
    /// # Errors
    /// The proxy that is configured cannot be used, or TLS cannot be set up.
    pub fn new(env: &Env, deployment: &Deployment) -> Result<HttpClient> {
        let connection = Connection::new(env, deployment)?;
        Ok(HttpClient { connection, dns: DnsResolver::default(), connected: OnceLock::new() })
    }

    /// Sends a request, and returns the response once its head has arrived.
    ///
    /// # Errors
    /// No trusted connection can be made, it fails, or the head has not arrived by `deadline`.
    pub async fn send(&self, request: Request, deadline: Instant) -> Result<Response> {
        let sent = match self.connected.get() {
            Some(client) => timeout_at(deadline, client.execute(request)).await.map_or_else(
                |_| Err(ConnectError { step: Step::Connected, cause: TimedOut.into() }.into()),
                |response| response.map_err(BoxError::from),
            ),
            None => self.race(&request, deadline).await,
        };
        sent.map_err(|error| failure(error, &self.connection.route))
    }

    /// An error, if the server requested a client certificate: some refuse the request in an HTTP response instead of in the
    /// handshake.
    pub fn client_certificate_error(&self) -> Option<Error> {
        self.connection.client_certificate_error()
    }

    async fn race(&self, request: &Request, deadline: Instant) -> Result<Response, BoxError> {
        let progress = Progress::default();
        let connect = |address| -> Attempt<(Client, Response)> {
            let client = self.client_for(address, progress.attempt());
            let request = request.try_clone();
            Box::pin(async move {
                let (client, request) = (client?, request.ok_or("the body cannot be sent twice")?);
                let response = client.execute(request).await?;
                Ok((client, response))
            })
        };
        let time = deadline.saturating_duration_since(Instant::now());
        let racer = Racer { dns: &self.dns, time, progress: &progress, connect };
        let peer = self.connection.proxy.as_ref().map_or(&self.connection.origin, |proxy| proxy.uri());
        let (client, response) = match timeout_at(deadline, racer.run(peer)).await {
            Ok(Ok(won)) => won,
            Ok(Err(cause)) if progress.step() == Step::Name => {
                return Err(ConnectError { step: Step::Name, cause }.into());
            }
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(ConnectError { step: progress.step(), cause: TimedOut.into() }.into()),
        };
        let _ = self.connected.set(client);
        Ok(response)
    }

    /// A client that connects to one address.
    fn client_for(&self, address: SocketAddr, progress: Progress) -> Result<Client, reqwest::Error> {
        let mut tls = ClientConfig::clone(&self.connection.tls);
        let observer = HandshakeObserver { host: self.connection.route.host.clone(), progress: progress.clone() };
        tls.resumption = Resumption::store(Arc::new(observer));
        progress.reach(Step::Address);
        let builder = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .retry(retry::never())
            .tls_backend_preconfigured(tls)
            .dns_resolver(OneAddress(address))
            .connector_layer(layer_fn(move |inner| Gate { inner, progress: progress.clone() }));
        match &self.connection.proxy {
            Some(proxy) => builder.proxy(proxy::for_reqwest(proxy)?).build(),
            None => builder.build(),
        }
    }
}

/// Resolves every name to one address: names are resolved before.
struct OneAddress(SocketAddr);

impl Resolve for OneAddress {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(self.0));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}
