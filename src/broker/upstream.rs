//! On to the deployment, and back: the real token in place of the pass, both bodies as they come, and no header that is
//! for the next hop alone, that would change what the policy has seen, or that carries another credential.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use reqwest::{Client, Url};
use zeroize::Zeroizing;

use crate::client::{Line, failure, timeout};
use crate::credential::Credential;
use crate::deployment::Deployment;
use crate::error::{Error, Reason};

use super::Supply;
use super::policy::reads;
use super::pulse::{IDLE, Pulse, either};
use super::refusal::Refusal;

/// The most bytes of a body that are kept, so that a request that reads can be repeated.
const REPEATABLE: u64 = 64 * 1024;

/// So long another token is not looked for again where none was.
const AGAIN: Duration = Duration::from_secs(5);

/// Headers that speak to the next hop alone (RFC 9110, section 7.6.1).
const OF_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// What goes no further with a request: what is made anew here, cookies, since a session of the deployment's would be a
/// credential beside the token.
const OF_REQUEST: [HeaderName; 5] = [AUTHORIZATION, CONTENT_LENGTH, COOKIE, EXPECT, HOST];

/// Headers by which some servers take a request for another than it says it is.
const IN_DISGUISE: [&str; 6] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-url",
    "x-original-uri",
    "x-rewrite-url",
];

/// The way to one deployment.
pub(super) struct Upstream {
    line: Line<Client>,
    deployment: Deployment,
    /// Where we are, for redirects that lead back to the deployment.
    address: Deployment,
    supply: Arc<dyn Supply>,
    /// The header of the token that was sent last.
    stamp: Mutex<Option<(Arc<Credential>, HeaderValue)>>,
    /// For which token another was looked for in vain, and when.
    in_vain: tokio::sync::Mutex<Option<(Arc<Credential>, Instant)>>,
}

impl Upstream {
    pub(super) fn new(
        line: Line<Client>,
        deployment: Deployment,
        address: Deployment,
        supply: Arc<dyn Supply>,
    ) -> Upstream {
        Upstream { line, deployment, address, supply, stamp: Mutex::default(), in_vain: tokio::sync::Mutex::default() }
    }

    /// Sends a request on, and returns the answer once its head is there.
    ///
    /// # Errors
    /// There is no token, or the deployment does not answer.
    pub(super) async fn send(
        &self,
        parts: &Parts,
        body: Incoming,
        pulse: &Pulse,
    ) -> Result<Response<reqwest::Body>, Refusal> {
        let asked = Asked { method: &parts.method, url: self.url(parts)?, headers: onward(&parts.headers) };
        let is_small = body.size_hint().upper().is_some_and(|most| most <= REPEATABLE);
        let answer = match reads(asked.method, parts.uri.path()) && is_small {
            true => self.repeatable(&asked, body, pulse).await?,
            false => self.once(&asked, body, pulse).await?,
        };
        Ok(self.back(answer))
    }

    async fn repeatable(&self, asked: &Asked<'_>, body: Incoming, pulse: &Pulse) -> Result<reqwest::Response, Refusal> {
        let broken = |_| Refusal::new(StatusCode::BAD_REQUEST, "the body broke off");
        let body = body.collect().await.map_err(broken)?.to_bytes();
        let held = self.held()?;
        match self.ask(&held, asked, body.clone().into(), pulse).await {
            Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => match self.newer(&held).await {
                Some(newer) => self.ask(&newer, asked, body.into(), pulse).await,
                None => Ok(answer),
            },
            // A connection that was kept, and that the other side has just closed.
            Err(refusal) if refusal.status == StatusCode::BAD_GATEWAY => {
                self.ask(&self.held()?, asked, body.into(), pulse).await
            }
            answer => answer,
        }
    }

    async fn once(&self, asked: &Asked<'_>, body: Incoming, pulse: &Pulse) -> Result<reqwest::Response, Refusal> {
        let held = self.held()?;
        let body = if body.is_end_stream() { Bytes::new().into() } else { reqwest::Body::wrap(body) };
        let answer = self.ask(&held, asked, body, pulse).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            // For whatever is asked next.
            let _ = self.newer(&held).await;
        }
        Ok(answer)
    }

    async fn ask(
        &self,
        held: &Arc<Credential>,
        asked: &Asked<'_>,
        body: reqwest::Body,
        pulse: &Pulse,
    ) -> Result<reqwest::Response, Refusal> {
        let mut request = reqwest::Request::new(asked.method.clone(), asked.url.clone());
        *request.headers_mut() = asked.headers.clone();
        request.headers_mut().insert(AUTHORIZATION, self.stamp(held));
        *request.body_mut() = Some(body);
        let host = self.deployment.host();
        match either(self.line.client.execute(request), pulse.stops(IDLE)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(unanswered(&failure(error, host, self.line.proxied))),
            Err(()) => Err(unanswered(&timeout(host))),
        }
    }

    /// The token of the moment, for this deployment.
    fn held(&self) -> Result<Arc<Credential>, Refusal> {
        let none = |message: &str| Refusal::new(StatusCode::BAD_GATEWAY, message);
        let held = self.supply.held();
        let held = held.ok_or_else(|| none("there is no token at the moment; co-cred doctor says more"))?;
        match held.deployment().is_some_and(|sited| sited.deployment == self.deployment) {
            true => Ok(held),
            false => Err(none("the token that is found now is for another deployment: start it anew")),
        }
    }

    /// Another token than the one that the deployment did not accept, where there is one by now.
    async fn newer(&self, than: &Arc<Credential>) -> Option<Arc<Credential>> {
        // One after the other: whoever waited finds what the one before has found.
        let mut in_vain = self.in_vain.lock().await;
        let other = || self.held().ok().filter(|held| held.token() != than.token());
        if let Some(newer) = other() {
            return Some(newer);
        }
        if in_vain.as_ref().is_some_and(|(token, when)| Arc::ptr_eq(token, than) && when.elapsed() < AGAIN) {
            return None;
        }
        let supply = Arc::clone(&self.supply);
        let _ = tokio::task::spawn_blocking(move || supply.look_again()).await;
        *in_vain = Some((Arc::clone(than), Instant::now()));
        other()
    }

    /// HTTP Basic, with the token as user name and an empty password.
    fn stamp(&self, held: &Arc<Credential>) -> HeaderValue {
        let mut stamp = self.stamp.lock().unwrap_or_else(PoisonError::into_inner);
        match &*stamp {
            Some((token, header)) if Arc::ptr_eq(token, held) => header.clone(),
            _ => {
                let user = Zeroizing::new(format!("{}:", held.token().expose()));
                let header = Zeroizing::new(format!("Basic {}", STANDARD.encode(&*user)));
                let mut header = HeaderValue::from_str(&header).unwrap_or_else(|_| HeaderValue::from_static("Basic"));
                header.set_sensitive(true);
                *stamp = Some((Arc::clone(held), header.clone()));
                header
            }
        }
    }

    /// # Errors
    /// It would not be the path that the policy has seen.
    fn url(&self, parts: &Parts) -> Result<Url, Refusal> {
        let wanted = parts.uri.path_and_query().map_or("/", |wanted| wanted.as_str());
        let url = Url::parse(&format!("{}{wanted}", self.deployment.origin())).ok();
        url.filter(|url| url.path() == parts.uri.path()).ok_or_else(|| {
            Refusal::forbidden("path", "the path is not plain: it has characters that are to be encoded")
        })
    }

    /// The deployment's answer, as it is handed on.
    fn back(&self, answer: reqwest::Response) -> Response<reqwest::Body> {
        let mut response = Response::from(answer);
        let headers = response.headers_mut();
        drop_hop_by_hop(headers);
        headers.remove(SET_COOKIE);
        let here = |to: &HeaderValue| {
            let path = to.to_str().ok()?.strip_prefix(self.deployment.origin()).filter(|path| path.starts_with('/'))?;
            HeaderValue::from_str(&format!("{}{path}", self.address.origin())).ok()
        };
        if let Some(location) = headers.get(LOCATION).and_then(here) {
            headers.insert(LOCATION, location);
        }
        response
    }
}

/// What is asked, but for the body.
struct Asked<'a> {
    method: &'a Method,
    url: Url,
    headers: HeaderMap,
}

/// The headers of a request that go further.
fn onward(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    drop_hop_by_hop(&mut headers);
    OF_REQUEST.iter().for_each(|name| drop(headers.remove(name)));
    IN_DISGUISE.iter().for_each(|name| drop(headers.remove(*name)));
    headers
}

/// What is for one hop, and what the message itself says is (RFC 9110, section 7.6.1).
fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> =
        named.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    named.iter().chain(&OF_HOP).for_each(|name| drop(headers.remove(name)));
}

fn unanswered(error: &Error) -> Refusal {
    let status = if error.reason == Reason::Timeout { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
    let hint = error.hint.as_deref().map_or_else(String::new, |hint| format!(" ({hint})"));
    Refusal::new(status, &format!("{}{hint}", error.what))
}
