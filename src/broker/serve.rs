//! The server: accepts connections, and serves each on a task of its own.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::http::runtime;

use super::idle_timer::TimedStream;
use super::limiter::{ConnectionLimiter, ConnectionSlot, TrackedBody};
use super::proxy::Proxy;
use super::system::set_backlog;

/// The most bytes of a request's head.
const MAX_HEAD: usize = 64 * 1024;

/// The most connections that wait to be accepted.
const BACKLOG: i32 = 4096;

/// Starts to serve, on a thread of its own.
///
/// # Errors
/// The system has no thread or no file descriptor left.
pub(super) fn start(listener: std::net::TcpListener, proxy: Proxy) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    set_backlog(&listener, BACKLOG)?;
    let runtime = runtime()?;
    let serve = move || serve(&runtime, listener, Arc::new(proxy));
    thread::Builder::new().name("broker".to_owned()).spawn(serve).map(drop)
}

fn serve(runtime: &Runtime, listener: std::net::TcpListener, proxy: Arc<Proxy>) -> io::Result<()> {
    runtime.block_on(async {
        let (listener, limiter) = (TcpListener::from_std(listener)?, ConnectionLimiter::new());
        for number in 0.. {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let slot = limiter.acquire(number).await;
                    let connection = Arc::clone(slot.connection());
                    let task = tokio::spawn(serve_connection(stream, Arc::clone(&proxy), slot));
                    connection.set_task(task.abort_handle());
                }
                // Probably no file descriptor is left: connections that end give theirs back.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        Ok(())
    })
}

async fn serve_connection(stream: TcpStream, proxy: Arc<Proxy>, slot: ConnectionSlot) {
    let _ = stream.set_nodelay(true);
    let (slot, timer) = (&slot, &slot.connection().timer);
    let io = TokioIo::new(TimedStream { stream, timer: Arc::clone(timer) });
    let answer = service_fn(|request| {
        let proxy = &proxy;
        async move {
            let mut active = None;
            let response = proxy.answer(request, timer, || active = Some(slot.active_request())).await;
            Ok::<_, Infallible>(response.map(|body| TrackedBody::new(body, active)))
        }
    });
    let mut server = http1::Builder::new();
    // The idle timer covers the head as well.
    server.header_read_timeout(None).max_buf_size(MAX_HEAD);
    // The connection ends here in any case: an error of the client's needs no report.
    tokio::select! {
        biased;
        _ = server.serve_connection(io, answer) => {}
        () = timer.expired() => {}
    }
}
