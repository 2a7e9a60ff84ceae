//! TLS configuration: webpki's rules, with one exception for a self-signed certificate that the user named.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, ResolvesClientCert, Tls12ClientSessionValue, Tls13ClientSessionValue, WebPkiServerVerifier,
    verify_server_name,
};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, NamedGroup, RootCertStore,
    SignatureScheme,
};

use crate::env::Env;
use crate::error::{Error, Reason, Result};

use super::progress::{Progress, Step};
use super::roots::{self, Roots};

/// The configurations of this process. The authorities are read once: a program behind the broker, which must not get the
/// token, may be able to write to their file.
static TRUST: Mutex<BTreeMap<Key, Arc<ClientConfig>>> = Mutex::new(BTreeMap::new());

/// Whether TLS is used, and the values of the variables that name authorities.
type Key = (bool, [Option<OsString>; roots::VARIABLES.len()]);

/// A TLS configuration that records in `client_cert` whether a server requests a client certificate.
///
/// # Errors
/// The authorities that a variable names cannot be read.
pub(super) fn config(env: &Env, encrypted: bool, client_cert: &ClientCertRequest) -> Result<ClientConfig> {
    let named = roots::VARIABLES.map(|name| env.get(name).map(OsString::from));
    let mut trust = TRUST.lock().unwrap_or_else(PoisonError::into_inner);
    let known = match trust.entry((encrypted, named)) {
        Entry::Occupied(known) => Arc::clone(known.get()),
        Entry::Vacant(unknown) => Arc::clone(unknown.insert(Arc::new(set_up(env, encrypted)?))),
    };
    let mut config = ClientConfig::clone(&known);
    config.client_auth_cert_resolver = Arc::new(client_cert.clone());
    Ok(config)
}

/// # Errors
/// The authorities that a variable names cannot be read.
fn set_up(env: &Env, encrypted: bool) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let unable = |error| Error::new(Reason::Tls, "the TLS client could not be set up").caused_by(error);
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(unable)?;
    // Plain http needs no authorities, so none are read.
    let builder = match encrypted {
        false => builder.with_root_certificates(RootCertStore::empty()),
        true => {
            let verifier = Verifier::new(roots::trusted(env)?, provider).map_err(unable)?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// webpki's verification, with one exception: webpki refuses a server certificate that is marked as an authority's, which is
/// what `openssl req -x509` makes. It is accepted if it is byte for byte one that the user named.
#[derive(Debug)]
struct Verifier {
    webpki: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl Verifier {
    fn new(roots: Roots, provider: Arc<CryptoProvider>) -> Result<Verifier, TlsError> {
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots.store), provider).build();
        let webpki = webpki.map_err(|error| TlsError::General(error.to_string()))?;
        Ok(Verifier { webpki, named: roots.named })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        match self.webpki.verify_server_cert(certificate, others, name, ocsp, now) {
            // webpki checks the dates before this error, and the name after it.
            Err(TlsError::InvalidCertificate(error)) if is_authority(&error) && self.named.contains(certificate) => {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.webpki.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.webpki.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// Whether webpki refused a server certificate because it is marked as an authority's.
pub(super) fn is_authority(error: &CertificateError) -> bool {
    let CertificateError::Other(other) = error else { return false };
    matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// Whether the server has requested a client certificate. None is sent, which may be why the server refuses.
#[derive(Clone, Debug, Default)]
pub(super) struct ClientCertRequest(Arc<AtomicBool>);

impl ClientCertRequest {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for ClientCertRequest {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Notes when the TLS handshake with the deployment begins: rustls then asks for earlier sessions. There are none.
#[derive(Debug)]
pub(super) struct HandshakeObserver {
    pub(super) host: String,
    pub(super) progress: Progress,
}

impl ClientSessionStore for HandshakeObserver {
    fn kx_hint(&self, name: &ServerName<'_>) -> Option<NamedGroup> {
        // A proxy with TLS comes first, under its own name.
        let is_deployment = *name.to_str() == *self.host.trim_matches(['[', ']']);
        self.progress.reach(if is_deployment { Step::Tls } else { Step::Peer });
        None
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }

    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {}
}
