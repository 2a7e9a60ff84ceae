//! What the broker answers itself: a status, and a `message` in JSON, as the deployment's own errors have it.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use crate::token::mask;

/// Why a request goes no further.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The rule that says so, for the audit; none where it is no rule's doing.
    pub(super) rule: Option<String>,
    pub(super) message: String,
    /// In seconds.
    pub(super) retry_after: Option<u64>,
}

impl Refusal {
    /// By a rule.
    pub(super) fn by(rule: &str, status: StatusCode, message: &str) -> Refusal {
        Refusal { rule: Some(rule.to_owned()), ..Refusal::new(status, message) }
    }

    /// By no rule: it cannot be done.
    pub(super) fn new(status: StatusCode, message: &str) -> Refusal {
        // A file's name, or a path that was asked for, may be a token by mistake.
        Refusal { status, rule: None, message: mask(&format!("co-cred's broker: {message}")), retry_after: None }
    }

    /// Whoever asks is not let in.
    pub(super) fn stranger(message: &str) -> Refusal {
        Refusal::by("token", StatusCode::UNAUTHORIZED, message)
    }

    /// A rule of the policy.
    pub(super) fn forbidden(rule: &str, message: &str) -> Refusal {
        Refusal::by(rule, StatusCode::FORBIDDEN, message)
    }

    pub(super) fn answer(&self) -> Response<Full<Bytes>> {
        let body = serde_json::json!({ "message": self.message }).to_string();
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // Whoever does not know the pass need not stay.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
