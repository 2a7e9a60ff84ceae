//! The time that a connection may be idle.
//!
//! It is closed once no byte has gone through it in either direction for too long: the client does not read, a body does not
//! arrive, or the deployment is silent.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// How long a connection that has shown the pass may be idle, with a request under way or without.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// How long it stays open after that, so that a request under way can be answered with 504.
const CLOSING_TIME: Duration = Duration::from_secs(5);

/// How long a client has to show the pass.
const AUTHENTICATION_TIMEOUT: Duration = Duration::from_secs(10);

/// When a byte last went through a connection, and what state the connection is in.
#[derive(Debug)]
pub(super) struct IdleTimer {
    start: Instant,
    /// The last activity, in milliseconds since the start.
    last: AtomicU64,
    is_authenticated: AtomicBool,
    /// Whether the client does not take what is sent to it.
    is_write_blocked: AtomicBool,
    timed_out: Notify,
}

impl IdleTimer {
    pub(super) fn new() -> Arc<IdleTimer> {
        let (last, [is_authenticated, is_write_blocked]) = (AtomicU64::new(0), [const { AtomicBool::new(false) }; 2]);
        let (start, timed_out) = (Instant::now(), Notify::new());
        Arc::new(IdleTimer { start, last, is_authenticated, is_write_blocked, timed_out })
    }

    /// Notes that the client has shown the pass.
    pub(super) fn authenticate(&self) {
        self.is_authenticated.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_authenticated(&self) -> bool {
        self.is_authenticated.load(Ordering::Relaxed)
    }

    /// For how long the connection has existed.
    pub(super) fn age(&self) -> Duration {
        self.start.elapsed()
    }

    /// For how long no byte has gone through.
    pub(super) fn idle_time(&self) -> Duration {
        self.start.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }

    /// Whether a part of a response waits for the client to read.
    pub(super) fn is_write_blocked(&self) -> bool {
        self.is_write_blocked.load(Ordering::Relaxed)
    }

    fn reset(&self) {
        let since = self.start.elapsed().as_millis();
        self.last.store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The time until the timeout.
    fn remaining(&self) -> Duration {
        match self.is_authenticated() {
            true => IDLE_TIMEOUT.saturating_sub(self.idle_time()),
            false => AUTHENTICATION_TIMEOUT.saturating_sub(self.age()),
        }
    }

    /// Completes once the connection is to be closed. It needs one timer for each connection, and none for each request.
    pub(super) async fn expired(&self) {
        loop {
            match self.remaining() {
                Duration::ZERO if self.is_authenticated() => {
                    self.timed_out.notify_waiters();
                    return tokio::time::sleep(CLOSING_TIME).await;
                }
                Duration::ZERO => return,
                remaining => tokio::time::sleep(remaining + Duration::from_millis(1)).await,
            }
        }
    }

    /// Completes at the timeout, some seconds before [`IdleTimer::expired`].
    pub(super) async fn timed_out(&self) {
        self.timed_out.notified().await;
    }
}

/// A connection whose reads and writes reset its idle timer.
#[derive(Debug)]
pub(super) struct TimedStream {
    pub(super) stream: TcpStream,
    pub(super) timer: Arc<IdleTimer>,
}

impl TimedStream {
    fn transferred<T>(&self, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Ok(_)) = done {
            self.timer.reset();
        }
        done
    }

    fn written(&self, done: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.timer.is_write_blocked.store(done.is_pending(), Ordering::Relaxed);
        self.transferred(done)
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_read(cx, into);
        self.transferred(done)
    }
}

impl AsyncWrite for TimedStream {
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
