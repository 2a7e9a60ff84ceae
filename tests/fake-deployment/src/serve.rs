//! Connections in, answers out.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{Fault, Seen, State, api};

pub(crate) type Body = http_body_util::combinators::BoxBody<Bytes, io::Error>;

/// A listener with room for a herd: the standard library's holds 128 waiting connections, this one 4096.
pub(crate) fn listen(port: u16) -> std::net::TcpListener {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let listener = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
        socket.listen(4096)?.into_std()
    });
    listener.expect("a free port on loopback")
}

pub(crate) async fn serve(listener: std::net::TcpListener, acceptor: Option<TlsAcceptor>, state: Arc<State>) {
    let listener = TcpListener::from_std(listener).expect("a listener that does not block");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        state.connections.fetch_add(1, Ordering::Relaxed);
        let _ = stream.set_nodelay(true);
        let (acceptor, state) = (acceptor.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            match acceptor {
                None => converse(stream, state).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(stream, state).await;
                    }
                }
            }
        });
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, state: Arc<State>) {
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Infallible>(answer(request, &state).await) }
    });
    // A connection that the client or a fault breaks off is nothing to report.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, state: &Arc<State>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, 64 << 20).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let fault = next_fault(state);
    let response = match fault {
        Fault::None => serve_one(&parts, &body, state).await,
        Fault::Slow(pause) => {
            tokio::time::sleep(pause).await;
            serve_one(&parts, &body, state).await
        }
        Fault::CutOff => cut_off(),
        fault => faulty(fault),
    };
    let seen = Seen {
        request: format!("{} {}", parts.method, parts.uri.path()),
        authorization: parts.headers.get("authorization").map(|value| String::from_utf8_lossy(value.as_bytes()).into()),
        status: response.status().as_u16(),
    };
    state.seen.lock().expect("no panic while locked").push(seen);
    response
}

/// A request for the repository, or for the API.
async fn serve_one(parts: &Parts, body: &Bytes, state: &Arc<State>) -> Response<Body> {
    if state.git.is_none() || !parts.uri.path().starts_with("/capsule-") {
        return api::answer(parts, body, &state.accounts(), state.ownership);
    }
    let (parts, body, state) = (parts.clone(), body.clone(), Arc::clone(state));
    let work = move || state.git.as_ref().expect("seen above").answer(&parts, &body, &state.accounts());
    tokio::task::spawn_blocking(work).await.expect("git answers")
}

fn next_fault(state: &State) -> Fault {
    let limited = state.limit.as_ref().and_then(|bucket| bucket.lock().expect("no panic while locked").take());
    let mut faults = state.faults.lock().expect("no panic while locked");
    limited.or_else(|| faults.pop_front()).unwrap_or(Fault::None)
}

fn faulty(fault: Fault) -> Response<Body> {
    match fault {
        Fault::Status(status) => message(status, "a fault on demand"),
        Fault::TooManyRequests(seconds) => {
            let mut response = message(429, "too many requests");
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            response
        }
        Fault::Html => html(200),
        Fault::HtmlStatus(status) => html(status),
        Fault::OtherJson => reply(200, "application/json", r#"{"status":"ok"}"#.to_owned()),
        Fault::Redirect(target) => {
            let mut response = reply(302, "text/html", String::new());
            response.headers_mut().insert(LOCATION, target.parse().expect("an address"));
            response
        }
        Fault::None | Fault::Slow(_) | Fault::CutOff => unreachable!("answered above"),
    }
}

fn html(status: u16) -> Response<Body> {
    reply(status, "text/html; charset=utf-8", "<!doctype html><title>Sign in</title>".to_owned())
}

/// The head of an answer and the first bytes of its body; then the connection is gone.
fn cut_off() -> Response<Body> {
    let frames = [Ok(Frame::data(Bytes::from_static(b"{\"has_more\":"))), Err(io::ErrorKind::BrokenPipe.into())];
    let body = StreamBody::new(Frames(frames.into_iter()));
    let mut response = Response::new(BodyExt::boxed(body));
    response.headers_mut().insert("content-length", 1000.into());
    response
}

pub(crate) fn message(status: u16, text: &str) -> Response<Body> {
    reply(status, "application/json", serde_json::json!({ "message": text }).to_string())
}

pub(crate) fn reply(status: u16, kind: &'static str, body: String) -> Response<Body> {
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status.try_into().expect("a status");
    response.headers_mut().insert(CONTENT_TYPE, kind.parse().expect("a media type"));
    response
}

/// Frames that are there from the start, as a stream.
struct Frames<I>(I);

impl<I: Iterator<Item = io::Result<Frame<Bytes>>> + Unpin> futures_core::Stream for Frames<I> {
    type Item = io::Result<Frame<Bytes>>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}
