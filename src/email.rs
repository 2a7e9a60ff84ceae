//! An account's e-mail: the user name that Git and the image registry want beside the token.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most bytes of an address (RFC 5321 allows 254 on the wire).
const LIMIT: usize = 254;

/// Something that may be an e-mail address, without blanks or control characters: fit to be shown and to be sent as a
/// user name. Letters are compared without their case.
#[derive(Clone, Debug, Deserialize, Eq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Reads an address; blanks around it are taken off.
    pub fn parse(text: &str) -> Option<Email> {
        let text = text.trim();
        let plain = |c: char| c.is_ascii_graphic() || c.is_alphanumeric();
        // A colon would end the user name in HTTP's Basic authentication.
        let usable = text.len() <= LIMIT && text.chars().all(plain) && !text.contains(':');
        let parts = text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
        (usable && parts).then(|| Email(text.to_owned()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a user name is this one.
    pub fn is(&self, user: &str) -> bool {
        self.0.eq_ignore_ascii_case(user)
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Email) -> bool {
        self.is(&other.0)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Email {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Email, &'static str> {
        Email::parse(&text).ok_or("is no e-mail address")
    }
}

impl From<Email> for String {
    fn from(email: Email) -> String {
        email.0
    }
}
