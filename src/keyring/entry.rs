//! The entry of a login: the token, its account, when it was added, and when it expires if that is known.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::email::Email;
use crate::expiry::Expiry;
use crate::token::{self, Token};

use super::backend::{EntrySlot, Secret};
use super::login::Login;

/// The maximum size of an encoded entry, in bytes.
pub(super) const LIMIT: usize = 2 * token::LIMIT;

/// The stored data of one login.
#[derive(Debug)]
pub struct Entry {
    /// The token.
    pub token: Token,
    /// The account's e-mail.
    pub email: Email,
    /// When the entry was stored.
    pub added: Timestamp,
    /// When the token expires, as the user or Git gave it: Code Ocean's API does not say.
    pub expires: Option<Expiry>,
}

/// The JSON of an entry. It names its deployment and user, since a store may return an entry of another login.
#[derive(Serialize)]
struct Encoded<'a> {
    deployment: &'a str,
    token: &'a str,
    email: &'a Email,
    added: Timestamp,
    expires: Option<Expiry>,
    #[serde(skip_serializing_if = "EntrySlot::is_first")]
    slot: EntrySlot,
}

#[derive(Deserialize)]
struct Decoded {
    deployment: String,
    token: Zeroizing<String>,
    email: Email,
    added: Timestamp,
    expires: Option<Expiry>,
    #[serde(default)]
    slot: EntrySlot,
}

impl Entry {
    /// The days until the token expires: 0 on the last day, negative afterwards. Days end in UTC.
    pub fn days_left(&self) -> Option<i32> {
        self.expires.map(Expiry::days_left)
    }

    pub(super) fn encode(&self, login: &Login) -> Secret {
        // Full capacity up front: a reallocation would leave an unwiped copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT));
        let Entry { token, email, added, expires } = self;
        let (deployment, token) = (login.deployment.origin(), token.expose());
        let encoded = Encoded { deployment, token, email, added: *added, expires: *expires, slot: login.slot };
        serde_json::to_writer(&mut *bytes, &encoded).unwrap_or_else(|_| unreachable!("plain strings are JSON"));
        bytes
    }

    /// Decodes the entry of a login; none where the bytes are no entry, or that of another login or slot.
    pub(super) fn decode(bytes: &[u8], login: &Login) -> Option<Entry> {
        let Decoded { deployment, token, email, added, expires, slot } = serde_json::from_slice(bytes).ok()?;
        let token = Token::parse(token.as_bytes()).ok()?.token;
        let matches = deployment == login.deployment.origin() && email == login.email && slot == login.slot;
        matches.then_some(Entry { token, email, added, expires })
    }
}
