//! Why TLS failed, in words: each fault of a certificate or of a handshake, and what to do about it.

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage, PeerIncompatible};

use crate::error::{Error, Reason};

use super::failure::Route;
use super::trust::is_authority;

/// The most names of a certificate that are told.
const NAMES: usize = 3;

/// The TLS connection that was not made, or ended.
pub(super) fn untrusted(error: &TlsError, route: &Route) -> Error {
    let host = &route.host;
    let told = |what: String| Error::new(Reason::Tls, what);
    match error {
        TlsError::InvalidCertificate(error) => bad_certificate(error, route),
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => no_client_certificate(host),
        TlsError::AlertReceived(_) if route.wanted.get() => no_client_certificate(host),
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => {
            told(format!("{host} does not speak TLS on this port, but plain http or something else"))
                .hint("check the port in the deployment's address; the token is only sent over TLS")
        }
        TlsError::AlertReceived(AlertDescription::ProtocolVersion)
        | TlsError::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
            told(format!("{host} offers no version of TLS that is still safe: TLS 1.2 or 1.3"))
                .hint("ask those who run the deployment, or the proxy before it, for TLS 1.2 or 1.3")
        }
        TlsError::AlertReceived(AlertDescription::UnrecognisedName) => {
            told(format!("the server at {host} knows no site of that name")).hint("check the deployment's address")
        }
        TlsError::AlertReceived(alert) => told(format!("{host} refuses the TLS handshake ({alert:?})"))
            .hint("check the deployment's address, or ask those who run it"),
        error => told(format!("no trustworthy TLS connection to {host}: {error}"))
            .hint("check the deployment's address, or ask those who run it"),
    }
}

/// The server wants what co-cred has not.
pub(super) fn no_client_certificate(host: &str) -> Error {
    Error::new(Reason::Tls, format!("{host} wants a client certificate, and co-cred has none"))
        .hint("use an address of the deployment that wants none, or ask those who run it for one")
}

fn bad_certificate(error: &CertificateError, route: &Route) -> Error {
    let Route { host, authorities, .. } = route;
    let told = |what: String| Error::new(Reason::Tls, what);
    match error {
        CertificateError::UnknownIssuer => unknown_authority(host, *authorities),
        error if is_authority(error) => {
            let variable = authorities.unwrap_or("SSL_CERT_FILE");
            let what = format!("the certificate of {host} is an authority's own, and is none that {variable} names");
            Error::new(Reason::PrivateCa, what)
                .hint(format!("set {variable} to a file that holds this very certificate, if you trust it"))
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            told(format!("the certificate of {host} expired on {}", date(*not_after))).hint(format!(
                "ask those who run the deployment for a new one; this machine's clock says {}",
                date(UnixTime::now())
            ))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            told(format!("the certificate of {host} is not valid before {}", date(*not_before)))
                .hint(format!("set this machine's clock, which says {}, if it is wrong", date(UnixTime::now())))
        }
        CertificateError::NotValidForNameContext { presented, .. } => match names(presented) {
            names if names.is_empty() => told(format!("the certificate of {host} names no host"))
                .hint("ask for one with a subjectAltName: its common name does not count"),
            names => told(format!("the certificate of {host} is for another name: {names}"))
                .hint("check the deployment's address: it is the one that you see in the browser"),
        },
        error => told(format!("the certificate of {host} cannot be trusted: {error}"))
            .hint("check the deployment's address, or ask those who run it"),
    }
}

fn unknown_authority(host: &str, variable: Option<&str>) -> Error {
    let told = |which: &str| {
        let what = format!("the certificate of {host} comes from an authority that {which}");
        Error::new(Reason::PrivateCa, what)
    };
    match variable {
        Some(variable) => told(&format!("is not among those that {variable} names")).hint(format!(
            "add the authority's certificate to what {variable} names, or unset it for the system's own"
        )),
        None => told("this system does not know")
            .hint("for a private authority, set SSL_CERT_FILE to a file that holds its certificate"),
    }
}

fn date(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.unwrap_or(Timestamp::MAX).strftime("%Y-%m-%d").to_string()
}

/// The host names and addresses in a certificate, which webpki gives as `DnsName("HOST")` or `IpAddress(ADDRESS)`. What a
/// server says is repeated only where it is nothing else.
fn names(presented: &[String]) -> String {
    let is_plain = |name: &&str| {
        name.len() <= 253 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '*' | ':'))
    };
    let inner = |name: &'_ String| -> Option<String> {
        let (kind, rest) = name.split_once('(')?;
        let inner = rest.strip_suffix(')')?.trim_matches('"');
        Some(inner).filter(|_| ["DnsName", "IpAddress"].contains(&kind)).filter(is_plain).map(str::to_owned)
    };
    let dns: Vec<String> = presented.iter().filter_map(inner).collect();
    let more = if dns.len() > NAMES { ", ..." } else { "" };
    dns.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ") + more
}
