//! A TCP connection to a host, by the first of its addresses that answers ("happy eyeballs", RFC 8305): what is known is
//! tried at once, and a silent address does not keep the next one waiting for long.

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

/// So long an address may be silent before the next is tried beside it (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// So long what was sent may stay unacknowledged, as where an address has changed. An answer may take longer.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SILENCE: Duration = Duration::from_secs(30);

/// Where nothing has come for so long, the other system is asked whether the connection is still there, so often and with
/// such pauses: half a minute in all.
const IDLE: Duration = Duration::from_secs(15);
const PROBES: Duration = Duration::from_secs(5);
const RETRIES: u32 = 3;

/// Connects to the host of an address.
#[derive(Clone, Debug)]
pub(super) struct Dial {
    pub(super) dns: DnsResolver,
    pub(super) progress: Progress,
    /// When it must be done.
    pub(super) by: Instant,
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let dial = self.clone();
        Box::pin(async move {
            let host = to.host().unwrap_or_default().trim_matches(['[', ']']);
            let stream = dial.connect(host, port(&to)).await?;
            dial.progress.reach(Step::Peer);
            settle(&stream);
            Ok(TokioIo::new(stream))
        })
    }
}

impl Dial {
    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, BoxError> {
        let time = self.by.saturating_duration_since(Instant::now());
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
                race.runners.spawn(async move {
                    lookup.await.map(Event::Found).map_err(|error| Failure::Lookup(family, error))
                });
            }
            match race.run().await {
                // Another candidate may have an address.
                Err(error) if error.is::<Unresolved>() => failed = failed.or(Some(error)),
                done => return done,
            }
        }
        Err(failed.unwrap_or_else(|| Unresolved::Absent.into()))
    }
}

/// Lookups and connections that run beside each other, until one connection is made.
struct Race<'a> {
    progress: &'a Progress,
    port: u16,
    runners: JoinSet<Result<Event, Failure>>,
    /// Addresses that have not been tried yet.
    waiting: VecDeque<IpAddr>,
    /// When the next of them may be tried.
    next: Instant,
    tried: bool,
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
        let (runners, waiting) = (JoinSet::new(), VecDeque::new());
        Race { progress, port, runners, waiting, next: Instant::now(), tried: false }
    }

    /// # Errors
    /// No address answers, and how one failed; or [`Unresolved`], where there is none.
    async fn run(mut self) -> Result<TcpStream, BoxError> {
        let (mut unresolved, mut failed) = (Unresolved::Bare, None);
        loop {
            self.start();
            let Some(outcome) = self.outcome().await else { continue };
            match outcome {
                Some(Ok(Event::Connected(stream))) => return Ok(stream),
                Some(Ok(Event::Found(addresses))) => self.add(addresses),
                Some(Err(Failure::Connection(error))) => {
                    self.next = Instant::now();
                    failed = Some(telling(failed, error));
                }
                // Only for IPv4 does that mean the other family too: some name servers say it of any type that they do
                // not know (RFC 4074, section 4.2).
                Some(Err(Failure::Lookup(Family::V4, Unresolved::Absent))) if !self.tried => {
                    return Err(Unresolved::Absent.into());
                }
                Some(Err(Failure::Lookup(_, Unresolved::Absent | Unresolved::Bare))) => {}
                Some(Err(Failure::Lookup(_, error))) => unresolved = error,
                None => return Err(failed.map_or_else(|| unresolved.into(), Into::into)),
            }
        }
    }

    /// Tries the address whose turn it is, where it is time.
    fn start(&mut self) {
        let now = Instant::now();
        let Some(address) = (self.next <= now).then(|| self.waiting.pop_front()).flatten() else { return };
        (self.next, self.tried) = (now + STAGGER, true);
        self.progress.reach(Step::Address);
        let address = SocketAddr::new(address, self.port);
        self.runners
            .spawn(async move { TcpStream::connect(address).await.map(Event::Connected).map_err(Failure::Connection) });
    }

    /// What a runner has come to: `Some(None)` where none is left. None where it is time for another address instead.
    async fn outcome(&mut self) -> Option<Option<Result<Event, Failure>>> {
        let joined = match self.waiting.is_empty() {
            true => self.runners.join_next().await,
            false => timeout_at(self.next, self.runners.join_next()).await.ok()?,
        };
        let panicked = |_| Err(Failure::Connection(io::ErrorKind::Other.into()));
        Some(joined.map(|joined| joined.unwrap_or_else(panicked)))
    }

    /// Families take turns (RFC 8305, section 4).
    fn add(&mut self, addresses: Vec<IpAddr>) {
        let (mut known, mut new) = (std::mem::take(&mut self.waiting).into_iter(), addresses.into_iter());
        loop {
            match (known.next(), new.next()) {
                (None, None) => return,
                (one, other) => self.waiting.extend(one.into_iter().chain(other)),
            }
        }
    }
}

/// Which of two failures is told: that something is there, but refuses, says more than that there is no way to it.
fn telling(known: Option<io::Error>, new: io::Error) -> io::Error {
    known.filter(|known| known.kind() == io::ErrorKind::ConnectionRefused).unwrap_or(new)
}

fn port(to: &Uri) -> u16 {
    to.port_u16().unwrap_or(match to.scheme_str() {
        Some("https") => 443,
        Some(scheme) if scheme.starts_with("socks") => 1080,
        _ => 80,
    })
}

/// What cannot be set is not worth a connection.
fn settle(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(stream);
    let probes = TcpKeepalive::new().with_time(IDLE).with_interval(PROBES).with_retries(RETRIES);
    let _ = socket.set_tcp_keepalive(&probes);
    // Linux sends no probes while something is unacknowledged, and repeats it for a quarter of an hour. BSD and macOS
    // probe then too, and Windows gives up after some twenty seconds.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket.set_tcp_user_timeout(Some(SILENCE));
}
