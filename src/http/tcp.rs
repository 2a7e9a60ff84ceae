//! TCP connections to a host by name, for hyper.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::rt::TokioIo;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tower_service::Service;

use super::dns::DnsResolver;
use super::progress::{BoxError, Progress, Step};
use super::race::{Attempt, Racer};

/// `TCP_USER_TIMEOUT`: how long sent data may stay unacknowledged, as when this machine's address has changed. An answer
/// may take longer.
#[cfg(any(target_os = "linux", target_os = "android"))]
const USER_TIMEOUT: Duration = Duration::from_secs(30);

/// TCP keep-alive: a dead connection is noticed after half a minute without traffic.
const KEEPALIVE_TIME: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;

/// Connects to the host and port of a URI.
#[derive(Clone, Debug)]
pub(super) struct TcpConnector {
    pub(super) dns: DnsResolver,
    pub(super) progress: Progress,
    pub(super) deadline: Instant,
}

impl Service<Uri> for TcpConnector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let TcpConnector { dns, progress, deadline } = self.clone();
        Box::pin(async move {
            let time = deadline.saturating_duration_since(Instant::now());
            let racer = Racer { dns: &dns, time, progress: &progress, connect };
            let stream = racer.run(&to).await?;
            progress.reach(Step::Peer);
            set_socket_options(&stream);
            Ok(TokioIo::new(stream))
        })
    }
}

fn connect(address: SocketAddr) -> Attempt<TcpStream> {
    Box::pin(async move { Ok(TcpStream::connect(address).await?) })
}

/// Bounds how long a dead connection goes unnoticed. Failing to set an option is no reason to give up the connection.
fn set_socket_options(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(stream);
    let probes =
        TcpKeepalive::new().with_time(KEEPALIVE_TIME).with_interval(KEEPALIVE_INTERVAL).with_retries(KEEPALIVE_RETRIES);
    let _ = socket.set_tcp_keepalive(&probes);
    // Linux sends no keep-alive probes while data is unacknowledged, and retransmits for a quarter of an hour. BSD and
    // macOS send probes then too, and Windows gives up after about twenty seconds.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket.set_tcp_user_timeout(Some(USER_TIMEOUT));
}
