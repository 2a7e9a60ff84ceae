//! A deployment: the https origin that a token belongs to, and the only one that it may be sent to. Compared exactly.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::token;

/// A Code Ocean deployment: scheme, host and port. `https`, or `http` on the loopback interface.
#[derive(Clone, PartialEq, Eq)]
pub struct Deployment {
    url: Url,
}

/// Why a string is not a deployment. Never quotes the string: users paste tokens into the wrong variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidDeployment {
    /// It looks like a token.
    Token,
    /// It has whitespace or control characters, or no valid host name or address.
    NotAHost,
    /// It has a user name or a password.
    UserInfo,
    /// It is neither https nor http.
    Scheme,
    /// It is http, and its host is not loopback.
    NotEncrypted,
    /// It has a path other than `/api/v1`, a query or a fragment.
    Path,
}

impl fmt::Display for InvalidDeployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InvalidDeployment::Token => "looks like an access token, not like a deployment",
            InvalidDeployment::NotAHost => "has no valid host name",
            InvalidDeployment::UserInfo => "has a user name or password, which a deployment must not have",
            InvalidDeployment::Scheme => "is not an https address",
            InvalidDeployment::NotEncrypted => "is an http address, which would send the token unencrypted",
            InvalidDeployment::Path => "has a path, a query or a fragment, which a deployment must not have",
        })
    }
}

/// The form in which a variable holds a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `https://host` or `https://host:port`.
    Url,
    /// `host` or `host:port`, for programs that prepend `https://`.
    Host,
}

impl Form {
    /// The form of a value that names a deployment.
    pub fn of(value: &str) -> Form {
        if value.contains("://") { Form::Url } else { Form::Host }
    }

    /// Writes a deployment in this form.
    pub fn write(self, deployment: &Deployment) -> &str {
        let origin = deployment.origin();
        match (self, origin.strip_prefix("https://")) {
            (Form::Host, Some(host)) => host,
            // An http deployment on loopback always needs its scheme.
            _ => origin,
        }
    }
}

impl Deployment {
    /// Parses a deployment as people write it. Surrounding whitespace, quotes and byte order marks, a missing `https://`, and
    /// a trailing `/` or `/api/v1` are accepted; the host is converted to lower-case ASCII (IDNA).
    ///
    /// # Errors
    /// [`InvalidDeployment`] if a token could not be sent there safely, or if there is more than a deployment.
    pub fn parse(text: &str) -> Result<Deployment, InvalidDeployment> {
        match Deployment::parse_address(text)? {
            (deployment, false) => Ok(deployment),
            (_, true) => Err(InvalidDeployment::Path),
        }
    }

    /// Parses the address of any page of a deployment, as copied from a browser. Returns whether a path, query or fragment
    /// was dropped.
    ///
    /// # Errors
    /// [`InvalidDeployment`] if a token could not be sent there safely.
    pub fn parse_address(text: &str) -> Result<(Deployment, bool), InvalidDeployment> {
        let blanks = |c: char| c.is_whitespace() || c == '\u{feff}';
        let text = text.trim_matches(blanks);
        let unquoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
        let text = unquoted('"').or_else(|| unquoted('\'')).unwrap_or(text).trim_matches(blanks);
        if token::is_token_like(text.as_bytes()) {
            return Err(InvalidDeployment::Token);
        }
        // The URL parser drops tabs and line ends and turns `\` into `/`: reject them here.
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(InvalidDeployment::NotAHost);
        }
        let host = text.find("://").map_or(0, |at| at + "://".len());
        let (origin, page) = text.split_at(text[host..].find(['/', '?', '#']).map_or(text.len(), |at| host + at));
        // Behind the origin, in a path or a query, an `@` is harmless.
        if origin.contains('@') {
            return Err(InvalidDeployment::UserInfo);
        }
        let url = match origin.contains("://") {
            true => Url::parse(origin),
            false => Url::parse(&format!("https://{origin}")),
        };
        let mut url = url.map_err(|_| InvalidDeployment::NotAHost)?;
        check(&url)?;
        url.set_path("");
        let has_more = !matches!(page.trim_end_matches('/'), "" | "/api/v1");
        Ok((Deployment { url }, has_more))
    }

    /// The origin, as `https://host` or `https://host:port`, without a trailing `/`.
    pub fn origin(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The host; an IPv6 address is in brackets.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The origins under which it serves Git: its own and, unless its host is an address, the one with `git.` before the host.
    pub fn git_origins(&self) -> Vec<String> {
        let below = self.sibling("git.").map(|authority| format!("https://{authority}"));
        std::iter::once(self.origin().to_owned()).chain(below).collect()
    }

    /// The `host` or `host:port` of its capsules' clone URLs: its own, except for codeocean.com, which uses `git.`.
    pub fn git_host(&self) -> String {
        let own = || self.origin().split_once("://").map_or_else(String::new, |(_, authority)| authority.to_owned());
        self.sibling("git.").filter(|_| self.host() == "codeocean.com").unwrap_or_else(own)
    }

    /// Its image registry, as `registry.host` or `registry.host:port`; none if its host is an address.
    pub fn registry(&self) -> Option<String> {
        self.sibling("registry.")
    }

    /// Whether it serves Git at `host` or `host:port`, which Git calls the host.
    pub fn serves_git(&self, authority: &str) -> bool {
        self.git_origins().iter().any(|origin| is_at(origin, authority))
    }

    /// Whether its image registry is at `host` or `host:port`.
    pub fn serves_images(&self, authority: &str) -> bool {
        self.registry().is_some_and(|registry| is_at(&format!("https://{registry}"), authority))
    }

    /// Another host of the deployment: a prefix before the same name and port. None for http on loopback, where another
    /// user's server could answer.
    fn sibling(&self, prefix: &str) -> Option<String> {
        match (self.url.scheme(), self.url.host()?, self.url.port()) {
            ("https", Host::Domain(host), None) => Some(format!("{prefix}{host}")),
            ("https", Host::Domain(host), Some(port)) => Some(format!("{prefix}{host}:{port}")),
            _ => None,
        }
    }

    /// The URL of an API endpoint.
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

/// Whether `host` or `host:port` is exactly the given https origin: compared in lower case after IDNA, with 443 as default
/// port. Only characters of a host and a port are accepted, since the URL parser finds a host in many other strings.
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

fn check(url: &Url) -> Result<(), InvalidDeployment> {
    if !matches!(url.scheme(), "https" | "http") {
        return Err(InvalidDeployment::Scheme);
    }
    let host = url.host().ok_or(InvalidDeployment::NotAHost)?;
    if !is_host(&host) {
        return Err(InvalidDeployment::NotAHost);
    }
    if url.scheme() == "http" && !is_loopback(&host) {
        return Err(InvalidDeployment::NotEncrypted);
    }
    Ok(())
}

/// Whether a host is an address, or a name that DNS and certificates allow: the URL parser also accepts `_`, `!` and more.
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
