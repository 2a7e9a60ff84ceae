//! Why a deployment did not answer: turns the errors of DNS, TCP, proxies, TLS and HTTP into messages with a hint.

use std::error::Error as StdError;
use std::io;

use rustls::Error as TlsError;

use crate::error::{Error, Reason};

use super::dns::Unresolved;
use super::progress::{BoxError, ConnectError, Step, TimedOut};
use super::route::Route;
use super::tls_failure::{client_certificate_required, tls_error};

/// The message for a request that got no response.
pub(super) fn failure(error: BoxError, route: &Route) -> Error {
    let message = match cause::<ConnectError>(&*error) {
        Some(broken) => connect_error(broken, route),
        None if cause::<hyper::Error>(&*error).is_some_and(hyper::Error::is_user) => {
            Error::new(Reason::Usage, "the request body is cut off or malformed")
        }
        None => stream_error(&*error, route),
    };
    message.caused_by(error)
}

fn connect_error(broken: &ConnectError, route: &Route) -> Error {
    let (host, cause) = (&route.host, &*broken.cause);
    match (broken.step, route.proxy) {
        (Step::Connected, _) => timeout(host),
        (Step::Tls, _) if is_timed_out(cause) => {
            Error::new(Reason::Timeout, format!("{host} did not finish the TLS handshake in time"))
                .hint("check the address and its port, which may not speak TLS, or give it longer with --timeout 60s")
        }
        (Step::Tls, _) => match stream_error(cause, route) {
            error if error.reason == Reason::Connection => {
                Error::new(Reason::Connection, format!("{host} ended the TLS handshake: {}", kind(cause)))
                    .hint("check the address and its port, which may not speak TLS")
            }
            error => error,
        },
        (step, Some(variable)) => proxy_error(step, cause, variable, host),
        (Step::Name, None) => name_error(cause, host),
        (Step::Address | Step::Peer, None) if is_timed_out(cause) => timeout(host),
        (Step::Address | Step::Peer, None) => disconnected(host, &kind(cause)),
    }
}

/// A failure of an established connection, or of its TLS handshake.
fn stream_error(error: &(dyn StdError + 'static), route: &Route) -> Error {
    match cause::<TlsError>(error) {
        Some(tls) => tls_error(tls, route),
        None if route.client_cert.get() => client_certificate_required(&route.host),
        None => disconnected(&route.host, &kind(error)),
    }
}

fn name_error(error: &(dyn StdError + 'static), host: &str) -> Error {
    let (why, hint) = match cause::<Unresolved>(error) {
        Some(Unresolved::NxDomain | Unresolved::NoData) => {
            ("it has no address", "check its spelling; a Reproducible Run may have no network at all")
        }
        _ if is_timed_out(error) => (
            "no name server answered in time",
            "check the network and /etc/resolv.conf, or give it longer with --timeout 60s",
        ),
        _ => (
            "no name server could answer",
            "check the network and /etc/resolv.conf; a Reproducible Run may have no network at all",
        ),
    };
    Error::new(Reason::Name, format!("the name {host} cannot be resolved: {why}")).hint(hint)
}

fn proxy_error(step: Step, error: &(dyn StdError + 'static), variable: &str, host: &str) -> Error {
    let proxy = |what: String| Error::new(Reason::Proxy, what);
    let failure = match step {
        _ if is_timed_out(error) => {
            proxy(format!("the proxy in {variable}, on the way to {host}, did not answer in time"))
        }
        Step::Name => proxy(format!("the name of the proxy in {variable} cannot be resolved")),
        Step::Address => {
            let kind = innermost_io(error).map_or_else(String::new, |error| format!(": {}", error.kind()));
            proxy(format!("the proxy in {variable} cannot be reached{kind}"))
        }
        _ if cause::<TlsError>(error).is_some() => {
            return proxy(format!("there is no trustworthy TLS connection to the proxy in {variable}"))
                .hint(format!("if the proxy itself does not speak TLS, write its address in {variable} with http://"));
        }
        _ if chain(error).any(|error| error.to_string().contains("authorization required")) => {
            return proxy(format!("the proxy in {variable} wants a user name and a password"))
                .hint("write it as http://USER:PASSWORD@proxy.example.org:3128");
        }
        _ => proxy(format!("the proxy in {variable} refuses to connect to {host}")),
    };
    failure.hint(format!("check {variable}, or add the host to NO_PROXY if it is reached directly"))
}

/// The deployment did not answer in time.
pub fn timeout(host: &str) -> Error {
    Error::new(Reason::Timeout, format!("{host} did not answer in time"))
        .hint("check the network; co-cred check --wait 60s keeps trying")
}

/// The connection could not be made, or broke.
pub fn disconnected(host: &str, why: &str) -> Error {
    Error::new(Reason::Connection, format!("no connection to {host}: {why}"))
        .hint("check the address and the network; a Reproducible Run may have no network at all")
}

fn is_timed_out(error: &(dyn StdError + 'static)) -> bool {
    cause::<TimedOut>(error).is_some()
}

fn kind(error: &(dyn StdError + 'static)) -> String {
    innermost_io(error).map_or_else(|| "it was closed".to_owned(), |error| error.kind().to_string())
}

/// The I/O error at the end of the chain.
pub(super) fn innermost_io<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    chain(error).filter_map(|error| error.downcast_ref::<io::Error>()).last()
}

/// Whether reqwest could not connect to the proxy. hyper-util's types for that are private; their messages end so.
pub(super) fn is_proxy_unreachable(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(|error| error.to_string().ends_with("failed to create underlying connection"))
}

/// The first error of this type in the chain.
pub(super) fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// An error and its causes. `source()` of an `io::Error` skips the error that it wraps, so that is taken by `get_ref()`.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
        Some(error)
    })
}
