//! Why a deployment did not answer, in words, and what to do about it.

use std::error::Error as _;
use std::io;

use rustls::CertificateError;

use crate::error::{Error, Reason};

/// Why there was no answer at all.
pub fn failure(error: reqwest::Error, host: &str, proxied: bool) -> Error {
    let error = error.without_url();
    let told = if let Some(tls) = tls_error(&error) {
        untrusted(tls, host)
    } else if proxied && error.is_connect() {
        Error::new(Reason::Proxy, format!("the proxy on the way to {host} refuses or cannot be reached"))
            .hint("check HTTPS_PROXY, or add the host to NO_PROXY if it is reached directly")
    } else if error.is_dns() {
        Error::new(Reason::Name, format!("the name {host} cannot be resolved"))
            .hint("check its spelling; a Reproducible Run may have no network at all")
    } else if error.is_timeout() {
        timeout(host)
    } else {
        disconnected(host, &io_kind(&error))
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

/// The TLS error in a chain. An `io::Error` hides what it wraps from `source()`.
fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// What the system says, as `connection refused`.
fn io_kind(error: &reqwest::Error) -> String {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return io.kind().to_string();
        }
        next = error.source();
    }
    "it broke off".to_owned()
}
