//! Delivers to Docker, Podman and Skopeo: the protocol of docker-credential-helpers. Answers and errors go to standard output,
//! where clients read both.

pub mod setup;

use std::io::{BufRead, Read};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::deliver::text;

/// The text by which a client knows that the helper has no login: it goes on without one.
pub const NOT_FOUND: &str = "credentials not found in native keychain";

/// The protocol's text for a request without a registry.
pub const NO_SERVER: &str = "no credentials server URL";
/// The protocol's text for a request without a user.
pub const NO_USER: &str = "no credentials username";

/// The largest request in bytes.
const LIMIT: u64 = 64 * 1024;

/// A login, as clients write and read it.
#[derive(Default, Deserialize, Serialize)]
#[serde(default, rename_all = "PascalCase")]
#[allow(missing_debug_implementations, reason = "it holds a secret")]
pub struct Login {
    /// The address of the registry, as the client writes it.
    #[serde(rename = "ServerURL")]
    pub server: String,
    /// The user.
    pub username: String,
    /// The password.
    pub secret: Zeroizing<String>,
}

/// Reads standard input to its end.
///
/// # Errors
/// It is longer than 64 KiB, is not text, or cannot be read.
pub fn read(input: &mut dyn BufRead) -> Result<Zeroizing<String>, &'static str> {
    let mut text = Zeroizing::new(String::with_capacity(1024));
    let read = input.take(LIMIT + 1).read_to_string(&mut text).map_err(|_| "standard input cannot be read")?;
    if read as u64 > LIMIT { Err("the request is too long") } else { Ok(text) }
}

/// The answer to `get`, on one line.
pub fn answer(server: &str, user: &str, credential: &Credential) -> Zeroizing<String> {
    let secret = text(credential.token());
    let login = Login { server: server.to_owned(), username: user.to_owned(), secret };
    Zeroizing::new(serde_json::to_string(&login).unwrap_or_else(|_| unreachable!("plain strings are JSON")))
}

/// The `host` or `host:port` of a registry's address, which clients write with or without `https://` and a path. None for
/// other text, and for plain http.
pub fn host(server: &str) -> Option<&str> {
    let rest = match server.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
        Some(_) => return None,
        None => server,
    };
    rest.split('/').next().filter(|host| !host.is_empty())
}
