//! The limit on open connections.
//!
//! Where it is reached, a connection without a request is closed to make room: first one that has not shown the pass, then
//! the one that has been idle for the longest time. So neither another user of the machine, who may connect as often as
//! they like, nor a program that leaves its connections open blocks a request that may pass.

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

use super::idle_timer::IdleTimer;
use super::system::descriptors;

/// The most connections. Each needs two file descriptors: its own, and one for the deployment.
const MAX_CONNECTIONS: u64 = 1000;

/// How long a connection without the pass is safe from being closed, since its first request may be on its way; and how
/// long to wait before trying again to close a connection.
const GRACE: Duration = Duration::from_millis(50);

/// The open connections, as many as are allowed.
pub(super) struct ConnectionLimiter {
    permits: Arc<Semaphore>,
    /// In the order in which they were opened.
    connections: Mutex<BTreeMap<u64, Arc<Connection>>>,
    /// Notified each time when a request has been answered.
    answered: Notify,
}

/// The state of a connection.
pub(super) struct Connection {
    pub(super) timer: Arc<IdleTimer>,
    has_request: AtomicBool,
    task: OnceLock<AbortHandle>,
}

impl Connection {
    /// Sets the task that serves the connection: to abort it closes the connection.
    pub(super) fn set_task(&self, task: AbortHandle) {
        let _ = self.task.set(task);
    }

    /// Whether it has no request, and every response was sent.
    fn is_idle(&self) -> bool {
        !self.has_request.load(Ordering::Relaxed) && !self.timer.is_write_blocked()
    }
}

impl ConnectionLimiter {
    pub(super) fn new() -> Arc<ConnectionLimiter> {
        let most = (descriptors().saturating_sub(64) / 2).clamp(8, MAX_CONNECTIONS);
        let permits = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(8)));
        Arc::new(ConnectionLimiter { permits, connections: Mutex::default(), answered: Notify::new() })
    }

    /// Acquires a slot for a connection; where none is free, another connection is closed, or waited for.
    pub(super) async fn acquire(self: &Arc<ConnectionLimiter>, number: u64) -> ConnectionSlot {
        let permit = self.permit().await;
        let timer = IdleTimer::new();
        let connection = Arc::new(Connection { timer, has_request: AtomicBool::new(false), task: OnceLock::new() });
        self.connections().insert(number, Arc::clone(&connection));
        ConnectionSlot { limiter: Arc::clone(self), number, connection, _permit: permit }
    }

    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
                return Some(permit);
            }
            let permit = Arc::clone(&self.permits).acquire_owned();
            if self.close_one() {
                // The semaphore is never closed, so this is always a permit.
                return permit.await.ok();
            }
            tokio::select! {
                biased;
                permit = permit => return permit.ok(),
                _ = tokio::time::timeout(GRACE, self.answered.notified()) => {}
            }
        }
    }

    /// Closes the oldest connection without the pass, else the one that has been idle for the longest time. False where no
    /// connection may be closed now.
    fn close_one(&self) -> bool {
        let connections = self.connections();
        let closed = match connections.values().find(|connection| !connection.timer.is_authenticated()) {
            Some(oldest) => Some(oldest).filter(|oldest| oldest.timer.age() >= GRACE),
            None => connections.values().filter(|open| open.is_idle()).max_by_key(|idle| idle.timer.idle_time()),
        };
        closed.and_then(|connection| connection.task.get()).map(AbortHandle::abort).is_some()
    }

    fn connections(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The slot of a connection, which is free again once this is dropped.
pub(super) struct ConnectionSlot {
    limiter: Arc<ConnectionLimiter>,
    number: u64,
    connection: Arc<Connection>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl ConnectionSlot {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Protects the connection from being closed to make room, until this is dropped.
    pub(super) fn active_request(&self) -> ActiveRequest {
        self.connection.has_request.store(true, Ordering::Relaxed);
        ActiveRequest { limiter: Arc::clone(&self.limiter), connection: Arc::clone(&self.connection) }
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.limiter.connections().remove(&self.number);
    }
}

/// A request that has shown the pass and is not answered yet.
pub(super) struct ActiveRequest {
    limiter: Arc<ConnectionLimiter>,
    connection: Arc<Connection>,
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.connection.has_request.store(false, Ordering::Relaxed);
        self.limiter.answered.notify_one();
    }
}

/// The body of a response. Its request stays active until all of it was sent.
pub(super) struct TrackedBody {
    body: Body,
    _request: Option<ActiveRequest>,
}

impl TrackedBody {
    pub(super) fn new(body: Body, request: Option<ActiveRequest>) -> TrackedBody {
        TrackedBody { body, _request: request }
    }
}

impl hyper::body::Body for TrackedBody {
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
