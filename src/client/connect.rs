//! Connections: which way they go, and whom they trust.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::error::Error as StdError;
use std::ffi::OsString;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::http::uri::Scheme;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tower_service::Service;

use crate::env::Env;
use crate::error::{Error, Reason, Result};

use super::names::Names;
use super::roots;

/// The most time that a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(3);

/// How often a connection on which nothing happens is looked after.
const KEEPALIVE: Duration = Duration::from_secs(60);

type Tcp = HttpConnector<Names>;
type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type BoxError = Box<dyn StdError + Send + Sync>;
type Connecting<S> = Pin<Box<dyn Future<Output = Result<S, BoxError>> + Send>>;

/// No connection in time.
#[derive(Debug)]
pub(super) struct Late;

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection in time")
    }
}

impl StdError for Late {}

/// Makes connections to one deployment.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    tls: HttpsConnector<Way>,
}

impl Connector {
    /// And whether they go through a proxy.
    ///
    /// # Errors
    /// The proxy that is configured cannot be used, or TLS cannot be set up.
    pub(super) fn new(env: &Env, to: &Uri) -> Result<(Connector, bool)> {
        let encrypted = to.scheme() == Some(&Scheme::HTTPS);
        // Only what is encrypted end to end may pass a proxy, which otherwise would see the token.
        let proxy = if encrypted { proxy(env, to)? } else { None };
        let tls = tls(env, encrypted)?;
        let way = Way::new(proxy.as_ref(), &tls);
        Ok((Connector { tls: HttpsConnector::from((way, tls)) }, proxy.is_some()))
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Stream>;
    type Error = BoxError;
    type Future = Connecting<MaybeHttpsStream<Stream>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tls.poll_ready(cx)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = tokio::time::timeout(CONNECT, self.tls.call(to));
        Box::pin(async move { connecting.await.unwrap_or_else(|_| Err(Late.into())) })
    }
}

/// What lies below TLS.
#[derive(Clone, Debug)]
enum Way {
    Direct(Tcp),
    Tunnel(Tunnel<HttpsConnector<Tcp>>),
    // The proxy resolves the name in any case: this side would have to ask the C library.
    Socks4(SocksV4<Tcp>),
    Socks5(SocksV5<Tcp>),
}

impl Way {
    fn new(proxy: Option<&Intercept>, tls: &Arc<ClientConfig>) -> Way {
        let mut tcp = Tcp::new_with_resolver(Names::default());
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        let Some(proxy) = proxy else { return Way::Direct(tcp) };
        let at = proxy.uri().clone();
        match at.scheme_str() {
            Some("socks4" | "socks4a") => Way::Socks4(SocksV4::new(at, tcp)),
            Some("socks5" | "socks5h") => {
                let socks = SocksV5::new(at, tcp);
                Way::Socks5(match proxy.raw_auth() {
                    Some((user, password)) => socks.with_auth(user.to_owned(), password.to_owned()),
                    None => socks,
                })
            }
            _ => {
                let tunnel = Tunnel::new(at, HttpsConnector::from((tcp, Arc::clone(tls))));
                Way::Tunnel(match proxy.basic_auth() {
                    Some(auth) => tunnel.with_auth(auth.clone()),
                    None => tunnel,
                })
            }
        }
    }
}

impl Service<Uri> for Way {
    type Response = Stream;
    type Error = BoxError;
    type Future = Connecting<Stream>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Way::Direct(way) => way.poll_ready(cx).map_err(Into::into),
            Way::Tunnel(way) => way.poll_ready(cx).map_err(Into::into),
            Way::Socks4(way) => way.poll_ready(cx).map_err(Into::into),
            Way::Socks5(way) => way.poll_ready(cx).map_err(Into::into),
        }
    }

    fn call(&mut self, to: Uri) -> Connecting<Stream> {
        match self {
            Way::Direct(way) => plain(way.call(to)),
            Way::Socks4(way) => plain(way.call(to)),
            Way::Socks5(way) => plain(way.call(to)),
            Way::Tunnel(way) => {
                let connecting = way.call(to);
                Box::pin(async move { Ok(connecting.await?) })
            }
        }
    }
}

fn plain<E: Into<BoxError>>(
    connecting: impl Future<Output = Result<TokioIo<TcpStream>, E>> + Send + 'static,
) -> Connecting<Stream> {
    Box::pin(async move { connecting.await.map(MaybeHttpsStream::Http).map_err(Into::into) })
}

/// What was set up for which variables. A program that may write to the authorities' file, and is kept from the token, is
/// not to say whom we trust: in one process they are read once.
static TRUST: Mutex<BTreeMap<Key, Arc<ClientConfig>>> = Mutex::new(BTreeMap::new());

/// Whether anything is encrypted, and what names the authorities.
type Key = (bool, [Option<OsString>; 2]);

/// # Errors
/// The authorities that are configured cannot be read.
fn tls(env: &Env, encrypted: bool) -> Result<Arc<ClientConfig>> {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(|name| env.get(name).map(OsString::from));
    let mut trust = TRUST.lock().unwrap_or_else(PoisonError::into_inner);
    match trust.entry((encrypted, named)) {
        Entry::Occupied(known) => Ok(Arc::clone(known.get())),
        Entry::Vacant(unknown) => Ok(Arc::clone(unknown.insert(set_up(env, encrypted)?))),
    }
}

/// # Errors
/// The authorities that are configured cannot be read.
fn set_up(env: &Env, encrypted: bool) -> Result<Arc<ClientConfig>> {
    // Nothing is trusted where nothing is encrypted: an authority less to load.
    let trusted = if encrypted { roots::trusted(env)? } else { RootCertStore::empty() };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(Reason::Tls, "the TLS client could not be set up").caused_by(error))?;
    let mut config = config.with_root_certificates(trusted).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The proxy for https, by the variables that curl and others read.
fn proxy(env: &Env, to: &Uri) -> Result<Option<Intercept>> {
    let set = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, env.text(name)?)));
    let Some((name, url)) = set(["HTTPS_PROXY", "https_proxy"]).or_else(|| set(["ALL_PROXY", "all_proxy"])) else {
        return Ok(None);
    };
    let proxy = Matcher::builder().all(url.to_owned());
    // The value may hold a password: it is named, never shown.
    let Some(usable) = proxy.build().intercept(to) else {
        return Err(Error::new(Reason::Proxy, format!("the proxy in {name} is no usable address"))
            .hint("write it as http://proxy.example.org:3128, or unset it"));
    };
    let exceptions = set(["NO_PROXY", "no_proxy"]).map(|(_, list)| list.to_owned()).unwrap_or_default();
    let is_excepted = Matcher::builder().all(url.to_owned()).no(exceptions).build().intercept(to).is_none();
    Ok(Some(usable).filter(|_| !is_excepted))
}
