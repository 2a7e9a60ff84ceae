//! The pass: the stand-in for the token that a client of the broker shows, and the check of each request for it.

use std::fmt;
use std::io;

use hyper::Version;
use hyper::header::{AUTHORIZATION, HOST, HeaderName};
use hyper::http::request::Parts;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::http::basic_credentials;
use crate::token::Token;

/// How a pass begins. The rest is 32 hexadecimal digits.
const PREFIX: &str = "cop_run";

/// Draws a pass: 128 random bits in the shape of an access token, since some programs check that shape.
///
/// # Errors
/// The system has no randomness.
pub(super) fn draw() -> io::Result<Token> {
    let mut bytes = Zeroizing::new([0_u8; 16]);
    getrandom::fill(&mut *bytes)?;
    let pass = bytes.iter().fold(String::from(PREFIX), |text, byte| text + &format!("{byte:02x}"));
    let pass = Zeroizing::new(pass);
    Token::parse(pass.as_bytes()).map(|parsed| parsed.token).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Whether a token has the shape of a pass, of this broker or of another one, which may have ended.
pub fn is_pass(token: &Token) -> bool {
    let digits = token.expose().strip_prefix(PREFIX);
    digits.is_some_and(|digits| digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Why a request is not from a program that has the pass.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unauthorized {
    /// It names another host: a name in the DNS was made to resolve to loopback (DNS rebinding).
    OtherHost,
    /// It shows no pass, or another one.
    NoPass,
}

impl fmt::Display for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unauthorized::OtherHost => "the request names another host than this broker",
            Unauthorized::NoPass => {
                "no valid access token provided: use CODEOCEAN_DOMAIN and CODEOCEAN_TOKEN as co-cred set them"
            }
        })
    }
}

/// Checks that requests are for this broker and show its pass.
pub(super) struct PassCheck {
    /// The pass as HTTP Basic has it: in base64, with an empty password.
    basic: Zeroizing<String>,
    bearer: Zeroizing<String>,
    /// The broker's address, as clients may name it in `Host`.
    hosts: [String; 2],
}

impl PassCheck {
    pub(super) fn new(pass: &Token, address: &Deployment) -> PassCheck {
        let bearer = Zeroizing::new(pass.expose().to_owned());
        let basic = basic_credentials(&bearer, "");
        let host = address.origin().trim_start_matches("http://").to_owned();
        let port = host.rsplit(':').next().unwrap_or_default();
        PassCheck { basic, bearer, hosts: [host.clone(), format!("localhost:{port}")] }
    }

    /// Checks that the request names this broker.
    ///
    /// # Errors
    /// It names another host, or several.
    pub(super) fn check_host(&self, parts: &Parts) -> Result<(), Unauthorized> {
        let is_ours = |host: &str| self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host));
        let is_host_ours = match parts.headers.contains_key(HOST) {
            true => single(parts, HOST).is_some_and(is_ours),
            // Host is required from HTTP/1.1 on (RFC 9112, section 3.2). No browser speaks HTTP/1.0.
            false => parts.version == Version::HTTP_10,
        };
        // The request target has an authority where a client takes the broker for a proxy.
        match is_host_ours && parts.uri.authority().is_none_or(|authority| is_ours(authority.as_str())) {
            true => Ok(()),
            false => Err(Unauthorized::OtherHost),
        }
    }

    /// Checks that the request shows the pass, with HTTP Basic or as a bearer token, in constant time.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn check_pass(&self, parts: &Parts) -> Result<(), Unauthorized> {
        match single(parts, AUTHORIZATION).is_some_and(|value| self.has_pass(value)) {
            true => Ok(()),
            false => Err(Unauthorized::NoPass),
        }
    }

    fn has_pass(&self, authorization: &str) -> bool {
        let Some((scheme, credentials)) = authorization.split_once(' ') else { return false };
        let pass = match scheme {
            scheme if scheme.eq_ignore_ascii_case("basic") => &self.basic,
            scheme if scheme.eq_ignore_ascii_case("bearer") => &self.bearer,
            _ => return false,
        };
        pass.as_bytes().ct_eq(credentials.trim().as_bytes()).into()
    }
}

/// The value of a header that a request has exactly once.
fn single(parts: &Parts, name: HeaderName) -> Option<&str> {
    let mut values = parts.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}
