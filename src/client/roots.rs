//! Whom TLS trusts: the system's authorities, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR` where they are set, and
//! Mozilla's list built in where a system has none at all, as in many a small image.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files;

type Certificate = CertificateDer<'static>;

/// The most bytes of a bundle; Mozilla's has a quarter of a megabyte.
const LIMIT: usize = 16 * 1024 * 1024;

/// The most files that are looked at in one folder.
const MOST_FILES: usize = 10_000;

/// The authorities to trust, and no others.
///
/// # Errors
/// `SSL_CERT_FILE` or `SSL_CERT_DIR` is set, but there is no authority: to trust others instead would not be what was
/// asked for.
pub(super) fn trusted(env: &Env) -> Result<RootCertStore> {
    let (file, folders) = (env.path("SSL_CERT_FILE"), env.get("SSL_CERT_DIR"));
    if file.is_none() && folders.is_none() {
        return Ok(of_system());
    }
    let folders = folders.into_iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute());
    let mut named = file.map(of_file).unwrap_or_default();
    named.extend(folders.flat_map(|folder| of_folder(&folder)));
    match store(named) {
        trusted if !trusted.is_empty() => Ok(trusted),
        _ => Err(Error::new(Reason::Tls, "SSL_CERT_FILE or SSL_CERT_DIR is set, but no certificate can be read there")
            .hint("let SSL_CERT_FILE name a file with certificates in PEM form, or unset it for the system's own")),
    }
}

fn of_system() -> RootCertStore {
    kept_by_system().filter(|found| !found.is_empty()).unwrap_or_else(|| {
        tracing::info!("this system has no certificate authorities: using the built-in ones");
        built_in()
    })
}

/// The bundle where there is one: it holds what stands in the folder beside it, in one read.
#[cfg(not(any(target_os = "macos", windows)))]
fn kept_by_system() -> Option<RootCertStore> {
    /// Debian and Alpine, Fedora and RHEL, openSUSE, FreeBSD.
    const BUNDLES: [&str; 5] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/usr/local/share/certs/ca-root-nss.crt",
    ];
    /// Where single authorities stand, for systems without a bundle.
    const FOLDERS: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];
    let bundle = BUNDLES.iter().map(|path| store(of_file(Path::new(path)))).find(|found| !found.is_empty());
    bundle.or_else(|| FOLDERS.iter().map(|path| store(of_folder(Path::new(path)))).find(|found| !found.is_empty()))
}

/// Those of the Keychain, or of Windows' own store.
#[cfg(any(target_os = "macos", windows))]
fn kept_by_system() -> Option<RootCertStore> {
    Some(store(rustls_native_certs::load_native_certs().certs))
}

fn of_file(path: &Path) -> Vec<Certificate> {
    let Ok(contents) = files::read(path, LIMIT) else { return Vec::new() };
    let found = Certificate::pem_slice_iter(&contents.bytes).collect::<Result<Vec<_>, _>>();
    found
        .inspect_err(|_| tracing::info!(path = %path.display(), "these certificates are passed over"))
        .unwrap_or_default()
}

/// All authorities in a folder, as `openssl rehash` and others lay them out: each file once, however many links it has.
fn of_folder(folder: &Path) -> Vec<Certificate> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_FILES);
    let files: BTreeSet<PathBuf> = entries.filter_map(|entry| entry.path().canonicalize().ok()).collect();
    files.iter().flat_map(|file| of_file(file)).collect()
}

fn store(certificates: Vec<Certificate>) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates);
    store
}

fn built_in() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}
