//! Connections to one deployment: directly or through a proxy, with TLS, before a deadline.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;

use super::dns::DnsResolver;
use super::progress::{BoxError, ConnectError, Progress, Step, TimedOut};
use super::tcp::TcpConnector;

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Connecting<S> = Pin<Box<dyn Future<Output = Result<S, BoxError>> + Send>>;

/// Makes connections to one deployment.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    tls: Arc<ClientConfig>,
    proxy: Option<Arc<Intercept>>,
    dns: DnsResolver,
    /// The deadline for connections that start now.
    deadline: Arc<Mutex<Instant>>,
}

impl Transport {
    pub(super) fn new(tls: Arc<ClientConfig>, proxy: Option<Intercept>) -> Transport {
        let deadline = Arc::new(Mutex::new(Instant::now()));
        Transport { tls, proxy: proxy.map(Arc::new), dns: DnsResolver::default(), deadline }
    }

    /// Sets the deadline for connections that start from now on.
    pub(super) fn set_deadline(&self, deadline: Instant) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }
}

impl Service<Uri> for Transport {
    type Response = MaybeHttpsStream<Stream>;
    type Error = BoxError;
    type Future = Connecting<MaybeHttpsStream<Stream>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let progress = Progress::default();
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        let tcp = TcpConnector { dns: self.dns.clone(), progress: progress.clone(), deadline };
        let below = ProxyConnector::new(self.proxy.as_deref(), &self.tls, tcp);
        let connecting = HttpsConnector::from((below, Arc::clone(&self.tls))).call(to);
        Box::pin(async move {
            let connected = timeout_at(deadline, connecting).await.unwrap_or_else(|_| Err(TimedOut.into()));
            connected.map_err(|cause| ConnectError { step: progress.step(), cause }.into())
        })
    }
}

/// Connects to the deployment, or through a proxy, without the deployment's TLS.
struct ProxyConnector {
    kind: Kind,
    progress: Progress,
}

enum Kind {
    Direct(TcpConnector),
    Tunnel(Tunnel<HttpsConnector<TcpConnector>>),
    // The proxy resolves the deployment's name, even for `socks5` and `socks4`: hyper-util would use the C library here.
    Socks4(SocksV4<TcpConnector>),
    Socks5(SocksV5<TcpConnector>),
}

impl ProxyConnector {
    fn new(proxy: Option<&Intercept>, tls: &Arc<ClientConfig>, tcp: TcpConnector) -> ProxyConnector {
        let progress = tcp.progress.clone();
        let kind = match proxy {
            None => Kind::Direct(tcp),
            Some(proxy) => Kind::of(proxy, tls, tcp),
        };
        ProxyConnector { kind, progress }
    }
}

impl Kind {
    fn of(proxy: &Intercept, tls: &Arc<ClientConfig>, tcp: TcpConnector) -> Kind {
        let at = proxy.uri().clone();
        match at.scheme_str() {
            Some("socks4" | "socks4a") => Kind::Socks4(SocksV4::new(at, tcp)),
            Some("socks5" | "socks5h") => {
                let socks = SocksV5::new(at, tcp);
                Kind::Socks5(match proxy.raw_auth() {
                    Some((user, password)) => socks.with_auth(user.to_owned(), password.to_owned()),
                    None => socks,
                })
            }
            _ => {
                let tunnel = Tunnel::new(at, HttpsConnector::from((tcp, Arc::clone(tls))));
                Kind::Tunnel(match proxy.basic_auth() {
                    Some(auth) => tunnel.with_auth(auth.clone()),
                    None => tunnel,
                })
            }
        }
    }
}

impl Service<Uri> for ProxyConnector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Connecting<Stream>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Connecting<Stream> {
        let connecting = match &mut self.kind {
            Kind::Direct(inner) => plain(inner.call(to)),
            Kind::Socks4(inner) => plain(inner.call(to)),
            Kind::Socks5(inner) => plain(inner.call(to)),
            Kind::Tunnel(inner) => {
                let connecting = inner.call(to);
                Box::pin(async move { Ok(connecting.await?) })
            }
        };
        let progress = self.progress.clone();
        Box::pin(async move {
            let stream = connecting.await?;
            progress.reach(Step::Tls);
            Ok(stream)
        })
    }
}

fn plain<E: Into<BoxError>>(
    connecting: impl Future<Output = Result<TokioIo<TcpStream>, E>> + Send + 'static,
) -> Connecting<Stream> {
    Box::pin(async move { connecting.await.map(MaybeHttpsStream::Http).map_err(Into::into) })
}
