//! The edge where the broker's errors become HTTP: a status, and a `message` in JSON as in the deployment's own errors.

use std::fmt;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use hyper::{Response, StatusCode};

use crate::error::Reason;
use crate::token::mask;

use super::pass::Unauthorized;
use super::path::PathError;
use super::policy::Denied;
use super::rate::RateExceeded;
use super::upstream_error::UpstreamError;

/// Why the broker answers a request itself.
#[derive(Debug)]
pub(super) enum Refusal {
    Unauthorized(Unauthorized),
    /// It is for a page of the deployment, to which a browser is redirected.
    Page(HeaderValue),
    Path(PathError),
    Denied(Denied),
    RateExceeded(RateExceeded),
    /// The audit file cannot be written.
    NotRecorded,
    Upstream(UpstreamError),
}

impl Refusal {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Refusal::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Refusal::Page(_) => StatusCode::FOUND,
            Refusal::Path(_) | Refusal::Denied(_) => StatusCode::FORBIDDEN,
            Refusal::RateExceeded(_) => StatusCode::TOO_MANY_REQUESTS,
            Refusal::NotRecorded => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Upstream(error) => upstream_status(error),
        }
    }

    /// The rule that refuses it, for the audit; empty where no rule does.
    pub(super) fn rule(&self) -> &str {
        match self {
            Refusal::Unauthorized(_) => "token",
            Refusal::Page(_) => "page",
            Refusal::Path(_) => "path",
            Refusal::Denied(denied) => denied.rule(),
            Refusal::RateExceeded(exceeded) => &exceeded.rule,
            Refusal::NotRecorded => "--audit",
            Refusal::Upstream(_) => "",
        }
    }

    /// The response. Where the body of the request was not read (`is_unread`), it closes the connection: nothing else can
    /// come over it, and the client must not send anything more there.
    pub(super) fn response(&self, is_unread: bool) -> Response<Full<Bytes>> {
        // A path, a rule or a file name may be a token by mistake.
        let message = mask(&format!("co-cred's broker: {self}"));
        let body = serde_json::json!({ "message": message }).to_string();
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self {
            Refusal::RateExceeded(exceeded) => drop(headers.insert(RETRY_AFTER, exceeded.seconds().into())),
            Refusal::Page(location) => drop(headers.insert(LOCATION, location.clone())),
            _ => {}
        }
        // A client without the pass, and a browser that goes on elsewhere, need no connection here.
        if is_unread || matches!(self, Refusal::Unauthorized(_) | Refusal::Page(_)) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Unauthorized(error) => error.fmt(f),
            Refusal::Page(_) => f.write_str("this is a page of the deployment, not a path of its API"),
            Refusal::Path(error) => error.fmt(f),
            Refusal::Denied(denied) => denied.fmt(f),
            Refusal::RateExceeded(exceeded) => exceeded.fmt(f),
            Refusal::NotRecorded => {
                f.write_str("the file of --audit cannot be written, and no request passes without a line in it")
            }
            Refusal::Upstream(error) => error.fmt(f),
        }
    }
}

fn upstream_status(error: &UpstreamError) -> StatusCode {
    match error {
        UpstreamError::InvalidUrl | UpstreamError::BodyCutOff => StatusCode::BAD_REQUEST,
        UpstreamError::TransferCoding => StatusCode::NOT_IMPLEMENTED,
        UpstreamError::NoToken(_) | UpstreamError::OtherDeployment | UpstreamError::ProtocolSwitch => {
            StatusCode::BAD_GATEWAY
        }
        UpstreamError::NoAnswer(error) => match error.reason {
            Reason::Timeout => StatusCode::GATEWAY_TIMEOUT,
            // The client's body broke off.
            Reason::Usage => StatusCode::BAD_REQUEST,
            _ => StatusCode::BAD_GATEWAY,
        },
    }
}
