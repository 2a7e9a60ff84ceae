//! The values of an `Authorization` header, which no other module writes: Basic (RFC 7617) and Bearer (RFC 6750).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use zeroize::Zeroizing;

use crate::token::Token;

/// The header value for Code Ocean's API: Basic, with the token as user name and an empty password. It is marked as
/// sensitive, so that debug output does not show it.
pub fn basic(token: &Token) -> HeaderValue {
    let credentials = basic_credentials(token.expose(), "");
    let value = Zeroizing::new(["Basic ", &*credentials].concat());
    let mut value = HeaderValue::from_str(&value).unwrap_or_else(|_| unreachable!("base64 is ASCII"));
    value.set_sensitive(true);
    value
}

/// The header value for programs that take the token as a bearer token. Wiped when dropped.
pub fn bearer(token: &Token) -> Zeroizing<String> {
    Zeroizing::new(["Bearer ", token.expose()].concat())
}

/// `USER:PASSWORD` in base64, as it follows the word `Basic`. Wiped when dropped.
pub fn basic_credentials(user: &str, password: &str) -> Zeroizing<String> {
    let pair = Zeroizing::new([user, ":", password].concat());
    Zeroizing::new(STANDARD.encode(pair.as_bytes()))
}
