//! Why a deployment did not answer, in words, and what to do about it.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;
use rustls::CertificateError;

use crate::error::{Error, Reason};

use super::connect::Late;
use super::names::Unresolved;

/// Why there was no answer at all.
pub(super) fn failure(error: legacy::Error, host: &str, proxied: bool) -> Error {
    let told = if let Some(tls) = cause::<rustls::Error>(&error) {
        untrusted(tls, host)
    } else if proxied && error.is_connect() {
        Error::new(Reason::Proxy, format!("the proxy on the way to {host} refuses or cannot be reached"))
            .hint("check HTTPS_PROXY, or add the host to NO_PROXY if it is reached directly")
    } else if cause::<Unresolved>(&error).is_some() {
        Error::new(Reason::Name, format!("the name {host} cannot be resolved"))
            .hint("check its spelling; a Reproducible Run may have no network at all")
    } else if cause::<hyper::Error>(&error).is_some_and(hyper::Error::is_user) {
        Error::new(Reason::Usage, "the body that was to be sent is cut off or malformed")
    } else if cause::<Late>(&error).is_some() {
        timeout(host)
    } else {
        let kind = cause::<io::Error>(&error).map(|error| error.kind().to_string());
        disconnected(host, kind.as_deref().unwrap_or("it broke off"))
    };
    told.caused_by(error)
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

fn untrusted(tls: &rustls::Error, host: &str) -> Error {
    match tls {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => Error::new(
            Reason::PrivateCa,
            format!("the certificate of {host} comes from an authority that this system does not know"),
        )
        .hint("for a private authority, set SSL_CERT_FILE to a file that holds its certificate"),
        tls => Error::new(Reason::Tls, format!("no trustworthy TLS connection to {host}: {tls}"))
            .hint("check the address and this machine's clock; the deployment's certificate may have run out"),
    }
}

/// The error of this kind in a chain. An `io::Error` hides what it wraps from `source()`.
fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(cause) = error.downcast_ref::<E>() {
            return Some(cause);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
