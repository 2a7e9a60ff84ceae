//! On to the deployment, and back: the real token in place of the pass, both bodies as they come, and no header that is
//! for the next hop alone, that would change what the policy has seen, or that carries another credential.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Either};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION,
    PROXY_AUTHENTICATE, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Uri};
use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::deployment::Deployment;
use crate::error::{Error, Reason};
use crate::http::{Body, HttpClient, timeout};

use super::Supply;
use super::idle_timer::{IdleTimer, either};
use super::path::ApiPath;
use super::policy::reads;
use super::redirect;
use super::refusal::Refusal;

/// The most bytes of a body that are kept, so that a request that reads can be repeated.
const REPEATABLE: u64 = 64 * 1024;

/// So long another token is not looked for again where none was.
const AGAIN: Duration = Duration::from_secs(5);

/// Headers that speak to the next hop alone (RFC 9110, section 7.6.1).
const OF_HOP: [HeaderName; 7] =
    [CONNECTION, HeaderName::from_static("keep-alive"), PROXY_AUTHENTICATE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// What goes no further with a request: what is made anew here, and cookies, since a session of the deployment's would be a
/// credential beside the token.
const OF_REQUEST: [HeaderName; 5] = [AUTHORIZATION, CONTENT_LENGTH, COOKIE, EXPECT, HOST];

/// A request that may pass, and the address at the deployment to which it goes.
struct Asked<'a> {
    parts: &'a Parts,
    address: Uri,
}

/// The way to one deployment.
pub(super) struct Upstream {
    client: HttpClient,
    /// How long a connection may take.
    connect: Duration,
    deployment: Deployment,
    origin: Uri,
    host: HeaderValue,
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
        client: HttpClient,
        connect: Duration,
        deployment: Deployment,
        address: Deployment,
        supply: Arc<dyn Supply>,
    ) -> Upstream {
        let origin: Uri = deployment.origin().parse().unwrap_or_default();
        let host = origin.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
        let host = host.unwrap_or_else(|| HeaderValue::from_static(""));
        let (stamp, in_vain) = (Mutex::default(), tokio::sync::Mutex::default());
        Upstream { client, connect, deployment, origin, host, address, supply, stamp, in_vain }
    }

    /// Sends a request on, and returns the answer once its head is there.
    ///
    /// # Errors
    /// There is no token, or the deployment does not answer.
    pub(super) async fn send(
        &self,
        parts: &Parts,
        path: &ApiPath<'_>,
        body: Incoming,
        idle: &IdleTimer,
    ) -> Result<Response<Incoming>, Refusal> {
        let coded = parts.headers.get_all(TRANSFER_ENCODING).iter();
        if coded.into_iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
            return Err(Refusal::new(
                StatusCode::NOT_IMPLEMENTED,
                "the body is coded in a way that cannot be handed on",
            ));
        }
        let is_small = body.size_hint().upper().is_some_and(|most| most <= REPEATABLE);
        let asked = Asked { parts, address: self.address_of(path, &parts.uri)? };
        let answer = match reads(&parts.method, path.judged()) && is_small {
            true => self.repeatable(&asked, body, idle).await?,
            false => self.once(&asked, body, idle).await?,
        };
        match answer.status() {
            StatusCode::SWITCHING_PROTOCOLS => Err(Refusal::new(
                StatusCode::BAD_GATEWAY,
                "the deployment speaks another protocol than it was asked in",
            )),
            _ => Ok(self.back(answer, &asked)),
        }
    }

    async fn repeatable(
        &self,
        asked: &Asked<'_>,
        body: Incoming,
        idle: &IdleTimer,
    ) -> Result<Response<Incoming>, Refusal> {
        let broken = |_| Refusal::new(StatusCode::BAD_REQUEST, "the body broke off");
        let body = match body.is_end_stream() {
            true => Bytes::new(),
            false => body.collect().await.map_err(broken)?.to_bytes(),
        };
        let held = self.held()?;
        let again = || Either::Left(body.clone().into());
        match self.ask(&held, asked, again(), idle).await {
            Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => match self.newer(&held).await {
                Some(newer) => self.ask(&newer, asked, again(), idle).await,
                None => Ok(answer),
            },
            // A connection that was kept, and that the other side has just closed.
            Err(refusal) if refusal.status == StatusCode::BAD_GATEWAY => {
                self.ask(&self.held()?, asked, again(), idle).await
            }
            answer => answer,
        }
    }

    async fn once(&self, asked: &Asked<'_>, body: Incoming, idle: &IdleTimer) -> Result<Response<Incoming>, Refusal> {
        let held = self.held()?;
        let answer = self.ask(&held, asked, Either::Right(body), idle).await?;
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
        body: Body,
        idle: &IdleTimer,
    ) -> Result<Response<Incoming>, Refusal> {
        let mut request = Request::new(body);
        *request.method_mut() = asked.parts.method.clone();
        *request.uri_mut() = asked.address.clone();
        *request.headers_mut() = onward(&asked.parts.headers);
        request.headers_mut().insert(AUTHORIZATION, self.stamp(held));
        request.headers_mut().insert(HOST, self.host.clone());
        match either(self.client.send(request, tokio::time::Instant::now() + self.connect), idle.is_silent()).await {
            Ok(answer) => answer.map_err(|error| unanswered(&error)),
            Err(()) => Err(unanswered(&timeout(self.deployment.host()))),
        }
    }

    /// The token of the moment, for this deployment.
    fn held(&self) -> Result<Arc<Credential>, Refusal> {
        let none = |message: &str| Refusal::new(StatusCode::BAD_GATEWAY, message);
        let held = self.supply.held().map_err(|why| none(&format!("there is no token at the moment: {why}")))?;
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
        if in_vain.as_ref().is_some_and(|(vain, when)| vain.token() == than.token() && when.elapsed() < AGAIN) {
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

    /// The deployment's own page for a request that is none of the API's, where a browser may have followed a link.
    pub(super) fn page(&self, parts: &Parts) -> Option<Refusal> {
        let shows = matches!(parts.method, Method::GET | Method::HEAD);
        let page = shows.then(|| redirect::page(&parts.uri, &self.deployment)).flatten();
        page.map(Refusal::page)
    }

    /// The very path that the policy has seen, and the query, at the deployment.
    fn address_of(&self, path: &ApiPath<'_>, uri: &Uri) -> Result<Uri, Refusal> {
        let mut at = self.origin.clone().into_parts();
        at.path_and_query = path.with_query(uri);
        Uri::from_parts(at).map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "this is no address"))
    }

    /// The deployment's answer, as it is handed on.
    fn back(&self, mut response: Response<Incoming>, asked: &Asked<'_>) -> Response<Incoming> {
        let headers = response.headers_mut();
        let named = named(headers);
        if headers.contains_key(TRANSFER_ENCODING) {
            // The length of something else (RFC 9112, section 6.3).
            headers.remove(CONTENT_LENGTH);
        }
        named.iter().chain(&OF_HOP).chain([&SET_COOKIE]).for_each(|name| drop(headers.remove(name)));
        let host = asked.parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let here = host.unwrap_or_else(|| self.address.origin().trim_start_matches("http://"));
        let location = headers.get(LOCATION);
        if let Some(to) = location.and_then(|said| redirect::location(said, &asked.address, &self.deployment, here)) {
            headers.insert(LOCATION, to);
        }
        response
    }
}

/// The headers of a request that go further, with room for two more.
fn onward(headers: &HeaderMap) -> HeaderMap {
    let named = named(headers);
    let mut onward = HeaderMap::with_capacity(headers.len() + 2);
    for (name, value) in headers {
        // An empty body says so, or it may be waited for.
        let is_empty = name == CONTENT_LENGTH && value == "0";
        let is_dropped = || [&OF_HOP[..], &OF_REQUEST, &named].into_iter().any(|dropped| dropped.contains(name));
        if is_empty || !(is_disguise(name.as_str()) || is_dropped()) {
            onward.append(name, value.clone());
        }
    }
    onward
}

/// Whether a server may take it for another header, as CGI does with `_`, for another request than it is, or for what a
/// proxy before it says.
fn is_disguise(name: &str) -> bool {
    const STARTS: [&str; 9] = [
        "forwarded",
        "http2-settings",
        "proxy-",
        "x-forwarded",
        "x-http-",
        "x-method",
        "x-original-",
        "x-real-ip",
        "x-rewrite-",
    ];
    name.contains('_') || STARTS.iter().any(|start| name.starts_with(start))
}

/// What a message itself says is for one hop.
fn named(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect()
}

fn unanswered(error: &Error) -> Refusal {
    let status = match error.reason {
        Reason::Timeout => StatusCode::GATEWAY_TIMEOUT,
        // What was to be sent on broke off.
        Reason::Usage => StatusCode::BAD_REQUEST,
        _ => StatusCode::BAD_GATEWAY,
    };
    let hint = error.hint.as_deref().map_or_else(String::new, |hint| format!(" ({hint})"));
    Refusal::new(status, &format!("{}{hint}", error.what))
}
