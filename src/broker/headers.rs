//! The headers that are forwarded: none that is for the next hop alone, that would make a request mean something else than
//! the policy has seen, or that carries another credential.

use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, HeaderMap, HeaderName, PROXY_AUTHENTICATE,
    SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

/// Headers for the next hop alone (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 7] =
    [CONNECTION, HeaderName::from_static("keep-alive"), PROXY_AUTHENTICATE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// Headers of a request that the broker sets itself, and cookies: a session of the deployment would be a credential beside
/// the token.
const NOT_FORWARDED: [HeaderName; 5] = [AUTHORIZATION, CONTENT_LENGTH, COOKIE, EXPECT, HOST];

/// How headers begin that override the method or the path (`x-http-method-override`, `x-original-url`), or that speak of a
/// proxy.
const OVERRIDES: [&str; 9] = [
    "forwarded",
    "http2-settings",
    "proxy-",
    "x-forwarded",
    "x-http-",
    "x-method",
    "x-original-",
    "x-real-ip",
    "x-rewrite-",
];

/// The headers of a request that are forwarded, with capacity for two more.
pub(super) fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let listed = connection_options(headers);
    let mut forwarded = HeaderMap::with_capacity(headers.len() + 2);
    for (name, value) in headers {
        // An empty body is announced: without it, a server may wait for one.
        let is_empty_body = name == CONTENT_LENGTH && value == "0";
        let is_dropped =
            || [&HOP_BY_HOP[..], &NOT_FORWARDED, &listed].into_iter().any(|dropped| dropped.contains(name));
        if is_empty_body || !(is_override(name.as_str()) || is_dropped()) {
            forwarded.append(name, value.clone());
        }
    }
    forwarded
}

/// Removes the headers of a response that are not for the client.
pub(super) fn strip_response(headers: &mut HeaderMap) {
    let listed = connection_options(headers);
    if headers.contains_key(TRANSFER_ENCODING) {
        // With chunks, a length is wrong (RFC 9112, section 6.3).
        headers.remove(CONTENT_LENGTH);
    }
    listed.iter().chain(&HOP_BY_HOP).chain([&SET_COOKIE]).for_each(|name| drop(headers.remove(name)));
}

/// Whether a server could take a header for another one (CGI does not distinguish `_` from `-`), for another request, or for
/// the word of a proxy before it.
fn is_override(name: &str) -> bool {
    name.contains('_') || OVERRIDES.iter().any(|start| name.starts_with(start))
}

/// The headers that `Connection` lists, which are for one hop.
fn connection_options(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect()
}
