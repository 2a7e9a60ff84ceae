//! Where a token belongs, and to whom it may be sent: one https origin, compared exactly.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::token;

/// A Code Ocean deployment: scheme, host and port, nothing else. `https`, or `http` on this machine's loopback.
#[derive(Clone, PartialEq, Eq)]
pub struct Deployment {
    url: Url,
}

/// Why a string names no deployment. Says nothing of what it is: users paste tokens into the wrong variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It has the shape of a token.
    Token,
    /// It holds blanks, control characters, or no valid host name or address.
    NotAHost,
    /// It holds a user name or a password.
    UserInfo,
    /// It is neither https nor http.
    Scheme,
    /// It is http, and not on loopback.
    NotEncrypted,
    /// A path other than `/api/v1`, a query or a fragment.
    Path,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unusable::Token => "looks like an access token, not like a deployment",
            Unusable::NotAHost => "does not hold a valid host name",
            Unusable::UserInfo => "holds a user name or password, which a deployment must not",
            Unusable::Scheme => "is not an https address",
            Unusable::NotEncrypted => "is a plain http address, which would send the token in the clear",
            Unusable::Path => "has a path, a query or a fragment, which a deployment must not",
        })
    }
}

/// How a deployment is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `https://host`, or with a port.
    Url,
    /// `host`, or with a port, for code that puts `https://` before it.
    Host,
}

impl Form {
    /// The form of a value that names some deployment.
    pub fn of(value: &str) -> Form {
        if value.contains("://") { Form::Url } else { Form::Host }
    }

    /// The deployment, in this form.
    pub fn write(self, deployment: &Deployment) -> &str {
        let origin = deployment.origin();
        match (self, origin.strip_prefix("https://")) {
            (Form::Host, Some(host)) => host,
            // Plain http, on loopback, is found only where its scheme is written.
            _ => origin,
        }
    }
}

impl Deployment {
    /// Reads a deployment as people write it: blanks, quotes or a byte order mark around it, a missing `https://`, a `/` or
    /// `/api/v1` at the end are all understood, and the host is brought to lower-case ASCII (IDNA).
    ///
    /// # Errors
    /// [`Unusable`], where a token could not be sent there safely, or where more than the deployment is written.
    pub fn parse(text: &str) -> Result<Deployment, Unusable> {
        match Deployment::parse_address(text)? {
            (deployment, false) => Ok(deployment),
            (_, true) => Err(Unusable::Path),
        }
    }

    /// The same of any page's address at the deployment, as people copy it from a browser; whether a path, a query or a
    /// fragment was dropped.
    ///
    /// # Errors
    /// [`Unusable`], where a token could not be sent there safely.
    pub fn parse_address(text: &str) -> Result<(Deployment, bool), Unusable> {
        let blanks = |c: char| c.is_whitespace() || c == '\u{feff}';
        let text = text.trim_matches(blanks);
        let unquoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
        let text = unquoted('"').or_else(|| unquoted('\'')).unwrap_or(text).trim_matches(blanks);
        if token::is_token_like(text.as_bytes()) {
            return Err(Unusable::Token);
        }
        // The URL parser drops tabs and line ends and turns `\` into `/`; here they are mistakes.
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(Unusable::NotAHost);
        }
        let host = text.find("://").map_or(0, |at| at + "://".len());
        let (origin, page) = text.split_at(text[host..].find(['/', '?', '#']).map_or(text.len(), |at| host + at));
        // In a path or a query it may be anything.
        if origin.contains('@') {
            return Err(Unusable::UserInfo);
        }
        let url = match origin.contains("://") {
            true => Url::parse(origin),
            false => Url::parse(&format!("https://{origin}")),
        };
        let mut url = url.map_err(|_| Unusable::NotAHost)?;
        check(&url)?;
        url.set_path("");
        let has_more = !matches!(page.trim_end_matches('/'), "" | "/api/v1");
        Ok((Deployment { url }, has_more))
    }

    /// The origin, as `https://host` or `https://host:port`: no `/` at the end.
    pub fn origin(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The host alone; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The addresses under which it serves Git: its own, and the same below `git.`, where its host has a name.
    pub fn git_origins(&self) -> Vec<String> {
        let below = self.sibling("git.").map(|authority| format!("https://{authority}"));
        std::iter::once(self.origin().to_owned()).chain(below).collect()
    }

    /// The `host` or `host:port` of its capsules' clone URLs: its own, but for codeocean.com, which has `git.` before it.
    pub fn git_host(&self) -> String {
        let own = || self.origin().split_once("://").map_or_else(String::new, |(_, authority)| authority.to_owned());
        self.sibling("git.").filter(|_| self.host() == "codeocean.com").unwrap_or_else(own)
    }

    /// Its image registry, as `registry.host` or `registry.host:port`; none where its host is an address.
    pub fn registry(&self) -> Option<String> {
        self.sibling("registry.")
    }

    /// Whether it serves Git under what Git calls the host: `host` or `host:port`.
    pub fn serves_git(&self, authority: &str) -> bool {
        self.git_origins().iter().any(|origin| is_at(origin, authority))
    }

    /// Whether it serves images under that `host` or `host:port`.
    pub fn serves_images(&self, authority: &str) -> bool {
        self.registry().is_some_and(|registry| is_at(&format!("https://{registry}"), authority))
    }

    /// Another host of the deployment: the same name and port, behind a prefix. One on loopback has none: its siblings
    /// might be anybody's.
    fn sibling(&self, prefix: &str) -> Option<String> {
        match (self.url.scheme(), self.url.host()?, self.url.port()) {
            ("https", Host::Domain(host), None) => Some(format!("{prefix}{host}")),
            ("https", Host::Domain(host), Some(port)) => Some(format!("{prefix}{host}:{port}")),
            _ => None,
        }
    }

    /// The address of an API endpoint.
    pub fn api(&self, endpoint: &str) -> String {
        format!("{}/api/v1/{endpoint}", self.origin())
    }
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.origin())
    }
}

impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deployment({})", self.origin())
    }
}

/// Whether `host` or `host:port` is exactly an https origin: in lower case after IDNA, 443 being the port where none is
/// written. Nothing but a host and a port is understood: the URL parser would find them in much else.
fn is_at(origin: &str, authority: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let parse = |text: &str| Url::parse(text).ok().filter(|url| url.host().is_some_and(|host| is_host(&host)));
    let asked = || parse(&format!("https://{authority}")).filter(|url| url.path() == "/");
    authority.chars().all(plain)
        && match (Url::parse(origin), asked()) {
            (Ok(origin), Some(asked)) => origin.origin() == asked.origin(),
            _ => false,
        }
}

fn check(url: &Url) -> Result<(), Unusable> {
    if !matches!(url.scheme(), "https" | "http") {
        return Err(Unusable::Scheme);
    }
    let host = url.host().ok_or(Unusable::NotAHost)?;
    if !is_host(&host) {
        return Err(Unusable::NotAHost);
    }
    if url.scheme() == "http" && !is_loopback(&host) {
        return Err(Unusable::NotEncrypted);
    }
    Ok(())
}

/// Whether a host is one that a name server or a certificate can know: the URL parser alone allows `_`, `!` and more.
fn is_host(host: &Host<&str>) -> bool {
    let Host::Domain(name) = host else { return true };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => Ipv4Addr::is_loopback(address),
        Host::Ipv6(address) => Ipv6Addr::is_loopback(address),
    }
}
