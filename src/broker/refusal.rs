//! What the broker answers itself: a status, and a `message` in JSON, as the deployment's own errors have it.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
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
    /// Where a browser is sent instead.
    pub(super) location: Option<HeaderValue>,
}

impl Refusal {
    /// By a rule.
    pub(super) fn by(rule: &str, status: StatusCode, message: &str) -> Refusal {
        Refusal { rule: Some(rule.to_owned()), ..Refusal::new(status, message) }
    }

    /// By no rule: it cannot be done.
    pub(super) fn new(status: StatusCode, message: &str) -> Refusal {
        // A file's name, or a path that was asked for, may be a token by mistake.
        let message = mask(&format!("co-cred's broker: {message}"));
        Refusal { status, rule: None, message, retry_after: None, location: None }
    }

    /// Whoever asks is not let in.
    pub(super) fn stranger(message: &str) -> Refusal {
        Refusal::by("token", StatusCode::UNAUTHORIZED, message)
    }

    /// A rule of the policy.
    pub(super) fn forbidden(rule: &str, message: &str) -> Refusal {
        Refusal::by(rule, StatusCode::FORBIDDEN, message)
    }

    /// To a page of the deployment's own.
    pub(super) fn page(location: HeaderValue) -> Refusal {
        let page = Refusal::by("page", StatusCode::FOUND, "this is a page of the deployment's, and no part of its API");
        Refusal { location: Some(location), ..page }
    }

    /// The response, to a request whose body may still be on its way: nothing else comes over that connection then, and its
    /// client must not send anything more there.
    pub(super) fn answer(&self, is_unread: bool) -> Response<Full<Bytes>> {
        let body = serde_json::json!({ "message": self.message }).to_string();
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if let Some(location) = &self.location {
            headers.insert(LOCATION, location.clone());
        }
        if is_unread || self.status == StatusCode::UNAUTHORIZED || self.location.is_some() {
            // A client without the pass, or with business elsewhere, need not stay.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
