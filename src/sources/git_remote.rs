//! The Git remote of the capsule, which names the deployment where nothing else does.
//!
//! Only the capsule's folder is read, never the working directory. No git runs: the file is parsed, and includes are not followed.

use std::path::{Path, PathBuf};

use gix_config::File;
use gix_config::file::Metadata;
use gix_config::file::init::Options;
use url::Url;

use crate::env::Env;
use crate::files::{self, Contents};

use super::slots::capsule;

/// The most bytes that `.git/config` may have.
const LIMIT: usize = 64 * 1024;

/// codeocean.com serves Git on a host of its own; a private deployment on its only one.
const SHARED: (&str, &str) = ("git.codeocean.com", "codeocean.com");

/// The origin that the capsule's remote points to, and the file that says so. A remote of another
/// form than `http(s)://HOST[:PORT]/capsule-SLUG[.git]` is ignored.
pub(super) fn of_capsule(env: &Env) -> Option<(String, String)> {
    let path: PathBuf = capsule(env)?.join(".git/config");
    let url = parse(&files::read(&path, LIMIT).ok()?)?.string("remote.origin.url")?.to_string();
    Some((origin(&url)?, path.display().to_string()))
}

/// The configuration of a repository, where it is this user's or root's: another user's is not followed, as with Git.
pub(super) fn config(path: &Path) -> Option<File> {
    let contents = files::read(path, LIMIT).ok()?;
    if contents.owned { parse(&contents) } else { None }
}

fn parse(contents: &Contents) -> Option<File> {
    File::from_bytes_no_includes(&contents.bytes, Metadata::default(), Options::default()).ok()
}

fn origin(remote: &str) -> Option<String> {
    let url = Url::parse(remote).ok()?;
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !bare || !matches!(url.scheme(), "http" | "https") || !is_capsule(url.path()) {
        return None;
    }
    let origin = url.origin().ascii_serialization();
    match url.host_str()? {
        host if host == SHARED.0 => Some(origin.replacen(SHARED.0, SHARED.1, 1)),
        _ => Some(origin),
    }
}

fn is_capsule(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let path = path.strip_suffix(".git").unwrap_or(path);
    path.strip_prefix("/capsule-")
        .is_some_and(|slug| !slug.is_empty() && slug.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}
