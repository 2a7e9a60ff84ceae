//! One question to the deployment, and what its answer means.
//!
//! Nothing that a server says is repeated to people, but for an owner's e-mail and the host of a redirect: an unknown
//! server may echo what it was sent.

use std::io::{self, Read};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::blocking::Response;
use reqwest::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use crate::client::{self, Line, disconnected, timeout};
use crate::email::Email;
use crate::error::{Error, Reason};
use crate::token::Token;
use crate::traces::Traces;

use super::retry::{Failure, Passes};

/// The most bytes of an answer that are read; one result takes a few KiB.
const LIMIT: u64 = 1024 * 1024;

/// The owner's own items only, and no more than one.
const QUESTION: &str = r#"{"ownership":"private","limit":1}"#;

/// What a deployment says of a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// 200.
    Granted { owner: Option<Email> },
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
}

impl Answer {
    pub(super) fn granted(&self) -> bool {
        matches!(self, Answer::Granted { .. })
    }

    pub(super) fn owner(&self) -> Option<&Email> {
        match self {
            Answer::Granted { owner } => owner.as_ref(),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Reply {
    #[expect(dead_code, reason = "its presence tells Code Ocean's JSON from any other")]
    has_more: bool,
    results: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Item {
    owner_email: Option<String>,
}

/// Sends the search, and reads the answer within the time.
///
/// # Errors
/// No answer, or one that a Code Ocean deployment would not give.
pub(super) fn search(line: &Line, token: &Token, url: &str, time: Duration) -> Result<Answer, Failure> {
    let sent = line
        .client
        .post(url)
        .basic_auth(token.expose(), Some(""))
        .header(CONTENT_TYPE, "application/json")
        .body(QUESTION)
        .timeout(time)
        .send();
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    match sent {
        Ok(response) => {
            tracing::info!(url, status = response.status().as_u16(), "answered");
            read(response, &host, &Traces::of(token))
        }
        Err(error) => {
            tracing::info!(url, "no answer");
            Err(unanswered(error, &host, line.proxied))
        }
    }
}

fn read(response: Response, host: &str, traces: &Traces) -> Result<Answer, Failure> {
    let status = response.status();
    match status {
        StatusCode::OK => granted(response, host, traces),
        // A sign-in page, a firewall or a proxy has its own opinion of who may pass.
        status if status.is_client_error() && is_html(&response) => {
            Err(stranger(host, &format!("it answers {} with a page of HTML", status.as_u16())))
        }
        StatusCode::UNAUTHORIZED => Ok(Answer::Unauthorized),
        StatusCode::FORBIDDEN => Ok(Answer::Forbidden),
        StatusCode::TOO_MANY_REQUESTS => {
            let error = Error::new(Reason::TooManyRequests, format!("{host} says \"too many requests\" (429)"))
                .hint("try again later, or give it longer with --wait or --timeout");
            Err(Failure { error, passes: Passes::Soon(retry_after(&response)) })
        }
        status if status.is_server_error() => {
            let error =
                Error::new(Reason::Server, format!("{host} answers with an error of its own ({})", status.as_u16()))
                    .hint("the fault is the deployment's: try again later, or ask whoever runs it");
            Err(Failure { error, passes: Passes::Soon(retry_after(&response)) })
        }
        status if status.is_redirection() => Err(stranger(host, &redirected(&response, traces))),
        status => Err(stranger(host, &format!("it answers {}", status.as_u16()))),
    }
}

fn is_html(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

fn granted(response: Response, host: &str, traces: &Traces) -> Result<Answer, Failure> {
    let mut body = Vec::new();
    let read = response.take(LIMIT + 1).read_to_end(&mut body);
    if let Err(error) = read {
        return Err(broken_off(&error, host));
    }
    match serde_json::from_slice::<Reply>(&body) {
        Ok(reply) => {
            let mut emails = reply.results.into_iter().flatten().filter_map(|item| item.owner_email);
            Ok(Answer::Granted { owner: emails.find_map(|email| to_email(&email, traces)) })
        }
        Err(_) => Err(stranger(host, "its answer is not what Code Ocean's API gives")),
    }
}

/// What a server gives as an e-mail, where it may be kept and shown: it looks like one, and does not echo the token.
fn to_email(text: &str, traces: &Traces) -> Option<Email> {
    Email::parse(text).filter(|_| traces.found_in(text.as_bytes()).is_none())
}

fn stranger(host: &str, why: &str) -> Failure {
    let error = Error::new(Reason::NotADeployment, format!("{host} is not a Code Ocean deployment: {why}"))
        .hint("check the deployment's address: it is the one that you see in the browser");
    Failure { error, passes: Passes::Never }
}

fn redirected(response: &Response, traces: &Traces) -> String {
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| response.url().join(location).ok());
    match target.as_ref().and_then(Url::host_str).filter(|host| traces.found_in(host.as_bytes()).is_none()) {
        Some(host) => format!("it redirects to {host}, where the token was not sent"),
        None => "it redirects".to_owned(),
    }
}

/// `Retry-After`, in seconds or as a date (RFC 9110, section 10.2.3).
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u32::MAX).into()));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(Timestamp::now())).unwrap_or_default())
}

/// Why there was no answer at all. A certificate that is not trusted now will not be in a minute.
fn unanswered(error: reqwest::Error, host: &str, proxied: bool) -> Failure {
    let error = client::failure(error, host, proxied);
    let passes = match error.reason {
        Reason::Tls | Reason::PrivateCa => Passes::Never,
        _ => Passes::WithTime,
    };
    Failure { error, passes }
}

/// The answer began, and did not end.
fn broken_off(error: &io::Error, host: &str) -> Failure {
    let late = error.kind() == io::ErrorKind::TimedOut
        || error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<reqwest::Error>())
            .is_some_and(reqwest::Error::is_timeout);
    let error = if late { timeout(host) } else { disconnected(host, "the answer was cut off") };
    Failure { error, passes: Passes::WithTime }
}
