//! The one error: what went wrong, which exit code that is, and what to do about it.
//!
//! A message is written for people and must never hold a value that was read: a source's *place* is named, its contents
//! are not. `Debug` therefore shows the words and never the underlying cause, which another crate may have filled with
//! secret bytes.

use std::fmt;

/// The kind of a failure; its number is the process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A fault of co-cred itself.
    Internal = 1,
    /// What was typed or configured cannot be used.
    Usage = 2,
    /// No source has a token.
    NotFound = 3,
    /// The deployment does not accept the token.
    Rejected = 4,
    /// The deployment could not be asked.
    Unreachable = 5,
    /// A source is there but broken.
    Unreadable = 6,
    /// The token is accepted, but may not do what is needed.
    ScopeMissing = 7,
    /// Different tokens have the same claim to be used.
    Ambiguous = 8,
    /// A token is in a file.
    Leaked = 9,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 9] = [
        Kind::Internal,
        Kind::Usage,
        Kind::NotFound,
        Kind::Rejected,
        Kind::Unreachable,
        Kind::Unreadable,
        Kind::ScopeMissing,
        Kind::Ambiguous,
        Kind::Leaked,
    ];

    /// The exit code.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The word for it in messages and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Internal => "internal",
            Kind::Usage => "usage",
            Kind::NotFound => "not found",
            Kind::Rejected => "rejected",
            Kind::Unreachable => "unreachable",
            Kind::Unreadable => "unreadable",
            Kind::ScopeMissing => "scope missing",
            Kind::Ambiguous => "ambiguous",
            Kind::Leaked => "leaked",
        }
    }
}

/// Why exactly: the names that `doctor` uses. Each belongs to one [`Kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A bug, or an output that cannot be written.
    Internal,
    /// A wrong option or argument.
    Usage,
    /// A deployment string that is no https origin.
    BadDeployment,
    /// The configuration cannot be used.
    BadConfig,
    /// The token belongs to another deployment than the one that is named.
    OtherDeployment,
    /// No deployment is known to ask.
    NoDeployment,
    /// No source has a token, and nothing says why.
    NotFound,
    /// A slot is declared, but its variable is unset or empty.
    NotAttached,
    /// The same, in a pipeline, which hands on less than a run does.
    Pipeline,
    /// The deployment said no.
    Rejected,
    /// The token lacks a permission.
    ScopeMissing,
    /// The host's name does not resolve.
    Name,
    /// Nothing answers at the address, or the connection broke.
    Connection,
    /// TLS failed, for another reason than an unknown authority.
    Tls,
    /// The certificate was issued by an authority that this system does not know.
    PrivateCa,
    /// The proxy refused or could not be reached.
    Proxy,
    /// 5xx to the end.
    Server,
    /// 429 to the end.
    TooManyRequests,
    /// No answer in time.
    Timeout,
    /// Something answered, but not Code Ocean.
    NotADeployment,
    /// A source cannot be read.
    Unreadable,
    /// What a source holds cannot be a token.
    Malformed,
    /// `token_command` gave no token.
    Command,
    /// The agent does not answer, or has no token.
    Agent,
    /// The keyring cannot be used: locked, or it does not answer.
    Keyring,
    /// Different tokens on the same rung.
    Ambiguous,
    /// A file that is to be searched for the token cannot be.
    NotSearched,
    /// A token is in a file.
    Leaked,
}

impl Reason {
    /// The kind, and with it the exit code, of this reason.
    pub fn kind(self) -> Kind {
        match self {
            Reason::Internal | Reason::NotSearched => Kind::Internal,
            Reason::Usage | Reason::BadDeployment | Reason::BadConfig | Reason::OtherDeployment => Kind::Usage,
            Reason::NoDeployment | Reason::NotFound | Reason::NotAttached | Reason::Pipeline => Kind::NotFound,
            Reason::Rejected => Kind::Rejected,
            Reason::ScopeMissing => Kind::ScopeMissing,
            Reason::Name
            | Reason::Connection
            | Reason::Tls
            | Reason::PrivateCa
            | Reason::Proxy
            | Reason::Server
            | Reason::TooManyRequests
            | Reason::Timeout
            | Reason::NotADeployment => Kind::Unreachable,
            Reason::Unreadable | Reason::Malformed | Reason::Command | Reason::Agent | Reason::Keyring => {
                Kind::Unreadable
            }
            Reason::Ambiguous => Kind::Ambiguous,
            Reason::Leaked => Kind::Leaked,
        }
    }

    /// The name of the cause in `doctor --json`.
    pub fn word(self) -> &'static str {
        match self {
            Reason::Internal => "internal",
            Reason::Usage => "usage",
            Reason::BadDeployment => "bad-deployment",
            Reason::BadConfig => "bad-config",
            Reason::OtherDeployment => "other-deployment",
            Reason::NoDeployment => "no-deployment",
            Reason::NotFound => "not-found",
            Reason::NotAttached => "not-attached",
            Reason::Pipeline => "pipeline",
            Reason::Rejected => "rejected",
            Reason::ScopeMissing => "scope-missing",
            Reason::Name => "name",
            Reason::Connection => "connection",
            Reason::Tls => "tls",
            Reason::PrivateCa => "private-ca",
            Reason::Proxy => "proxy",
            Reason::Server => "server",
            Reason::TooManyRequests => "too-many-requests",
            Reason::Timeout => "timeout",
            Reason::NotADeployment => "not-a-deployment",
            Reason::Unreadable => "unreadable",
            Reason::Malformed => "malformed",
            Reason::Command => "command",
            Reason::Agent => "agent",
            Reason::Keyring => "keyring",
            Reason::Ambiguous => "ambiguous",
            Reason::NotSearched => "not-searched",
            Reason::Leaked => "leaked",
        }
    }
}

/// A failure, in words for the person who has to mend it.
pub struct Error {
    /// Why, as one of the causes that `doctor` names.
    pub reason: Reason,
    /// What went wrong: no capital first letter, no full stop, no value that was read.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What nearly everything here returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with its reason and its words.
    pub fn new(reason: Reason, what: impl Into<String>) -> Error {
        Error { reason, what: what.into(), hint: None, cause: None }
    }

    /// The same with advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }

    /// The same with the error behind it, for `source()`; it is never printed.
    pub fn caused_by(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
        self.cause = Some(Box::new(cause));
        self
    }

    /// The kind, and with it the exit code.
    pub fn kind(&self) -> Kind {
        self.reason.kind()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("reason", &self.reason).field("what", &self.what).finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// Something odd that stops nothing: told as a warning, under the same rules of speech as an [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The name of the cause in `doctor --json`.
    pub cause: &'static str,
    /// What is odd.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Remark {
    /// A remark of that cause.
    pub fn new(cause: &'static str, what: impl Into<String>) -> Remark {
        Remark { cause, what: what.into(), hint: None }
    }

    /// The same with advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Remark {
        self.hint = Some(hint.into());
        self
    }
}

impl From<&Error> for Remark {
    fn from(error: &Error) -> Remark {
        Remark { cause: error.reason.word(), what: error.what.clone(), hint: error.hint.clone() }
    }
}
