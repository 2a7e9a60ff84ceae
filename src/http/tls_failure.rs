//! Error messages for TLS: what is wrong with a certificate or a handshake, and how to fix it.

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage, PeerIncompatible};

use crate::error::{Error, Reason};

use super::route::Route;
use super::trust::is_authority;

/// The most names of a certificate that a message lists.
const NAMES: usize = 3;

/// The message for a TLS error.
pub(super) fn tls_error(error: &TlsError, route: &Route) -> Error {
    let host = &route.host;
    let tls = |what: String| Error::new(Reason::Tls, what);
    match error {
        TlsError::InvalidCertificate(error) => bad_certificate(error, route),
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => client_certificate_required(host),
        TlsError::AlertReceived(_) if route.client_cert.get() => client_certificate_required(host),
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => {
            tls(format!("{host} does not speak TLS on this port, but plain http or something else"))
                .hint("check the port in the deployment's address; the token is only sent over TLS")
        }
        TlsError::AlertReceived(AlertDescription::ProtocolVersion)
        | TlsError::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
            tls(format!("{host} does not support TLS 1.2 or 1.3; older versions are not safe"))
                .hint("ask the deployment's administrator to enable TLS 1.2 or 1.3")
        }
        TlsError::AlertReceived(AlertDescription::UnrecognisedName) => {
            tls(format!("the server at {host} does not serve a site of that name"))
                .hint("check the deployment's address")
        }
        TlsError::AlertReceived(alert) => tls(format!("{host} refuses the TLS handshake ({alert:?})"))
            .hint("check the deployment's address, or ask its administrator"),
        error => tls(format!("no trusted TLS connection to {host}: {error}"))
            .hint("check the deployment's address, or ask its administrator"),
    }
}

/// The server requires a client certificate, which co-cred does not support.
pub(super) fn client_certificate_required(host: &str) -> Error {
    Error::new(Reason::Tls, format!("{host} requires a client certificate, which co-cred does not support"))
        .hint("ask the deployment's administrator for an address that does not require a client certificate")
}

fn bad_certificate(error: &CertificateError, route: &Route) -> Error {
    let Route { host, authorities, .. } = route;
    let tls = |what: String| Error::new(Reason::Tls, what);
    match error {
        CertificateError::UnknownIssuer => unknown_issuer(host, *authorities),
        error if is_authority(error) => {
            let variable = authorities.unwrap_or("SSL_CERT_FILE");
            let what =
                format!("the certificate of {host} is a certificate authority's own, and {variable} does not name it");
            Error::new(Reason::PrivateCa, what)
                .hint(format!("set {variable} to a file that holds this certificate, if you trust it"))
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            tls(format!("the certificate of {host} expired on {}", date(*not_after))).hint(format!(
                "ask the deployment's administrator to renew it; this machine's clock says {}",
                date(UnixTime::now())
            ))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            tls(format!("the certificate of {host} is not valid before {}", date(*not_before)))
                .hint(format!("check this machine's clock, which says {}", date(UnixTime::now())))
        }
        CertificateError::NotValidForNameContext { presented, .. } => match names(presented) {
            names if names.is_empty() => tls(format!("the certificate of {host} names no host"))
                .hint("ask for a certificate with a subjectAltName: the common name does not count"),
            names => tls(format!("the certificate of {host} is for another name: {names}"))
                .hint("check the deployment's address: it is the one that you see in the browser"),
        },
        error => tls(format!("the certificate of {host} cannot be trusted: {error}"))
            .hint("check the deployment's address, or ask its administrator"),
    }
}

fn unknown_issuer(host: &str, variable: Option<&str>) -> Error {
    let issuer = |which: &str| {
        let what = format!("the certificate of {host} comes from an authority that {which}");
        Error::new(Reason::PrivateCa, what)
    };
    match variable {
        Some(variable) => issuer(&format!("is not among those that {variable} names"))
            .hint(format!("add the authority's certificate to what {variable} names, or unset it to use the system's")),
        None => issuer("this system does not know")
            .hint("for a private authority, set SSL_CERT_FILE to a file that holds its certificate"),
    }
}

fn date(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.unwrap_or(Timestamp::MAX).strftime("%Y-%m-%d").to_string()
}

/// The host names and addresses in a certificate, which webpki gives as `DnsName("HOST")` or `IpAddress(ADDRESS)`. Other
/// text from the server is not repeated.
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
