//! Connections to one deployment: by which way, and until when.

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

use super::dial::Dial;
use super::dns::DnsResolver;
use super::progress::{BoxError, Broken, Late, Progress, Step};

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Connecting<S> = Pin<Box<dyn Future<Output = Result<S, BoxError>> + Send>>;

/// Makes connections to one deployment.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    tls: Arc<ClientConfig>,
    proxy: Option<Arc<Intercept>>,
    dns: DnsResolver,
    /// When a connection that is made now must be there.
    by: Arc<Mutex<Instant>>,
}

impl Transport {
    pub(super) fn new(tls: Arc<ClientConfig>, proxy: Option<Intercept>) -> Transport {
        let by = Arc::new(Mutex::new(Instant::now()));
        Transport { tls, proxy: proxy.map(Arc::new), dns: DnsResolver::default(), by }
    }

    /// Connections that are made from now on must be there by then.
    pub(super) fn hurry(&self, by: Instant) {
        *self.by.lock().unwrap_or_else(PoisonError::into_inner) = by;
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
        let by = *self.by.lock().unwrap_or_else(PoisonError::into_inner);
        let dial = Dial { dns: self.dns.clone(), progress: progress.clone(), by };
        let way = Way::new(self.proxy.as_deref(), &self.tls, dial);
        let connecting = HttpsConnector::from((way, Arc::clone(&self.tls))).call(to);
        Box::pin(async move {
            let made = timeout_at(by, connecting).await.unwrap_or_else(|_| Err(Late.into()));
            made.map_err(|cause| Broken { step: progress.step(), cause }.into())
        })
    }
}

/// What lies below the deployment's TLS.
struct Way {
    kind: Kind,
    progress: Progress,
}

enum Kind {
    Direct(Dial),
    Tunnel(Tunnel<HttpsConnector<Dial>>),
    // The proxy resolves the name in any case: this side would have to ask the C library.
    Socks4(SocksV4<Dial>),
    Socks5(SocksV5<Dial>),
}

impl Way {
    fn new(proxy: Option<&Intercept>, tls: &Arc<ClientConfig>, dial: Dial) -> Way {
        let progress = dial.progress.clone();
        Way {
            kind: proxy.map_or_else(|| Kind::Direct(dial.clone()), |proxy| Kind::by(proxy, tls, dial.clone())),
            progress,
        }
    }
}

impl Kind {
    fn by(proxy: &Intercept, tls: &Arc<ClientConfig>, dial: Dial) -> Kind {
        let at = proxy.uri().clone();
        match at.scheme_str() {
            Some("socks4" | "socks4a") => Kind::Socks4(SocksV4::new(at, dial)),
            Some("socks5" | "socks5h") => {
                let socks = SocksV5::new(at, dial);
                Kind::Socks5(match proxy.raw_auth() {
                    Some((user, password)) => socks.with_auth(user.to_owned(), password.to_owned()),
                    None => socks,
                })
            }
            _ => {
                let tunnel = Tunnel::new(at, HttpsConnector::from((dial, Arc::clone(tls))));
                Kind::Tunnel(match proxy.basic_auth() {
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

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Connecting<Stream> {
        let connecting = match &mut self.kind {
            Kind::Direct(way) => plain(way.call(to)),
            Kind::Socks4(way) => plain(way.call(to)),
            Kind::Socks5(way) => plain(way.call(to)),
            Kind::Tunnel(way) => {
                let connecting = way.call(to);
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
