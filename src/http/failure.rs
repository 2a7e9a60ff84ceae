//! Why a deployment did not answer, in words, and what to do about it.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;
use rustls::Error as TlsError;

use crate::error::{Error, Reason};

use super::dns::Unresolved;
use super::progress::{Broken, Late, Step};
use super::tls_failure::{no_client_certificate, untrusted};
use super::trust::Wanted;

/// What a connection goes by, to be named where it fails.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) host: String,
    /// The variable that names the proxy, where there is one.
    pub(super) proxy: Option<&'static str>,
    /// The variable that names the authorities, where one does.
    pub(super) authorities: Option<&'static str>,
    pub(super) wanted: Wanted,
}

/// Why there was no answer at all.
pub(super) fn failure(error: legacy::Error, route: &Route) -> Error {
    let told = match cause::<Broken>(&error) {
        Some(broken) => unconnected(broken, route),
        None if cause::<hyper::Error>(&error).is_some_and(hyper::Error::is_user) => {
            Error::new(Reason::Usage, "the body that was to be sent is cut off or malformed")
        }
        None => broken_off(&error, route),
    };
    told.caused_by(error)
}

fn unconnected(broken: &Broken, route: &Route) -> Error {
    let (host, cause) = (&route.host, &*broken.cause);
    match (broken.step, route.proxy) {
        (Step::Tls, _) if is_late(cause) => {
            Error::new(Reason::Timeout, format!("{host} did not finish the TLS handshake in time"))
                .hint("check the address and its port, which may not speak TLS, or give it longer with --timeout 60s")
        }
        (Step::Tls, _) => match broken_off(cause, route) {
            told if told.reason == Reason::Connection => {
                Error::new(Reason::Connection, format!("{host} broke off the TLS handshake: {}", kind(cause)))
                    .hint("check the address and its port, which may not speak TLS")
            }
            told => told,
        },
        (step, Some(variable)) => by_proxy(step, cause, variable, host),
        (Step::Name, None) => unresolved(cause, host),
        (Step::Address | Step::Peer, None) if is_late(cause) => timeout(host),
        (Step::Address | Step::Peer, None) => disconnected(host, &kind(cause)),
    }
}

/// A connection that was there, or that lacked TLS alone.
fn broken_off(error: &(dyn StdError + 'static), route: &Route) -> Error {
    match cause::<TlsError>(error) {
        Some(tls) => untrusted(tls, route),
        None if route.wanted.get() => no_client_certificate(&route.host),
        None => disconnected(&route.host, &kind(error)),
    }
}

fn unresolved(error: &(dyn StdError + 'static), host: &str) -> Error {
    let (why, hint) = match cause::<Unresolved>(error) {
        Some(Unresolved::Absent | Unresolved::Bare) => {
            ("it has no address", "check its spelling; a Reproducible Run may have no network at all")
        }
        _ if is_late(error) => (
            "no name server answered in time",
            "check the network and /etc/resolv.conf, or give it longer with --timeout 60s",
        ),
        _ => (
            "no name server can tell its address",
            "check the network and /etc/resolv.conf; a Reproducible Run may have no network at all",
        ),
    };
    Error::new(Reason::Name, format!("the name {host} cannot be resolved: {why}")).hint(hint)
}

fn by_proxy(step: Step, error: &(dyn StdError + 'static), variable: &str, host: &str) -> Error {
    let told = |what: String| Error::new(Reason::Proxy, what);
    let told = match step {
        _ if is_late(error) => told(format!("the proxy in {variable}, on the way to {host}, did not answer in time")),
        Step::Name => told(format!("the name of the proxy in {variable} cannot be resolved")),
        Step::Address => told(format!("the proxy in {variable} cannot be reached: {}", kind(error))),
        _ if cause::<TlsError>(error).is_some() => {
            return told(format!("there is no trustworthy TLS connection to the proxy in {variable}")).hint(format!(
                "where the proxy itself speaks no TLS, let the address in {variable} begin with http://"
            ));
        }
        _ if error.to_string().contains("authorization required") => {
            return told(format!("the proxy in {variable} wants a user name and a password"))
                .hint("write it as http://USER:PASSWORD@proxy.example.org:3128");
        }
        _ => told(format!("the proxy in {variable} refuses to connect to {host}")),
    };
    told.hint(format!("check {variable}, or add the host to NO_PROXY if it is reached directly"))
}

/// Nothing came in time.
pub fn timeout(host: &str) -> Error {
    Error::new(Reason::Timeout, format!("{host} did not answer in time"))
        .hint("check the network; check --wait 60s waits for it")
}

/// The connection broke, or could not be made.
pub fn disconnected(host: &str, why: &str) -> Error {
    Error::new(Reason::Connection, format!("no connection to {host}: {why}"))
        .hint("check the address and the network; a Reproducible Run may have no network at all")
}

fn is_late(error: &(dyn StdError + 'static)) -> bool {
    cause::<Late>(error).is_some()
}

fn kind(error: &(dyn StdError + 'static)) -> String {
    let innermost = chain(error).filter_map(|error| error.downcast_ref::<io::Error>()).last();
    innermost.map_or_else(|| "it broke off".to_owned(), |error| error.kind().to_string())
}

/// The error of this kind in a chain.
fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// An error and those behind it. An `io::Error` hides what it wraps from `source()`.
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
