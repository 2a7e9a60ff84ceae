//! Who is let in: whoever shows the pass, and meant to come here.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Version;
use hyper::header::{AUTHORIZATION, HOST, HeaderName};
use hyper::http::request::Parts;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::token::Token;

use super::refusal::Refusal;

/// A pass: the shape of an access token, since there are programs that look for it, and 128 random bits.
///
/// # Errors
/// The system has no randomness.
pub(super) fn draw() -> io::Result<Token> {
    let mut bytes = Zeroizing::new([0_u8; 16]);
    getrandom::fill(&mut *bytes)?;
    let digits = bytes.iter().fold(String::from("cop_run"), |text, byte| text + &format!("{byte:02x}"));
    let digits = Zeroizing::new(digits);
    Token::parse(digits.as_bytes()).map(|parsed| parsed.token).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Whether a token has the shape of a pass: some broker's, which may be gone.
pub fn is_pass(token: &Token) -> bool {
    let digits = token.expose().strip_prefix("cop_run");
    digits.is_some_and(|digits| digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Compares what is shown with the pass.
pub(super) struct Guard {
    /// The pass as HTTP Basic has it, in base64, with an empty password.
    basic: Zeroizing<String>,
    bearer: Zeroizing<String>,
    /// What a client calls this place; any other name was made to lead here (DNS rebinding).
    names: [String; 2],
}

impl Guard {
    pub(super) fn new(pass: &Token, address: &Deployment) -> Guard {
        let bearer = Zeroizing::new(pass.expose().to_owned());
        let basic = Zeroizing::new(STANDARD.encode(Zeroizing::new(format!("{}:", *bearer))));
        let name = address.origin().trim_start_matches("http://").to_owned();
        let port = name.rsplit(':').next().unwrap_or_default();
        Guard { basic, bearer, names: [name.clone(), format!("localhost:{port}")] }
    }

    /// Whether the request was made for this place.
    ///
    /// # Errors
    /// It was made for another host.
    pub(super) fn is_meant(&self, parts: &Parts) -> Result<(), Refusal> {
        let is_ours = |name: &str| self.names.iter().any(|ours| ours.eq_ignore_ascii_case(name));
        let is_named = match parts.headers.contains_key(HOST) {
            true => only(parts, HOST).is_some_and(is_ours),
            // RFC 9112, section 3.2: only later versions must name it. No browser speaks this one.
            false => parts.version == Version::HTTP_10,
        };
        // An address in place of a path is for proxies.
        match is_named && parts.uri.authority().is_none_or(|authority| is_ours(authority.as_str())) {
            true => Ok(()),
            false => Err(Refusal::stranger("this is not the host that the request was made for")),
        }
    }

    /// Whether the request shows the pass.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn shows_pass(&self, parts: &Parts) -> Result<(), Refusal> {
        match only(parts, AUTHORIZATION).is_some_and(|shown| self.is_pass(shown)) {
            true => Ok(()),
            false => Err(Refusal::stranger(
                "no valid access token provided: use CODEOCEAN_DOMAIN and CODEOCEAN_TOKEN as co-cred set them",
            )),
        }
    }

    fn is_pass(&self, shown: &str) -> bool {
        let Some((scheme, shown)) = shown.split_once(' ') else { return false };
        let pass = match scheme {
            scheme if scheme.eq_ignore_ascii_case("basic") => &self.basic,
            scheme if scheme.eq_ignore_ascii_case("bearer") => &self.bearer,
            _ => return false,
        };
        pass.as_bytes().ct_eq(shown.trim().as_bytes()).into()
    }
}

/// The value of a header that is there once.
fn only(parts: &Parts, name: HeaderName) -> Option<&str> {
    let mut all = parts.headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}
