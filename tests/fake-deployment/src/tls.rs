//! A private authority, and a certificate of its making.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What the server's certificate is to be like.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub(crate) names: Vec<String>,
    pub(crate) years: Option<(i32, i32)>,
    /// The files of another certificate, which is its own authority, and of its key.
    pub(crate) given: Option<(PathBuf, PathBuf)>,
}

impl Default for Tls {
    fn default() -> Tls {
        Tls { names: ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into(), years: None, given: None }
    }
}

#[derive(Debug)]
pub(crate) struct Authority {
    tls: Tls,
    issuer: CertifiedIssuer<'static, KeyPair>,
    certificate: PathBuf,
    _folder: tempfile::TempDir,
}

impl Authority {
    pub(crate) fn new(tls: Tls) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let (folder, certificate) = crate::scratch();
        // A name of its own, or one authority's certificate would look like a forgery of another's.
        let name = format!("fake authority of {}", folder.path().display());
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate");
        std::fs::write(&certificate, issuer.pem()).expect("the certificate is written");
        Authority { tls, issuer, certificate, _folder: folder }
    }

    pub(crate) fn certificate(&self) -> &Path {
        self.tls.given.as_ref().map_or(&self.certificate, |(certificate, _)| certificate)
    }

    /// A certificate for these names, and its key.
    fn issue(&self, names: &[String]) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(names).expect("valid names");
        if let Some((from, to)) = self.tls.years {
            (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        }
        // Python has been strict since 3.13, as RFC 5280, section 4.2.1.1, has it.
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate, key)
    }

    /// The files of a certificate for another server of the deployment, and of its key.
    pub(crate) fn certificate_for(&self, name: &str) -> (PathBuf, PathBuf) {
        let (certificate, key) = self.issue(&[name.to_owned()]);
        let file = |ending: &str, pem: String| {
            let path = self.certificate.with_file_name(format!("{name}.{ending}"));
            std::fs::write(&path, pem).expect("the file is written");
            path
        };
        (file("pem", certificate.pem()), file("key", key.serialize_pem()))
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let (certificate, key) = match &self.tls.given {
            Some((certificate, key)) => (
                CertificateDer::from_pem_file(certificate).expect("a certificate"),
                PrivateKeyDer::from_pem_file(key).expect("a private key"),
            ),
            None => {
                let (certificate, key) = self.issue(&self.tls.names);
                (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).expect("a private key"))
            }
        };
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a usable certificate");
        TlsAcceptor::from(Arc::new(config))
    }
}
