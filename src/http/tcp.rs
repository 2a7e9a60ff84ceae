//! TCP connections to a host by name: its addresses are raced ("happy eyeballs", RFC 8305), so that a silent one delays
//! the connection by a quarter of a second only.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::rt::TokioIo;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;

use super::dns::{DnsResolver, Family, Unresolved};
use super::progress::{BoxError, Progress, Step};

/// Connection Attempt Delay: how long an address may be silent before the next one is tried beside it (RFC 8305, section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

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
        let connector = self.clone();
        Box::pin(async move {
            let host = to.host().unwrap_or_default().trim_matches(['[', ']']);
            let stream = connector.connect(host, port(&to)).await?;
            connector.progress.reach(Step::Peer);
            set_socket_options(&stream);
            Ok(TokioIo::new(stream))
        })
    }
}

impl TcpConnector {
    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, BoxError> {
        let time = self.deadline.saturating_duration_since(Instant::now());
        let race = || Race::new(&self.progress, port);
        let (v4, v6): (Vec<IpAddr>, _) = self.dns.known(host, time)?.into_iter().partition(IpAddr::is_ipv4);
        if !(v4.is_empty() && v6.is_empty()) {
            let mut race = race();
            race.add(v4);
            race.add(v6);
            return race.run().await;
        }
        let mut failed: Option<BoxError> = None;
        for name in self.dns.candidates(host, time)? {
            let mut race = race();
            for family in [Family::V4, Family::V6] {
                let lookup = self.dns.clone().lookup(name.clone(), family, time);
                race.tasks.spawn(async move {
                    lookup.await.map(Event::Found).map_err(|error| Failure::Lookup(family, error))
                });
            }
            match race.run().await {
                // The next name of the search list may have an address.
                Err(error) if error.is::<Unresolved>() => failed = failed.or(Some(error)),
                done => return done,
            }
        }
        Err(failed.unwrap_or_else(|| Unresolved::NxDomain.into()))
    }
}

/// Concurrent lookups and connection attempts, until the first connection is made.
struct Race<'a> {
    progress: &'a Progress,
    port: u16,
    tasks: JoinSet<Result<Event, Failure>>,
    untried: VecDeque<IpAddr>,
    /// When the next address may be tried.
    next: Instant,
    is_tried: bool,
}

enum Event {
    Found(Vec<IpAddr>),
    Connected(TcpStream),
}

enum Failure {
    Lookup(Family, Unresolved),
    Connection(io::Error),
}

impl Race<'_> {
    fn new(progress: &Progress, port: u16) -> Race<'_> {
        let (tasks, untried) = (JoinSet::new(), VecDeque::new());
        Race { progress, port, tasks, untried, next: Instant::now(), is_tried: false }
    }

    /// # Errors
    /// How one of the addresses failed; [`Unresolved`] where the name has none.
    async fn run(mut self) -> Result<TcpStream, BoxError> {
        let (mut name_error, mut failed) = (Unresolved::NoData, None);
        loop {
            self.start();
            let Some(outcome) = self.outcome().await else { continue };
            match outcome {
                Some(Ok(Event::Connected(stream))) => return Ok(stream),
                Some(Ok(Event::Found(addresses))) => self.add(addresses),
                Some(Err(Failure::Connection(error))) => {
                    self.next = Instant::now();
                    failed = Some(more_specific(failed, error));
                }
                // NXDOMAIN holds for both families, but is believed of an A query only: some name servers answer so to
                // every AAAA query (RFC 4074, section 4.2).
                Some(Err(Failure::Lookup(Family::V4, Unresolved::NxDomain))) if !self.is_tried => {
                    return Err(Unresolved::NxDomain.into());
                }
                Some(Err(Failure::Lookup(_, Unresolved::NxDomain | Unresolved::NoData))) => {}
                Some(Err(Failure::Lookup(_, error))) => name_error = error,
                None => return Err(failed.map_or_else(|| name_error.into(), Into::into)),
            }
        }
    }

    /// Starts the next attempt, if it is due.
    fn start(&mut self) {
        let now = Instant::now();
        let Some(address) = (self.next <= now).then(|| self.untried.pop_front()).flatten() else { return };
        (self.next, self.is_tried) = (now + ATTEMPT_DELAY, true);
        self.progress.reach(Step::Address);
        let address = SocketAddr::new(address, self.port);
        self.tasks
            .spawn(async move { TcpStream::connect(address).await.map(Event::Connected).map_err(Failure::Connection) });
    }

    /// The next finished task; `Some(None)` when none is left, `None` when the next attempt is due first.
    async fn outcome(&mut self) -> Option<Option<Result<Event, Failure>>> {
        let joined = match self.untried.is_empty() {
            true => self.tasks.join_next().await,
            false => timeout_at(self.next, self.tasks.join_next()).await.ok()?,
        };
        let panicked = |_| Err(Failure::Connection(io::ErrorKind::Other.into()));
        Some(joined.map(|joined| joined.unwrap_or_else(panicked)))
    }

    /// Interleaves the address families (RFC 8305, section 4).
    fn add(&mut self, addresses: Vec<IpAddr>) {
        let (mut known, mut new) = (std::mem::take(&mut self.untried).into_iter(), addresses.into_iter());
        loop {
            match (known.next(), new.next()) {
                (None, None) => return,
                (known, new) => self.untried.extend(known.into_iter().chain(new)),
            }
        }
    }
}

/// Which of two failures to report: a refused connection says more than an unreachable network.
fn more_specific(known: Option<io::Error>, new: io::Error) -> io::Error {
    known.filter(|known| known.kind() == io::ErrorKind::ConnectionRefused).unwrap_or(new)
}

fn port(to: &Uri) -> u16 {
    to.port_u16().unwrap_or(match to.scheme_str() {
        Some("https") => 443,
        Some(scheme) if scheme.starts_with("socks") => 1080,
        _ => 80,
    })
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
