//! Errors and warnings: what went wrong, why, and how to fix it.
//!
//! A message must never hold a value that was read: it names the place of a source, not its contents. `Debug` shows the
//! message, but not the underlying error, into which another crate may have copied secret bytes.

use std::fmt;

/// The kind of an error. Its number is the exit code of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bug in co-cred, or output that cannot be written.
    Internal = 1,
    /// An option, argument or setting cannot be used.
    Usage = 2,
    /// No source has a token.
    NotFound = 3,
    /// The deployment rejected the token.
    Rejected = 4,
    /// The deployment could not be reached.
    Unreachable = 5,
    /// A source exists but cannot be read.
    Unreadable = 6,
    /// The token is valid, but lacks a scope.
    ScopeMissing = 7,
    /// Different tokens were found with the same priority.
    Ambiguous = 8,
    /// A file holds a token.
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

    /// The name of this kind in messages and JSON.
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

/// The reason for an error, by the names that `doctor` uses. Each belongs to one [`Kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A bug, or an output that cannot be written.
    Internal,
    /// A wrong option or argument.
    Usage,
    /// The deployment is not an https origin.
    BadDeployment,
    /// The configuration cannot be used.
    BadConfig,
    /// The token belongs to another deployment than the requested one.
    OtherDeployment,
    /// No deployment is known.
    NoDeployment,
    /// No source has a token, for no known reason.
    NotFound,
    /// The capsule declares a secret slot, but its variable is unset or empty.
    NotAttached,
    /// The same in a pipeline, which passes on fewer secrets than a capsule run.
    Pipeline,
    /// The deployment rejected the token.
    Rejected,
    /// The token lacks a scope.
    ScopeMissing,
    /// The host name does not resolve.
    Name,
    /// The connection was refused, failed or was lost.
    Connection,
    /// TLS failed for another reason than an unknown certificate authority.
    Tls,
    /// This system does not know the certificate authority.
    PrivateCa,
    /// The proxy refused the connection or could not be reached.
    Proxy,
    /// Every attempt was answered with a 5xx status.
    Server,
    /// Every attempt was answered with status 429.
    TooManyRequests,
    /// No answer within the time limit.
    Timeout,
    /// The server that answered is not Code Ocean.
    NotADeployment,
    /// A source cannot be read.
    Unreadable,
    /// The value of a source cannot be a token.
    Malformed,
    /// `token_command` returned no token.
    Command,
    /// The agent does not answer, or has no token.
    Agent,
    /// The keyring is locked, does not answer or cannot be used.
    Keyring,
    /// Different tokens were found with the same priority.
    Ambiguous,
    /// A file cannot be searched for tokens.
    NotSearched,
    /// A file holds a token.
    Leaked,
}

impl Reason {
    /// The kind of this reason, which gives the exit code.
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

    /// The name of this reason in `doctor --json`.
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

/// An error with its reason, message and hint.
pub struct Error {
    /// The reason, as named by `doctor`.
    pub reason: Reason,
    /// The message: no initial capital, no full stop, and no value that was read.
    pub what: String,
    /// How to fix it.
    pub hint: Option<String>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Creates an error without a hint.
    pub fn new(reason: Reason, what: impl Into<String>) -> Error {
        Error { reason, what: what.into(), hint: None, cause: None }
    }

    /// Sets the hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the underlying error, for `source()`. It is never printed.
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        self.cause = Some(cause.into());
        self
    }

    /// The kind, which gives the exit code.
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

/// A warning, with the same rules for its message as an [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The name of the cause in `doctor --json`.
    pub cause: &'static str,
    /// The message.
    pub what: String,
    /// How to fix it.
    pub hint: Option<String>,
}

impl Remark {
    /// Creates a remark without a hint.
    pub fn new(cause: &'static str, what: impl Into<String>) -> Remark {
        Remark { cause, what: what.into(), hint: None }
    }

    /// Sets the hint.
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
