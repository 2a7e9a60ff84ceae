//! Connections in, each on a task of its own.

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

use super::idle_timer::{Beating, either};
use super::limiter::{Answer, ConnectionLimiter, Place};
use super::proxy::Proxy;
use super::system::set_queue;

/// The most bytes of a request's head.
const HEAD: usize = 64 * 1024;

/// The most connections that wait to be accepted.
const QUEUE: i32 = 4096;

/// Serves from now on, on a thread of its own.
///
/// # Errors
/// The system has no thread or no descriptor left.
pub(super) fn start(listener: std::net::TcpListener, proxy: Proxy) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    set_queue(&listener, QUEUE)?;
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
                    let place = limiter.place(number).await;
                    let connection = Arc::clone(place.connection());
                    let task = tokio::spawn(converse(stream, Arc::clone(&proxy), place));
                    connection.served_by(task.abort_handle());
                }
                // No descriptors are left, say: others will be given back.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        Ok(())
    })
}

async fn converse(stream: TcpStream, proxy: Arc<Proxy>, place: Place) {
    let _ = stream.set_nodelay(true);
    let (place, idle) = (&place, &place.connection().idle);
    let io = TokioIo::new(Beating { stream, idle: Arc::clone(idle) });
    let answer = service_fn(|request| {
        let proxy = &proxy;
        async move {
            let mut busy = None;
            let response = proxy.answer(request, idle, || busy = Some(place.busy())).await;
            Ok::<_, Infallible>(response.map(|body| Answer::new(body, busy)))
        }
    });
    let mut server = http1::Builder::new();
    // The pulse knows all that a timer would.
    server.header_read_timeout(None).max_buf_size(HEAD);
    // What a client breaks off needs no report.
    let _ = either(server.serve_connection(io, answer), idle.stops()).await;
}
