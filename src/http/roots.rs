//! The certificate authorities that TLS trusts: those of `SSL_CERT_FILE` and `SSL_CERT_DIR` if set, else of the bundle
//! that Python's requests or curl is configured with, else the system's. A system without any, such as a small container
//! image, gets Mozilla's list, which is built in.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files::{self, BYTE_ORDER_MARK};

type Certificate = CertificateDer<'static>;

/// The most bytes of a bundle; Mozilla's has 250 KB.
const LIMIT: usize = 16 * 1024 * 1024;

/// The most files that are read in one folder.
const MOST_FILES: usize = 10_000;

/// The variables that name authorities, in order of precedence; the first two are used together.
pub(super) const VARIABLES: [&str; 4] = ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// The authorities to trust.
pub(super) struct Roots {
    pub(super) store: RootCertStore,
    /// The certificates that the user named in a variable, without the system's.
    pub(super) named: Vec<Certificate>,
}

/// The variable that names the authorities; `None` means the system's.
pub fn authorities(env: &Env) -> Option<&'static str> {
    VARIABLES.into_iter().find(|name| env.get(name).is_some())
}

/// The authorities that a variable names, or the system's.
///
/// # Errors
/// A variable is set, but no certificate can be read from it: trusting others instead is not what the user asked for.
pub(super) fn trusted(env: &Env) -> Result<Roots> {
    let Some(variable) = authorities(env) else { return Ok(Roots { store: system_roots(), named: Vec::new() }) };
    let named = match variable {
        "SSL_CERT_FILE" | "SSL_CERT_DIR" => {
            let folders = env.get("SSL_CERT_DIR").into_iter().flat_map(std::env::split_paths);
            let folders = folders.filter(|folder| folder.is_absolute());
            let file = env.path("SSL_CERT_FILE").map(read_file).unwrap_or_default();
            file.into_iter().chain(folders.flat_map(|folder| read_folder(&folder))).collect()
        }
        bundle => env.path(bundle).map(read_bundle).unwrap_or_default(),
    };
    match store(named.clone()) {
        store if !store.is_empty() => Ok(Roots { store, named }),
        _ => Err(Error::new(Reason::Tls, format!("{variable} is set, but no certificate can be read from it")).hint(
            format!("set {variable} to a file with certificates in PEM format, or unset it to use the system's"),
        )),
    }
}

fn system_roots() -> RootCertStore {
    system_store().filter(|found| !found.is_empty()).unwrap_or_else(|| {
        tracing::info!("this system has no certificate authorities: using the built-in ones");
        built_in()
    })
}

/// The system's bundle, if it has one: one read instead of one for each file in the folder beside it.
#[cfg(not(any(target_os = "macos", windows)))]
fn system_store() -> Option<RootCertStore> {
    /// Debian and Alpine, Fedora and RHEL, openSUSE, FreeBSD.
    const BUNDLES: [&str; 5] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/usr/local/share/certs/ca-root-nss.crt",
    ];
    /// Folders with one file for each authority, for systems without a bundle.
    const FOLDERS: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];
    let bundle = BUNDLES.iter().map(|path| store(read_file(Path::new(path)))).find(|found| !found.is_empty());
    bundle.or_else(|| FOLDERS.iter().map(|path| store(read_folder(Path::new(path)))).find(|found| !found.is_empty()))
}

/// The authorities of the Keychain, or of the Windows certificate store.
#[cfg(any(target_os = "macos", windows))]
fn system_store() -> Option<RootCertStore> {
    Some(store(rustls_native_certs::load_native_certs().certs))
}

/// A file or a folder: requests accepts both.
fn read_bundle(path: &Path) -> Vec<Certificate> {
    if path.is_dir() { read_folder(path) } else { read_file(path) }
}

fn read_file(path: &Path) -> Vec<Certificate> {
    let Ok(contents) = files::read(path, LIMIT) else { return Vec::new() };
    // A bundle may be concatenated from files that each begin with a byte order mark, which would hide a BEGIN line.
    let lines = contents.bytes.split_inclusive(|byte| *byte == b'\n');
    let bytes: Vec<u8> = lines.flat_map(|line| line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)).copied().collect();
    let found = Certificate::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    found.inspect_err(|_| tracing::info!(path = %path.display(), "cannot read these certificates")).unwrap_or_default()
}

/// All authorities in a folder laid out by `openssl rehash`: each file once, although several links may point to it.
fn read_folder(folder: &Path) -> Vec<Certificate> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_FILES);
    let files: BTreeSet<PathBuf> = entries.filter_map(|entry| entry.path().canonicalize().ok()).collect();
    files.iter().flat_map(|file| read_file(file)).collect()
}

fn store(certificates: Vec<Certificate>) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates);
    store
}

fn built_in() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}
