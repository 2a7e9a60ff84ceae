//! What is kept of a login: the token, whose it is, when it was added, and when it ends where the user said so.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::email::Email;
use crate::token::{self, Token};

use super::Login;
use super::store::Secret;

/// The most bytes that an entry may have: a token, and some words.
pub(super) const LIMIT: usize = 2 * token::LIMIT;

/// One login, as it is kept.
#[derive(Debug)]
pub struct Entry {
    /// The token.
    pub token: Token,
    /// The account's e-mail.
    pub email: Email,
    /// When it was stored.
    pub added: Timestamp,
    /// The last day on which the token is good, where the user gave one; Code Ocean does not tell.
    pub expires: Option<Date>,
}

/// The JSON of an entry. It says itself what it is for: a store may hand out another's.
#[derive(Serialize)]
struct Encoded<'a> {
    deployment: &'a str,
    token: &'a str,
    email: &'a Email,
    added: Timestamp,
    expires: Option<Date>,
}

#[derive(Deserialize)]
struct Decoded {
    deployment: String,
    token: Zeroizing<String>,
    email: Email,
    added: Timestamp,
    expires: Option<Date>,
}

impl Entry {
    /// The days left to its last one, which is 0; negative when it is over. Days end in UTC.
    pub fn days_left(&self) -> Option<i32> {
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        Some((self.expires? - today).get_days())
    }

    pub(super) fn encode(&self, deployment: &Deployment) -> Secret {
        // Room for all of it, so that no half-filled buffer is left behind unwiped.
        let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT));
        let Entry { token, email, added, expires } = self;
        let (deployment, token) = (deployment.origin(), token.expose());
        let encoded = Encoded { deployment, token, email, added: *added, expires: *expires };
        serde_json::to_writer(&mut *bytes, &encoded).unwrap_or_else(|_| unreachable!("plain strings are JSON"));
        bytes
    }

    /// The entry of this login; none where the bytes are another's, or no entry at all.
    pub(super) fn decode(bytes: &Secret, login: &Login) -> Option<Entry> {
        let Decoded { deployment, token, email, added, expires } = serde_json::from_slice(bytes).ok()?;
        let token = Token::parse(token.as_bytes()).ok()?.token;
        let is_its = deployment == login.deployment.origin() && email == login.email;
        is_its.then_some(Entry { token, email, added, expires })
    }
}
