//! The e-mail address of an account: the user name for Git and the image registry.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The maximum length of an address in bytes (RFC 5321, section 4.5.3.1.3).
const LIMIT: usize = 254;

/// A plausible e-mail address without whitespace or control characters, safe to print and to send as a user name. Compared
/// without ASCII case.
#[derive(Clone, Debug, Deserialize, Eq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Parses an address; surrounding whitespace is ignored.
    pub fn parse(text: &str) -> Option<Email> {
        let text = text.trim();
        let plain = |c: char| c.is_ascii_graphic() || c.is_alphanumeric();
        // A colon would end the user name in HTTP Basic authentication.
        let usable = text.len() <= LIMIT && text.chars().all(plain) && !text.contains(':');
        let parts = text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
        (usable && parts).then(|| Email(text.to_owned()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a user name is this address.
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
        Email::parse(&text).ok_or("is not an e-mail address")
    }
}

impl From<Email> for String {
    fn from(email: Email) -> String {
        email.0
    }
}
