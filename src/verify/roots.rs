//! Whom TLS trusts: the system's authorities, those of `SSL_CERT_FILE` and `SSL_CERT_DIR` where they are set, and
//! Mozilla's list built in where a system has none at all, as in many a small image.

use std::path::{Path, PathBuf};

use reqwest::Certificate;
use rustls_native_certs::CertificateResult;

use crate::env::Env;

/// Where the bundle of all authorities stands, by system: Debian and Alpine, Fedora and RHEL, openSUSE, FreeBSD.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// Where single authorities stand, for systems without a bundle.
const FOLDERS: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/// The authorities to trust, and no others.
pub(super) fn trusted(env: &Env) -> Vec<Certificate> {
    let system = match (env.path("SSL_CERT_FILE"), env.get("SSL_CERT_DIR")) {
        (None, None) => of_system(),
        (file, folders) => {
            let folders = folders.into_iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute());
            load(file, folders)
        }
    };
    if system.is_empty() {
        tracing::debug!("this system has no certificate authorities: using the built-in ones");
        return built_in();
    }
    system
}

/// The bundle where there is one: it holds what stands in the folder beside it, in one read.
fn of_system() -> Vec<Certificate> {
    let bundle = BUNDLES.iter().map(Path::new).find(|path| path.is_file());
    match bundle {
        Some(bundle) => load(Some(bundle), []),
        None => load(None, FOLDERS.iter().map(PathBuf::from)),
    }
}

fn load(file: Option<&Path>, folders: impl IntoIterator<Item = PathBuf>) -> Vec<Certificate> {
    let mut loaded = Vec::new();
    let mut add = |result: CertificateResult| {
        result.errors.iter().for_each(|error| tracing::debug!(%error, "a certificate is passed over"));
        loaded.extend(result.certs.iter().filter_map(|certificate| Certificate::from_der(certificate).ok()));
    };
    if let Some(file) = file {
        add(rustls_native_certs::load_certs_from_paths(Some(file), None));
    }
    for folder in folders {
        add(rustls_native_certs::load_certs_from_paths(None, Some(&folder)));
    }
    loaded
}

fn built_in() -> Vec<Certificate> {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    roots.iter().filter_map(|certificate| Certificate::from_der(certificate).ok()).collect()
}
