//! Why the deployment's answer to a request cannot be had.

use std::fmt;

use crate::error::{Error, Reason};

/// Why a request that was let through has no answer of the deployment.
#[derive(Debug)]
pub(super) enum UpstreamError {
    /// There is no token, and why.
    NoToken(String),
    /// The current token is for another deployment.
    OtherDeployment,
    /// The path and the query do not make a URL.
    InvalidUrl,
    /// The body has a transfer coding other than `chunked`.
    TransferCoding,
    /// The client stopped in the middle of its body.
    BodyCutOff,
    /// The deployment switched to another protocol.
    ProtocolSwitch,
    /// The deployment does not answer.
    NoAnswer(Error),
}

impl UpstreamError {
    /// Whether to send the request again on another connection: the deployment may just have closed a pooled one. After a
    /// deadline or a body that was cut off, a second attempt would fail in the same way.
    pub(super) fn is_worth_a_retry(&self) -> bool {
        matches!(self, UpstreamError::NoAnswer(error) if !matches!(error.reason, Reason::Timeout | Reason::Usage))
    }
}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UpstreamError::NoToken(why) => write!(f, "there is no token at the moment: {why}"),
            UpstreamError::OtherDeployment => {
                f.write_str("the token that is found now is for another deployment: restart the program with co-cred")
            }
            UpstreamError::InvalidUrl => f.write_str("the path and the query are not a valid URL"),
            UpstreamError::TransferCoding => f.write_str("no Transfer-Encoding but chunked can be forwarded"),
            UpstreamError::BodyCutOff => f.write_str("the request body was cut off"),
            UpstreamError::ProtocolSwitch => f.write_str("the deployment switched to another protocol"),
            UpstreamError::NoAnswer(error) => match &error.hint {
                Some(hint) => write!(f, "{} ({hint})", error.what),
                None => f.write_str(&error.what),
            },
        }
    }
}
