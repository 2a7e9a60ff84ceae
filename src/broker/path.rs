//! The path of a request, in the one form in which rules see it and in which it is sent on.
//!
//! It is decoded once, and encoded anew for the deployment, so that no server can read it as another path than the rules
//! did. What stays ambiguous even so (an encoded slash, `..`, a double slash) is refused before any rule is looked at.

use std::borrow::Cow;

use hyper::Uri;
use hyper::http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::token::mask;

/// Where the API is; nothing else of the deployment is reached.
pub(super) const API: &str = "/api/v1/";

/// What is encoded in a path that is sent on: all but what RFC 3986, section 2.3, leaves as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The path of a request to the API.
#[derive(Debug)]
pub(super) struct ApiPath<'a> {
    /// Decoded, without a slash at its end.
    judged: Cow<'a, str>,
    /// Encoded anew. A slash at its end stays: the SDK sends some paths with one, and a deployment may know no other form.
    sent: Cow<'a, str>,
}

impl<'a> ApiPath<'a> {
    /// # Errors
    /// It is outside the API, or could be read in several ways; which of them.
    pub(super) fn read(path: &'a str) -> Result<ApiPath<'a>, &'static str> {
        let path = single_start(path);
        if !is_ascii_and_well_encoded(path) {
            return Err(AMBIGUOUS);
        }
        let decoded = percent_decode_str(path).decode_utf8().map_err(|_| AMBIGUOUS)?;
        let endpoint = decoded.strip_prefix(API).ok_or("only /api/v1/ is reached through it")?;
        if !is_plain(endpoint) || decoded.matches('/').count() != path.matches('/').count() {
            return Err(AMBIGUOUS);
        }
        let sent = match utf8_percent_encode(&decoded, ENCODED).into() {
            // Nothing had to be decoded, and nothing is to be encoded.
            Cow::Borrowed(same) if same == path => Cow::Borrowed(path),
            other => Cow::Owned(other.into_owned()),
        };
        Ok(ApiPath { judged: without_final_slash(decoded), sent })
    }

    /// What rules see.
    pub(super) fn judged(&self) -> &str {
        &self.judged
    }

    /// What the deployment sees.
    pub(super) fn sent(&self) -> &str {
        &self.sent
    }

    /// The same with the query of the request, which no rule is about.
    pub(super) fn with_query(&self, uri: &Uri) -> Option<PathAndQuery> {
        match uri.query() {
            _ if uri.path() == self.sent => uri.path_and_query().cloned(),
            None => self.sent.parse().ok(),
            Some(query) => format!("{}?{query}", self.sent).parse().ok(),
        }
    }
}

const AMBIGUOUS: &str =
    "the path is refused, since servers may read it differently: it has .., //, ; or an encoded separator";

/// The path with one slash at its start: a base address that ends in a slash makes it two.
pub(super) fn single_start(path: &str) -> &str {
    let slashes = path.len() - path.trim_start_matches('/').len();
    &path[slashes.saturating_sub(1)..]
}

/// Whether an endpoint, decoded, can be read in one way only.
pub(super) fn is_plain(endpoint: &str) -> bool {
    let mut segments = endpoint.strip_suffix('/').unwrap_or(endpoint).split('/');
    segments.all(|segment| !matches!(segment, "" | "." | ".."))
        && !endpoint.contains(|c: char| c.is_control() || matches!(c, ';' | '\\' | '%'))
}

/// The path of a page of the deployment, which a browser shows: a program has no business there.
pub(super) fn is_page(path: &str) -> bool {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let path = single_start(&decoded);
    path.starts_with('/') && path != "/api" && !path.starts_with("/api/")
}

/// A path as people may see it: in its own encoding, or where that hides a token, decoded and without the token.
pub(super) fn masked(path: &str) -> Cow<'_, str> {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    match mask(&decoded) {
        masked if masked == decoded => Cow::Borrowed(path),
        masked => Cow::Owned(masked.chars().map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()),
    }
}

fn is_ascii_and_well_encoded(path: &str) -> bool {
    let is_encoded =
        |rest: &str| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    path.is_ascii() && path.split('%').skip(1).all(is_encoded)
}

fn without_final_slash(path: Cow<'_, str>) -> Cow<'_, str> {
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(path.strip_suffix('/').unwrap_or(path)),
        Cow::Owned(mut path) => {
            path.truncate(path.strip_suffix('/').map_or(path.len(), str::len));
            Cow::Owned(path)
        }
    }
}
