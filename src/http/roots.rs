//! The authorities that TLS trusts: those of `SSL_CERT_FILE` and `SSL_CERT_DIR` where they are set, else of the bundle that
//! Python's requests or curl are told to use, else the system's; and Mozilla's list built in where a system has none at
//! all, as in many a small image.

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

/// The most bytes of a bundle; Mozilla's has a quarter of a megabyte.
const LIMIT: usize = 16 * 1024 * 1024;

/// The most files that are looked at in one folder.
const MOST_FILES: usize = 10_000;

/// Variables that name authorities, in their order; the first two count together.
pub(super) const VARIABLES: [&str; 4] = ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// The authorities to trust, and no others.
pub(super) struct Roots {
    pub(super) store: RootCertStore,
    /// The certificates that the user named; the system's are not among them.
    pub(super) named: Vec<Certificate>,
}

/// The variable that names the authorities. Where there is none, they are the system's.
pub fn authorities(env: &Env) -> Option<&'static str> {
    VARIABLES.into_iter().find(|name| env.get(name).is_some())
}

/// # Errors
/// A variable that names authorities is set, but there is none: to trust others instead would not be what was asked for.
pub(super) fn trusted(env: &Env) -> Result<Roots> {
    let Some(variable) = authorities(env) else { return Ok(Roots { store: of_system(), named: Vec::new() }) };
    let named = match variable {
        "SSL_CERT_FILE" | "SSL_CERT_DIR" => {
            let folders = env.get("SSL_CERT_DIR").into_iter().flat_map(std::env::split_paths);
            let folders = folders.filter(|folder| folder.is_absolute());
            let file = env.path("SSL_CERT_FILE").map(of_file).unwrap_or_default();
            file.into_iter().chain(folders.flat_map(|folder| of_folder(&folder))).collect()
        }
        bundle => env.path(bundle).map(of_bundle).unwrap_or_default(),
    };
    match store(named.clone()) {
        store if !store.is_empty() => Ok(Roots { store, named }),
        _ => Err(Error::new(Reason::Tls, format!("{variable} is set, but no certificate can be read there")).hint(
            format!("let {variable} name a file with certificates in PEM form, or unset it for the system's own"),
        )),
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

/// A file, or a folder, which requests takes too.
fn of_bundle(path: &Path) -> Vec<Certificate> {
    if path.is_dir() { of_folder(path) } else { of_file(path) }
}

fn of_file(path: &Path) -> Vec<Certificate> {
    let Ok(contents) = files::read(path, LIMIT) else { return Vec::new() };
    // A bundle may be made of files that each began with a byte order mark, which hides the line behind it.
    let lines = contents.bytes.split_inclusive(|byte| *byte == b'\n');
    let bytes: Vec<u8> = lines.flat_map(|line| line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)).copied().collect();
    let found = Certificate::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
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
