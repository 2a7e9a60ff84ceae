//! Races the addresses of a host ("happy eyeballs", RFC 8305): a silent address delays the connection by a quarter of a
//! second only, and a name server that does not answer for one address family delays nothing.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use hyper::Uri;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::dns::{DnsResolver, Family, Unresolved};
use super::failure::{cause, innermost_io};
use super::progress::{BoxError, ConnectError, Progress, Step};

/// Connection Attempt Delay: how long an address may be silent before the next one is tried beside it (RFC 8305, section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A connection being made to one address.
pub(super) type Attempt<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// What a race needs.
pub(super) struct Racer<'a, C> {
    pub(super) dns: &'a DnsResolver,
    /// How long a lookup may take.
    pub(super) time: Duration,
    pub(super) progress: &'a Progress,
    /// Starts an attempt.
    pub(super) connect: C,
}

impl<C, T> Racer<'_, C>
where
    C: Fn(SocketAddr) -> Attempt<T>,
    T: Send + 'static,
{
    /// Connects to the host and port of a URI.
    ///
    /// # Errors
    /// The most specific error of the attempts; [`Unresolved`] where the name has no address.
    pub(super) async fn run(&self, to: &Uri) -> Result<T, BoxError> {
        let (host, port) = (to.host().unwrap_or_default().trim_matches(['[', ']']), port(to));
        let (v4, v6): (Vec<IpAddr>, _) = self.dns.known(host, self.time)?.into_iter().partition(IpAddr::is_ipv4);
        if !(v4.is_empty() && v6.is_empty()) {
            let mut race = Race::new(self, port);
            race.add(v4);
            race.add(v6);
            return race.run().await;
        }
        let mut failed: Option<BoxError> = None;
        for name in self.dns.candidates(host, self.time)? {
            let mut race = Race::new(self, port);
            for family in [Family::V4, Family::V6] {
                let lookup = self.dns.clone().lookup(name.clone(), family, self.time);
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
struct Race<'a, C, T> {
    racer: &'a Racer<'a, C>,
    port: u16,
    tasks: JoinSet<Result<Event<T>, Failure>>,
    untried: VecDeque<IpAddr>,
    /// When the next address may be tried.
    next: Instant,
    is_tried: bool,
}

enum Event<T> {
    Found(Vec<IpAddr>),
    Connected(T),
}

enum Failure {
    Lookup(Family, Unresolved),
    Attempt(BoxError),
}

impl<'a, C, T> Race<'a, C, T>
where
    C: Fn(SocketAddr) -> Attempt<T>,
    T: Send + 'static,
{
    fn new(racer: &'a Racer<'a, C>, port: u16) -> Race<'a, C, T> {
        let (tasks, untried) = (JoinSet::new(), VecDeque::new());
        Race { racer, port, tasks, untried, next: Instant::now(), is_tried: false }
    }

    async fn run(mut self) -> Result<T, BoxError> {
        let (mut unresolved, mut failed) = (Unresolved::NoData, None);
        loop {
            self.start();
            let Some(outcome) = self.outcome().await else { continue };
            match outcome {
                Some(Ok(Event::Connected(connection))) => return Ok(connection),
                Some(Ok(Event::Found(addresses))) => self.add(addresses),
                // The attempt that won the race failed later.
                Some(Err(Failure::Attempt(error))) if self.is_won() && cause::<ConnectError>(&*error).is_none() => {
                    return Err(error);
                }
                Some(Err(Failure::Attempt(error))) => {
                    self.next = Instant::now();
                    failed = Some(more_specific(failed, error));
                }
                // NXDOMAIN holds for both families, but is believed of an A query only: some name servers answer so to
                // every AAAA query (RFC 4074, section 4.2).
                Some(Err(Failure::Lookup(Family::V4, Unresolved::NxDomain))) if !self.is_tried => {
                    return Err(Unresolved::NxDomain.into());
                }
                Some(Err(Failure::Lookup(_, Unresolved::NxDomain | Unresolved::NoData))) => {}
                Some(Err(Failure::Lookup(_, error))) => unresolved = error,
                None => return Err(failed.unwrap_or_else(|| unresolved.into())),
            }
        }
    }

    /// Whether an attempt is connected, and only its result is missing.
    fn is_won(&self) -> bool {
        self.racer.progress.step() == Step::Connected
    }

    /// Starts the next attempt, if it is due.
    fn start(&mut self) {
        if self.is_won() {
            self.untried.clear();
        }
        let now = Instant::now();
        let Some(address) = (self.next <= now).then(|| self.untried.pop_front()).flatten() else { return };
        (self.next, self.is_tried) = (now + ATTEMPT_DELAY, true);
        self.racer.progress.reach(Step::Address);
        let attempt = (self.racer.connect)(SocketAddr::new(address, self.port));
        self.tasks.spawn(async move { attempt.await.map(Event::Connected).map_err(Failure::Attempt) });
    }

    /// The next finished task; `Some(None)` when none is left, `None` when the next attempt is due first.
    async fn outcome(&mut self) -> Option<Option<Result<Event<T>, Failure>>> {
        let joined = match self.untried.is_empty() {
            true => self.tasks.join_next().await,
            false => timeout_at(self.next, self.tasks.join_next()).await.ok()?,
        };
        let panicked = |_| Err(Failure::Attempt(io::Error::from(io::ErrorKind::Other).into()));
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

/// Which of two errors to report: that of the attempt that came further; then a refused connection, which says more than
/// an unreachable network.
fn more_specific(known: Option<BoxError>, new: BoxError) -> BoxError {
    let rank = |error: &BoxError| {
        let step = cause::<ConnectError>(&**error).map(|error| error.step);
        (step, innermost_io(&**error).is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused))
    };
    known.filter(|known| rank(known) > rank(&new)).unwrap_or(new)
}

fn port(to: &Uri) -> u16 {
    to.port_u16().unwrap_or(match to.scheme_str() {
        Some("https") => 443,
        Some(scheme) if scheme.starts_with("socks") => 1080,
        _ => 80,
    })
}
