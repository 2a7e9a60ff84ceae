//! What is kept of a login: the token, whose it is, when it was added, and when it ends where that is known.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::email::Email;
use crate::token::{self, Token};

use super::store::Secret;
use super::{Login, Slot};
use crate::expiry::Expiry;

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
    /// When the token ends, where the user or Git said so; Code Ocean does not tell.
    pub expires: Option<Expiry>,
}

/// The JSON of an entry. It says itself what it is for: a store may hand out another's.
#[derive(Serialize)]
struct Encoded<'a> {
    deployment: &'a str,
    token: &'a str,
    email: &'a Email,
    added: Timestamp,
    expires: Option<Expiry>,
    #[serde(skip_serializing_if = "Slot::is_first")]
    slot: Slot,
}

#[derive(Deserialize)]
struct Decoded {
    deployment: String,
    token: Zeroizing<String>,
    email: Email,
    added: Timestamp,
    expires: Option<Expiry>,
    #[serde(default)]
    slot: Slot,
}

impl Entry {
    /// The days left to its last one, which is 0; negative when it is over. Days end in UTC.
    pub fn days_left(&self) -> Option<i32> {
        self.expires.map(Expiry::days_left)
    }

    pub(super) fn encode(&self, login: &Login) -> Secret {
        // Room for all of it, so that no half-filled buffer is left behind unwiped.
        let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT));
        let Entry { token, email, added, expires } = self;
        let (deployment, token) = (login.deployment.origin(), token.expose());
        let encoded = Encoded { deployment, token, email, added: *added, expires: *expires, slot: login.slot };
        serde_json::to_writer(&mut *bytes, &encoded).unwrap_or_else(|_| unreachable!("plain strings are JSON"));
        bytes
    }

    /// The entry of this login; none where the bytes are another's, or no entry at all.
    pub(super) fn decode(bytes: &[u8], login: &Login) -> Option<Entry> {
        let Decoded { deployment, token, email, added, expires, slot } = serde_json::from_slice(bytes).ok()?;
        let token = Token::parse(token.as_bytes()).ok()?.token;
        let is_its = deployment == login.deployment.origin() && email == login.email && slot == login.slot;
        is_its.then_some(Entry { token, email, added, expires })
    }
}
