//! The path of a request to the API, in the one form that rules see and the deployment is sent.
//!
//! It is decoded once, and encoded anew for the deployment, so that no server can read it as another path than the rules
//! did. What is still ambiguous then (an encoded slash, `..`, a double slash) is refused before any rule is consulted.

use std::borrow::Cow;
use std::fmt;

use hyper::Uri;
use hyper::http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::token::mask;

/// The start of every path of the API. No other path of the deployment is forwarded.
pub(super) const API: &str = "/api/v1/";

/// What is encoded in a path that is forwarded: all but the unreserved characters (RFC 3986, section 2.3) and the slash.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Why a path is not forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathError {
    /// It is not below [`API`].
    OutsideApi,
    /// Two servers may read it as two paths.
    Ambiguous,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PathError::OutsideApi => "only paths below /api/v1/ are forwarded",
            PathError::Ambiguous => {
                "the path is refused, since servers may read it differently: it has .., //, ; or an encoded separator"
            }
        })
    }
}

/// The path of a request to the API.
#[derive(Debug)]
pub(super) struct ApiPath<'a> {
    /// Without a slash at its end.
    decoded: Cow<'a, str>,
    /// A slash at its end stays: the SDK sends some paths with one, and a deployment may know no other form.
    encoded: Cow<'a, str>,
}

impl<'a> ApiPath<'a> {
    /// Parses the path of a request.
    ///
    /// # Errors
    /// It is outside the API, or ambiguous.
    pub(super) fn parse(path: &'a str) -> Result<ApiPath<'a>, PathError> {
        let path = collapse_leading_slashes(path);
        if !is_ascii_and_well_encoded(path) {
            return Err(PathError::Ambiguous);
        }
        let decoded = percent_decode_str(path).decode_utf8().map_err(|_| PathError::Ambiguous)?;
        let endpoint = decoded.strip_prefix(API).ok_or(PathError::OutsideApi)?;
        if !is_unambiguous(endpoint) || decoded.matches('/').count() != path.matches('/').count() {
            return Err(PathError::Ambiguous);
        }
        let encoded = match utf8_percent_encode(&decoded, ENCODED).into() {
            // Nothing had to be decoded, and nothing needs encoding: no copy.
            Cow::Borrowed(same) if same == path => Cow::Borrowed(path),
            other => Cow::Owned(other.into_owned()),
        };
        Ok(ApiPath { decoded: without_final_slash(decoded), encoded })
    }

    /// The path that rules see: decoded, without a slash at its end.
    pub(super) fn decoded(&self) -> &str {
        &self.decoded
    }

    /// The path that the deployment is sent: encoded anew.
    pub(super) fn encoded(&self) -> &str {
        &self.encoded
    }

    /// The encoded path with the query of the request, which no rule is about.
    pub(super) fn with_query(&self, uri: &Uri) -> Option<PathAndQuery> {
        match uri.query() {
            _ if uri.path() == self.encoded => uri.path_and_query().cloned(),
            None => self.encoded.parse().ok(),
            Some(query) => format!("{}?{query}", self.encoded).parse().ok(),
        }
    }
}

/// The path with one slash at its start: a client doubles it where its base URL ends in a slash.
pub(super) fn collapse_leading_slashes(path: &str) -> &str {
    let slashes = path.len() - path.trim_start_matches('/').len();
    &path[slashes.saturating_sub(1)..]
}

/// Whether a decoded endpoint can be read in one way only.
pub(super) fn is_unambiguous(endpoint: &str) -> bool {
    let mut segments = endpoint.strip_suffix('/').unwrap_or(endpoint).split('/');
    segments.all(|segment| !matches!(segment, "" | "." | ".."))
        && !endpoint.contains(|c: char| c.is_control() || matches!(c, ';' | '\\' | '%'))
}

/// Whether a path is that of a page of the deployment for a browser, and not of an API.
pub(super) fn is_page(path: &str) -> bool {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let path = collapse_leading_slashes(&decoded);
    path.starts_with('/') && path != "/api" && !path.starts_with("/api/")
}

/// A path for messages and the audit: as it was sent, or where that hides a token by its encoding, decoded and masked.
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
