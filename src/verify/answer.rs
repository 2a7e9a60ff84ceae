//! One search request to the deployment, and what the response means.
//!
//! No text of a response is shown, except an owner's e-mail and the host of a redirect: an unknown server may echo the
//! token that it was sent.

use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::{Response, StatusCode};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT};
use reqwest::{Body, Method, Request};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use crate::email::Email;
use crate::error::{Error, Reason};
use crate::http::{HttpClient, basic, disconnected, timeout};
use crate::patterns::Encodings;
use crate::token::Token;

use super::retry::{Failure, Retryable};

/// The most bytes of a response that are read; one result takes a few KiB.
const LIMIT: usize = 1024 * 1024;

/// Asks for one item of the token's owner: with the value for `ownership` that the SDK uses, and with that of the user
/// guide. A deployment that knows one of them may answer 400 to the other.
const SEARCHES: [&str; 2] = [r#"{"ownership":"private","limit":1}"#, r#"{"ownership":"created","limit":1}"#];

/// What a response says about the token.
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
    #[expect(dead_code, reason = "its presence shows that the JSON is Code Ocean's")]
    has_more: bool,
    results: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Item {
    owner_email: Option<String>,
}

/// Sends the search to the endpoint `url`, and reads the response, within `time`.
///
/// # Errors
/// No response, or one that a Code Ocean deployment would not give.
pub(super) async fn search(client: &HttpClient, token: &Token, url: &str, time: Duration) -> Result<Answer, Failure> {
    let [first, second] = SEARCHES;
    let deadline = Instant::now() + time;
    let response = match post(client, token, url, first, deadline).await? {
        response if response.status() == StatusCode::BAD_REQUEST => post(client, token, url, second, deadline).await?,
        response => response,
    };
    read(&response, client, url, &Encodings::of(token))
}

async fn post(
    client: &HttpClient,
    token: &Token,
    url: &str,
    body: &'static str,
    deadline: Instant,
) -> Result<Response<Bytes>, Failure> {
    let exchanged = match request(token, url, body) {
        // The client has the same deadline for the head, and is polled first: its error names the step that was late.
        Ok(request) => tokio::time::timeout_at(deadline, exchange(client, request, deadline, url)).await,
        Err(error) => Ok(Err(Failure { error, retryable: Retryable::Never })),
    };
    let timed_out = || Err(Failure { error: timeout(&host(url)), retryable: Retryable::WithWait });
    let response = exchanged.unwrap_or_else(|_| timed_out()).inspect_err(|_| tracing::info!(url, "no response"))?;
    tracing::info!(url, status = response.status().as_u16(), "response");
    Ok(response)
}

fn host(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

fn request(token: &Token, url: &str, body: &'static str) -> Result<Request, Error> {
    let url = Url::parse(url)
        .map_err(|error| Error::new(Reason::Internal, "the deployment's address cannot be used").caused_by(error))?;
    let mut request = Request::new(Method::POST, url);
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, basic(token));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("co-cred/", env!("CARGO_PKG_VERSION"))));
    *request.body_mut() = Some(body.into());
    Ok(request)
}

/// The response; its body only for 200.
async fn exchange(
    client: &HttpClient,
    request: Request,
    deadline: Instant,
    url: &str,
) -> Result<Response<Bytes>, Failure> {
    let response = client.send(request, deadline).await.map_err(to_failure)?;
    let (parts, body) = Response::from(response).into_parts();
    let body = if parts.status == StatusCode::OK { whole(body, &host(url)).await? } else { Bytes::new() };
    Ok(Response::from_parts(parts, body))
}

async fn whole(body: Body, host: &str) -> Result<Bytes, Failure> {
    match Limited::new(body, LIMIT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        // Too long for Code Ocean's: an empty body is reported as another server's.
        Err(error) if error.is::<LengthLimitError>() => Ok(Bytes::new()),
        Err(_) => {
            let error = disconnected(host, "the response was cut off");
            Err(Failure { error, retryable: Retryable::WithWait })
        }
    }
}

fn read(response: &Response<Bytes>, client: &HttpClient, url: &str, encodings: &Encodings) -> Result<Answer, Failure> {
    let (status, host) = (response.status(), &host(url));
    match status {
        StatusCode::OK => granted(response.body(), host, encodings),
        // Not the API's: a sign-in page, a firewall or a proxy.
        status if status.is_client_error() && is_html(response) => Err(match client.client_certificate_error() {
            // nginx and IIS report a missing client certificate with these.
            Some(error) if matches!(status, StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN) => {
                Failure { error, retryable: Retryable::Never }
            }
            _ => not_a_deployment(host, &format!("it answers {} with an HTML page", status.as_u16())),
        }),
        StatusCode::UNAUTHORIZED => Ok(Answer::Unauthorized),
        StatusCode::FORBIDDEN => Ok(Answer::Forbidden),
        StatusCode::TOO_MANY_REQUESTS => {
            let error = Error::new(Reason::TooManyRequests, format!("{host} answers \"too many requests\" (429)"))
                .hint("try again later, or give it longer with --wait or --timeout");
            Err(Failure { error, retryable: Retryable::Yes(retry_after(response)) })
        }
        status if status.is_server_error() => {
            let error = Error::new(Reason::Server, format!("{host} answers with a server error ({})", status.as_u16()))
                .hint("try again later, or ask the deployment's administrator");
            Err(Failure { error, retryable: Retryable::Yes(retry_after(response)) })
        }
        status if status.is_redirection() => Err(not_a_deployment(host, &redirected(response, url, encodings))),
        status => Err(not_a_deployment(host, &format!("it answers {}", status.as_u16()))),
    }
}

fn is_html(response: &Response<Bytes>) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

fn granted(body: &[u8], host: &str, encodings: &Encodings) -> Result<Answer, Failure> {
    match serde_json::from_slice::<Reply>(body) {
        Ok(reply) => {
            let mut emails = reply.results.into_iter().flatten().filter_map(|item| item.owner_email);
            Ok(Answer::Granted { owner: emails.find_map(|email| to_email(&email, encodings)) })
        }
        Err(_) => Err(not_a_deployment(host, "its response is not that of Code Ocean's API")),
    }
}

/// An e-mail from a response, if it is safe to keep and show: it has the form of one, and does not contain the token.
fn to_email(text: &str, encodings: &Encodings) -> Option<Email> {
    Email::parse(text).filter(|_| encodings.found_in(text.as_bytes()).is_none())
}

fn not_a_deployment(host: &str, why: &str) -> Failure {
    let error = Error::new(Reason::NotADeployment, format!("{host} is not a Code Ocean deployment: {why}"))
        .hint("check the deployment's address: it is the one that you see in the browser");
    Failure { error, retryable: Retryable::Never }
}

fn redirected(response: &Response<Bytes>, url: &str, encodings: &Encodings) -> String {
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| Url::parse(url).ok()?.join(location).ok());
    match target.as_ref().and_then(Url::host_str).filter(|host| encodings.found_in(host.as_bytes()).is_none()) {
        Some(host) => format!("it redirects to {host}, where the token was not sent"),
        None => "it redirects".to_owned(),
    }
}

/// `Retry-After`, in seconds or as a date (RFC 9110, section 10.2.3).
fn retry_after(response: &Response<Bytes>) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u32::MAX).into()));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// A TLS error stays: a certificate that is not trusted now will not be in a minute.
fn to_failure(error: Error) -> Failure {
    let retryable = match error.reason {
        Reason::Tls | Reason::PrivateCa => Retryable::Never,
        _ => Retryable::WithWait,
    };
    Failure { error, retryable }
}
