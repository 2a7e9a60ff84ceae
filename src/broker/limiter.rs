//! The connections that are served, of which there may be so many. Where all places are taken, one on which nothing is asked
//! has to go: first one that has not shown the pass, then the one that has been idle for the longest time. So neither
//! another user of the machine, who may connect as often as they like, nor a program that leaves its connections open
//! keeps out a request that may pass.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Bytes, Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use crate::http::Body;

use super::idle_timer::{IdleTimer, either};
use super::system::descriptors;

/// The most connections. Each has another one behind it, and needs two descriptors.
const MOST: u64 = 1000;

/// How long a client has to show the pass before it may have to go: its first request may be on its way. And how soon it is
/// looked again whether a connection can go, where none could.
const GRACE: Duration = Duration::from_millis(50);

/// All places.
pub(super) struct ConnectionLimiter {
    places: Arc<Semaphore>,
    /// Those that are taken, in the order of their connections.
    taken: Mutex<BTreeMap<u64, Arc<Connection>>>,
    /// A request has been answered.
    answered: Notify,
}

/// What is known of a connection.
pub(super) struct Connection {
    pub(super) idle: Arc<IdleTimer>,
    is_busy: AtomicBool,
    task: OnceLock<AbortHandle>,
}

impl Connection {
    /// The task that serves it, with which it ends.
    pub(super) fn served_by(&self, task: AbortHandle) {
        let _ = self.task.set(task);
    }

    /// Whether nothing is asked on it, and all is answered.
    fn is_idle(&self) -> bool {
        !self.is_busy.load(Ordering::Relaxed) && !self.idle.is_stuck()
    }
}

impl ConnectionLimiter {
    pub(super) fn new() -> Arc<ConnectionLimiter> {
        let most = (descriptors().saturating_sub(64) / 2).clamp(8, MOST);
        let places = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(8)));
        Arc::new(ConnectionLimiter { places, taken: Mutex::default(), answered: Notify::new() })
    }

    /// A place for a connection; where there is none, one is made, or waited for.
    pub(super) async fn place(self: &Arc<ConnectionLimiter>, number: u64) -> Place {
        let permit = self.permit().await;
        let idle = IdleTimer::new();
        let connection = Arc::new(Connection { idle, is_busy: AtomicBool::new(false), task: OnceLock::new() });
        self.taken().insert(number, Arc::clone(&connection));
        Place { limiter: Arc::clone(self), number, connection, _permit: permit }
    }

    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
                return Some(permit);
            }
            let permit = Arc::clone(&self.places).acquire_owned();
            if self.send_one_away() {
                // The semaphore is never closed.
                return permit.await.ok();
            }
            if let Ok(permit) = either(permit, tokio::time::timeout(GRACE, self.answered.notified())).await {
                return permit.ok();
            }
        }
    }

    /// Ends the oldest connection without the pass, else the one that has been idle for the longest time. False where none
    /// may be ended now.
    fn send_one_away(&self) -> bool {
        let taken = self.taken();
        let goes = match taken.values().find(|connection| !connection.idle.is_known()) {
            Some(stranger) => Some(stranger).filter(|stranger| stranger.idle.age() >= GRACE),
            None => taken.values().filter(|one| one.is_idle()).max_by_key(|idle| idle.idle.silence()),
        };
        goes.and_then(|connection| connection.task.get()).map(AbortHandle::abort).is_some()
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a connection, as long as that lasts.
pub(super) struct Place {
    limiter: Arc<ConnectionLimiter>,
    number: u64,
    connection: Arc<Connection>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Place {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// A request is under way until this is dropped.
    pub(super) fn busy(&self) -> Busy {
        self.connection.is_busy.store(true, Ordering::Relaxed);
        Busy { limiter: Arc::clone(&self.limiter), connection: Arc::clone(&self.connection) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.limiter.taken().remove(&self.number);
    }
}

/// A request that is under way: its connection stays.
pub(super) struct Busy {
    limiter: Arc<ConnectionLimiter>,
    connection: Arc<Connection>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.connection.is_busy.store(false, Ordering::Relaxed);
        self.limiter.answered.notify_one();
    }
}

/// An answer, whose request is under way until all of it is sent.
pub(super) struct Answer {
    body: Body,
    _busy: Option<Busy>,
}

impl Answer {
    pub(super) fn new(body: Body, busy: Option<Busy>) -> Answer {
        Answer { body, _busy: busy }
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = <Body as hyper::body::Body>::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
