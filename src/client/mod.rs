//! The HTTP client: made only when somebody is really asked, and able to do no more than that. No redirects, no cookies,
//! no environment but the one that was handed in.

mod failure;
mod names;
mod roots;

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, NoProxy, Proxy, blocking};

use crate::deployment::Deployment;
use crate::env::Env;
use crate::error::{Error, Reason, Result};

pub use failure::{disconnected, failure, timeout};

/// The most time that a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(3);

/// A client, and whether it goes through a proxy.
#[derive(Debug)]
pub struct Line<C = blocking::Client> {
    /// The client.
    pub client: C,
    /// Whether what it is told may be the proxy's doing.
    pub proxied: bool,
}

/// A client for single questions to one deployment.
///
/// # Errors
/// The proxy that is configured cannot be used, or TLS cannot be set up.
pub fn line(env: &Env, deployment: &Deployment, timeout: Duration) -> Result<Line> {
    let (builder, proxied) = builder(env, deployment, CONNECT.min(timeout))?;
    let builder = builder.user_agent(concat!("co-cred/", env!("CARGO_PKG_VERSION")));
    let client = blocking::ClientBuilder::from(builder).build().map_err(no_tls)?;
    Ok(Line { client, proxied })
}

/// A client through which others ask one deployment, many at once, and which waits for nothing but the connection: how
/// long an answer may take is for whoever asks.
///
/// # Errors
/// As [`line`].
pub fn lines(env: &Env, deployment: &Deployment) -> Result<Line<Client>> {
    let (builder, proxied) = builder(env, deployment, CONNECT)?;
    let client = builder.build().map_err(no_tls)?;
    Ok(Line { client, proxied })
}

fn builder(env: &Env, deployment: &Deployment, connect: Duration) -> Result<(ClientBuilder, bool)> {
    let encrypted = deployment.origin().starts_with("https:");
    let mut builder = Client::builder()
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .http1_only()
        .referer(false)
        .connect_timeout(connect)
        .dns_resolver(Arc::new(names::Names::default()));
    let mut proxied = false;
    if encrypted {
        // Only what is encrypted end to end may pass a proxy, which otherwise would see the token.
        if let Some(proxy) = proxy(env)? {
            builder = builder.proxy(proxy);
            proxied = true;
        }
    }
    // Nothing is trusted where nothing is encrypted: an authority less to load.
    let trusted = if encrypted { roots::trusted(env)? } else { Vec::new() };
    // A second call finds the provider in place, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok((builder.tls_certs_only(trusted), proxied))
}

fn no_tls(error: reqwest::Error) -> Error {
    Error::new(Reason::Tls, "the TLS client could not be set up").caused_by(error)
}

/// The proxy for https, by the variables that curl and others read.
fn proxy(env: &Env) -> Result<Option<Proxy>> {
    let set = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, env.text(name)?)));
    let Some((name, url)) = set(["HTTPS_PROXY", "https_proxy"]).or_else(|| set(["ALL_PROXY", "all_proxy"])) else {
        return Ok(None);
    };
    // The value may hold a password: it is named, never shown.
    let proxy = Proxy::all(url).map_err(|error| {
        Error::new(Reason::Proxy, format!("the proxy in {name} is no usable address")).caused_by(error.without_url())
    })?;
    let exceptions = set(["NO_PROXY", "no_proxy"]).and_then(|(_, list)| NoProxy::from_string(list));
    Ok(Some(proxy.no_proxy(exceptions)))
}
