//! Whether a connection is alive: when something went through it last, in either direction.
//!
//! One that gives nothing for too long is dropped, whoever is at fault: a client that does not read, a body that does not
//! come, a deployment that is silent.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// So long nothing may go through a connection, be it that something is asked on it or not.
const IDLE: Duration = Duration::from_secs(300);

/// So long after that it may be told why.
const GRACE: Duration = Duration::from_secs(5);

/// So long whoever connects has to show the pass.
const ARRIVAL: Duration = Duration::from_secs(10);

/// When something went through last.
#[derive(Debug)]
pub(super) struct IdleTimer {
    start: Instant,
    /// In milliseconds since the start.
    last: AtomicU64,
    known: AtomicBool,
    /// Whether the client takes no more of what is sent to it at the moment.
    stuck: AtomicBool,
    silent: Notify,
}

impl IdleTimer {
    pub(super) fn new() -> Arc<IdleTimer> {
        let (last, [known, stuck]) = (AtomicU64::new(0), [const { AtomicBool::new(false) }; 2]);
        Arc::new(IdleTimer { start: Instant::now(), last, known, stuck, silent: Notify::new() })
    }

    /// The client has shown the pass.
    pub(super) fn know(&self) {
        self.known.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    /// For how long it has been there.
    pub(super) fn age(&self) -> Duration {
        self.start.elapsed()
    }

    /// For how long nothing has gone through.
    pub(super) fn silence(&self) -> Duration {
        self.start.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }

    /// Whether some of an answer has yet to be sent.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck.load(Ordering::Relaxed)
    }

    fn beat(&self) {
        let since = self.start.elapsed().as_millis();
        self.last.store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long this may still be silent.
    fn left(&self) -> Duration {
        match self.is_known() {
            true => IDLE.saturating_sub(self.silence()),
            false => ARRIVAL.saturating_sub(self.start.elapsed()),
        }
    }

    /// Ends once it has been silent for too long. It takes a timer for each connection, and none for each request.
    pub(super) async fn stops(&self) {
        loop {
            match self.left() {
                Duration::ZERO if self.is_known() => {
                    self.silent.notify_waiters();
                    return tokio::time::sleep(GRACE).await;
                }
                Duration::ZERO => return,
                left => tokio::time::sleep(left + Duration::from_millis(1)).await,
            }
        }
    }

    /// Ends once it has been silent for too long, a little before [`IdleTimer::stops`].
    pub(super) async fn is_silent(&self) {
        self.silent.notified().await;
    }
}

/// A connection with a pulse.
#[derive(Debug)]
pub(super) struct Beating {
    pub(super) stream: TcpStream,
    pub(super) idle: Arc<IdleTimer>,
}

impl Beating {
    fn seen<T>(&self, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Ok(_)) = done {
            self.idle.beat();
        }
        done
    }

    fn written(&self, done: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.idle.stuck.store(done.is_pending(), Ordering::Relaxed);
        self.seen(done)
    }
}

impl AsyncRead for Beating {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_read(cx, into);
        self.seen(done)
    }
}

impl AsyncWrite for Beating {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What is done first.
pub(super) async fn either<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> Result<A, B> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|cx| match one.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Ok(done)),
        Poll::Pending => other.as_mut().poll(cx).map(Err),
    })
    .await
}
