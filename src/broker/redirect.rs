//! Redirects: those within the deployment lead back to the broker, and a page of the deployment is at the deployment.

use hyper::Uri;
use hyper::header::HeaderValue;
use url::{Position, Url};

use crate::deployment::Deployment;

use super::path::{collapse_leading_slashes, is_page, masked};

/// The `Location` for the client, in place of the deployment's; none where that one stays as it is. `requested` is the URL
/// at the deployment, `broker` the host and port that the client uses.
///
/// It is resolved as a browser at the deployment would: a client of the broker, with another scheme and another host, would
/// complete `//host/path` and `path` differently.
pub(super) fn location(
    location: &HeaderValue,
    requested: &Uri,
    deployment: &Deployment,
    broker: &str,
) -> Option<HeaderValue> {
    let location = std::str::from_utf8(location.as_bytes()).ok()?;
    let relative = location.trim_start_matches(['/', '\\']);
    // A browser takes any number of slashes for two.
    let reference = if location.len() - relative.len() > 2 { format!("//{relative}") } else { location.to_owned() };
    let url = Url::parse(&requested.to_string()).ok()?.join(&reference).ok()?;
    if is_at(&url, &Url::parse(deployment.origin()).ok()?) {
        return HeaderValue::from_str(&format!("http://{broker}{}", &url[Position::BeforePath..])).ok();
    }
    // An absolute URL stays byte for byte: it may be signed.
    let begins = |start: &str| location.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
    let is_absolute = ["http://", "https://"].into_iter().any(begins)
        && !location.splitn(3, '/').nth(2).unwrap_or_default().starts_with(['/', '\\']);
    (!is_absolute).then(|| HeaderValue::from_str(url.as_str()).ok()).flatten()
}

/// Whether a URL is at the deployment, with http or https: the broker sends the request with the right one.
fn is_at(url: &Url, deployment: &Url) -> bool {
    let has_default_ports = url.port().is_none() && deployment.port().is_none();
    matches!(url.scheme(), "http" | "https")
        && url.host() == deployment.host()
        && (has_default_ports || url.port_or_known_default() == deployment.port_or_known_default())
}

/// The URL of the deployment's page at a path that was requested here; none where it is not a page, or its URL holds what
/// looks like a token.
pub(super) fn page(requested: &Uri, deployment: &Deployment) -> Option<HeaderValue> {
    let path = collapse_leading_slashes(requested.path_and_query()?.as_str());
    let is_safe = is_page(requested.path()) && masked(path) == path;
    is_safe.then(|| HeaderValue::from_str(&format!("{}{path}", deployment.origin())).ok()).flatten()
}
