//! The messages between Git and a helper: one attribute a line (gitcredentials(7), git-credential(1)).
//!
//! Older versions of Git, and other programs, pass on messages unchecked. A line that two readers understand differently has
//! sent tokens to the wrong host (CVE-2020-5260, CVE-2024-52006): an ambiguous message is refused as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{BufRead, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The most bytes of a line, and of a message.
const LINE: usize = 64 * 1024;
const ALL: usize = 1024 * 1024;

/// The attributes that are read, each of which may be given once. Others are ignored.
const SINGLE: [&str; 10] = [
    "authtype",
    "credential",
    "ephemeral",
    "host",
    "oauth_refresh_token",
    "password",
    "password_expiry_utc",
    "path",
    "protocol",
    "username",
];

/// The attributes that may be given more than once; an empty value clears the values before it.
const MULTIPLE: [&str; 3] = ["capability[]", "state[]", "wwwauth[]"];

/// A request or report of Git, or the answer.
#[derive(Default, PartialEq)]
pub struct Message {
    single: BTreeMap<&'static str, Zeroizing<Vec<u8>>>,
    multiple: BTreeMap<&'static str, Vec<Vec<u8>>>,
}

/// Why a request is refused; without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A carriage return or a NUL: another reader may take it for the end of the line.
    Control,
    /// A line without `=`, or without a key before it.
    NoKey,
    /// The same attribute twice: another reader may take the other one.
    Twice,
    /// More than 64 KiB in a line, or 1 MiB in all.
    TooLong,
    /// `host=`, which would match any host.
    EmptyHost,
    /// A protocol, a host or a user that is not UTF-8.
    NotText,
    /// The last line has no line end: the rest of it may be missing.
    CutOff,
    /// Standard input cannot be read.
    Input,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Control => "it holds a carriage return or a NUL",
            Refused::NoKey => "a line is not key=value",
            Refused::Twice => "it gives the same key twice",
            Refused::TooLong => "it is too long",
            Refused::EmptyHost => "its host is empty",
            Refused::NotText => "a host or a user in it is not UTF-8 text",
            Refused::CutOff => "it ends in the middle of a line",
            Refused::Input => "standard input cannot be read",
        })
    }
}

impl Message {
    /// Reads up to an empty line or the end.
    ///
    /// # Errors
    /// [`Refused`]: the message is ambiguous, too long, or cannot be read.
    pub fn read(input: &mut dyn BufRead) -> Result<Message, Refused> {
        let (mut message, mut seen, mut all) = (Message::default(), BTreeSet::new(), 0);
        loop {
            let mut line = Zeroizing::new(Vec::with_capacity(256));
            (&mut *input).take(LINE as u64 + 2).read_until(b'\n', &mut line).map_err(|_| Refused::Input)?;
            all += line.len();
            match line.as_slice() {
                [] | [b'\n'] => return message.checked(),
                line if line.len() > LINE + 1 || all > ALL => return Err(Refused::TooLong),
                line => message.add(line.strip_suffix(b"\n").ok_or(Refused::CutOff)?, &mut seen)?,
            }
        }
    }

    fn checked(self) -> Result<Message, Refused> {
        let is_text = |key: &&str| self.single.get(*key).is_none_or(|value| std::str::from_utf8(value).is_ok());
        match self.single.get("host") {
            Some(host) if host.is_empty() => Err(Refused::EmptyHost),
            _ if !["protocol", "host", "username"].iter().all(is_text) => Err(Refused::NotText),
            _ => Ok(self),
        }
    }

    fn add(&mut self, line: &[u8], seen: &mut BTreeSet<Vec<u8>>) -> Result<(), Refused> {
        if line.iter().any(|byte| matches!(byte, b'\r' | 0)) {
            return Err(Refused::Control);
        }
        let at = line.iter().position(|byte| *byte == b'=').filter(|at| *at > 0).ok_or(Refused::NoKey)?;
        let (key, value) = (&line[..at], &line[at + 1..]);
        let known = |keys: &[&'static str]| keys.iter().find(|known| known.as_bytes() == key).copied();
        if let Some(key) = known(&MULTIPLE) {
            match value {
                [] => drop(self.multiple.remove(key)),
                value => self.multiple.entry(key).or_default().push(value.to_vec()),
            }
        } else if !key.ends_with(b"[]") {
            if !seen.insert(key.to_vec()) {
                return Err(Refused::Twice);
            }
            if let Some(key) = known(&SINGLE) {
                self.single.insert(key, Zeroizing::new(value.to_vec()));
            }
        }
        Ok(())
    }

    /// Adds an attribute, if it is one of those above.
    pub(super) fn with(mut self, key: &str, value: &str) -> Message {
        if let Some(key) = SINGLE.iter().find(|known| **known == key) {
            self.single.insert(key, Zeroizing::new(value.as_bytes().to_vec()));
        } else if let Some(key) = MULTIPLE.iter().find(|known| **known == key) {
            self.multiple.entry(key).or_default().push(value.as_bytes().to_vec());
        }
        self
    }

    /// The attributes as lines. Capabilities come first, since other attributes depend on them.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let multiple =
            self.multiple.iter().flat_map(|(key, values)| values.iter().map(|value| (*key, value.as_slice())));
        let single = self.single.iter().map(|(key, value)| (*key, value.as_slice()));
        let all: Vec<(&str, &[u8])> = multiple.chain(single).collect();
        // Room for all of it, so that no half-filled buffer is left behind unwiped.
        let mut lines =
            Zeroizing::new(Vec::with_capacity(all.iter().map(|(key, value)| key.len() + value.len() + 2).sum()));
        for (key, value) in all {
            lines.extend_from_slice(key.as_bytes());
            lines.push(b'=');
            lines.extend_from_slice(value);
            lines.push(b'\n');
        }
        lines
    }

    fn text(&self, key: &str) -> Option<&str> {
        std::str::from_utf8(self.single.get(key)?).ok()
    }

    /// The `host` or `host:port`, if the protocol is https; no token is given for another protocol.
    pub fn https_host(&self) -> Option<&str> {
        self.text("host").filter(|_| self.text("protocol") == Some("https"))
    }

    /// The user whose password Git asks for, if it names one.
    pub fn user(&self) -> Option<&str> {
        self.text("username").filter(|user| !user.is_empty())
    }

    /// Whether Git has this capability: `authtype`, `state`.
    pub fn can(&self, capability: &str) -> bool {
        let capabilities = self.multiple.get("capability[]").into_iter().flatten();
        capabilities.into_iter().any(|one| one == capability.as_bytes())
    }

    /// Whether the login must not be stored.
    pub fn is_ephemeral(&self) -> bool {
        self.text("ephemeral").is_some_and(|value| matches!(value, "1" | "true" | "yes" | "on"))
    }

    /// When the password expires, in seconds since 1970.
    pub fn expiry(&self) -> Option<i64> {
        self.text("password_expiry_utc")?.parse().ok()
    }

    /// Whether the message is about one password, not about every login of a host or a user.
    pub fn names_a_secret(&self) -> bool {
        ["credential", "password", "oauth_refresh_token"].iter().any(|key| self.single.contains_key(key))
    }

    /// The user and the password: as two attributes, or as one HTTP Basic credential.
    pub fn login(&self) -> Option<(Option<String>, Zeroizing<String>)> {
        if let Some(password) = self.text("password") {
            return Some((self.user().map(str::to_owned), Zeroizing::new(password.to_owned())));
        }
        let basic = self.text("authtype").filter(|kind| kind.eq_ignore_ascii_case("basic"));
        let decoded = Zeroizing::new(STANDARD.decode(self.text("credential").filter(|_| basic.is_some())?).ok()?);
        let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some((Some(user.to_owned()), Zeroizing::new(password.to_owned())))
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.single.keys()).entries(self.multiple.keys()).finish()
    }
}
