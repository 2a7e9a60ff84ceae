//! Where a redirect leads: back to the broker, where it names the deployment in any form; to a page of the deployment's own.

use hyper::Uri;
use hyper::header::HeaderValue;
use url::{Position, Url};

use crate::deployment::Deployment;

use super::path::{is_page, masked, single_start};

/// What stands in `Location` for a client that asks the broker, in place of what the deployment said.
///
/// It is read as a browser of the deployment's would read it: a client of the broker, which knows another scheme and
/// another host, would complete `//host/path` and `path` differently.
pub(super) fn location(said: &HeaderValue, asked: &Uri, deployment: &Deployment, here: &str) -> Option<HeaderValue> {
    let said = std::str::from_utf8(said.as_bytes()).ok()?;
    let bare = said.trim_start_matches(['/', '\\']);
    // A browser takes any number of slashes for two.
    let meant = if said.len() - bare.len() > 2 { format!("//{bare}") } else { said.to_owned() };
    let url = Url::parse(&asked.to_string()).ok()?.join(&meant).ok()?;
    if is_of(&url, &Url::parse(deployment.origin()).ok()?) {
        return HeaderValue::from_str(&format!("http://{here}{}", &url[Position::BeforePath..])).ok();
    }
    // One that is whole stays as it is: its signature may cover every byte of it.
    let begins = |start: &str| said.get(..start.len()).is_some_and(|said| said.eq_ignore_ascii_case(start));
    let is_whole = ["http://", "https://"].into_iter().any(begins)
        && !said.splitn(3, '/').nth(2).unwrap_or_default().starts_with(['/', '\\']);
    (!is_whole).then(|| HeaderValue::from_str(url.as_str()).ok()).flatten()
}

/// Whether an address is the deployment's, over either scheme: the broker asks it over the right one.
fn is_of(url: &Url, deployment: &Url) -> bool {
    let has_default_ports = url.port().is_none() && deployment.port().is_none();
    matches!(url.scheme(), "http" | "https")
        && url.host() == deployment.host()
        && (has_default_ports || url.port_or_known_default() == deployment.port_or_known_default())
}

/// The deployment's own page for what was asked here. None where its address holds what looks like a token.
pub(super) fn page(asked: &Uri, deployment: &Deployment) -> Option<HeaderValue> {
    let path = single_start(asked.path_and_query()?.as_str());
    let is_fine = is_page(asked.path()) && masked(path) == path;
    is_fine.then(|| HeaderValue::from_str(&format!("{}{path}", deployment.origin())).ok()).flatten()
}
