//! Forwards a request to the deployment with the real token, streams both bodies, and repeats once what only reads.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Either};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{AUTHORIZATION, HOST, HeaderValue, LOCATION, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Uri};

use crate::credential::Credential;
use crate::deployment::Deployment;
use crate::http::{Body, ForwardClient, timeout};

use super::idle_timer::IdleTimer;
use super::path::ApiPath;
use super::policy::is_read;
use super::token_supply::{DeploymentTokens, TokenSupply};
use super::upstream_error::UpstreamError;
use super::{headers, redirect};

/// The longest body that is kept in memory, so that a request that reads can be repeated, in bytes.
const MAX_REPEATABLE: u64 = 64 * 1024;

/// A request that the policy lets through, and its URL at the deployment.
struct Forwarded<'a> {
    parts: &'a Parts,
    url: Uri,
}

/// The client of one deployment.
pub(super) struct Upstream {
    client: ForwardClient,
    /// How long a new connection may take.
    connect_timeout: Duration,
    deployment: Deployment,
    origin: Uri,
    host: HeaderValue,
    /// The broker's own address, for redirects within the deployment.
    address: Deployment,
    tokens: DeploymentTokens,
}

impl Upstream {
    pub(super) fn new(
        client: ForwardClient,
        connect_timeout: Duration,
        deployment: Deployment,
        address: Deployment,
        supply: Arc<dyn TokenSupply>,
    ) -> Upstream {
        let origin: Uri = deployment.origin().parse().unwrap_or_default();
        let host = origin.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
        let host = host.unwrap_or_else(|| HeaderValue::from_static(""));
        let tokens = DeploymentTokens::new(supply, deployment.clone());
        Upstream { client, connect_timeout, deployment, origin, host, address, tokens }
    }

    /// Forwards a request, and returns the response once its head has come.
    ///
    /// # Errors
    /// There is no token, the request cannot be forwarded, or the deployment does not answer.
    pub(super) async fn send(
        &self,
        parts: &Parts,
        path: &ApiPath<'_>,
        body: Incoming,
        timer: &IdleTimer,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let mut codings = parts.headers.get_all(TRANSFER_ENCODING).iter();
        if codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
            return Err(UpstreamError::TransferCoding);
        }
        let is_small = body.size_hint().upper().is_some_and(|most| most <= MAX_REPEATABLE);
        let request = Forwarded { parts, url: self.url(path, &parts.uri)? };
        let response = match is_read(&parts.method, path.decoded()) && is_small {
            true => self.send_repeatable(&request, body, timer).await?,
            false => self.send_once(&request, body, timer).await?,
        };
        match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => Err(UpstreamError::ProtocolSwitch),
            _ => Ok(self.response(response, &request)),
        }
    }

    /// Sends a request that may be repeated: with a newer token, or on another connection.
    async fn send_repeatable(
        &self,
        request: &Forwarded<'_>,
        body: Incoming,
        timer: &IdleTimer,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let body = match body.is_end_stream() {
            true => Bytes::new(),
            false => body.collect().await.map_err(|_| UpstreamError::BodyCutOff)?.to_bytes(),
        };
        let credential = self.tokens.current()?;
        let copy = || Either::Left(body.clone().into());
        match self.attempt(&credential, request, copy(), timer).await {
            Ok(response) if response.status() == StatusCode::UNAUTHORIZED => {
                match self.tokens.replacement(&credential).await {
                    Some(newer) => self.attempt(&newer, request, copy(), timer).await,
                    None => Ok(response),
                }
            }
            Err(error) if error.is_worth_a_retry() => {
                self.attempt(&self.tokens.current()?, request, copy(), timer).await
            }
            outcome => outcome,
        }
    }

    async fn send_once(
        &self,
        request: &Forwarded<'_>,
        body: Incoming,
        timer: &IdleTimer,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let credential = self.tokens.current()?;
        let response = self.attempt(&credential, request, Either::Right(body), timer).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            // For the next request: this one is not repeated.
            let _ = self.tokens.replacement(&credential).await;
        }
        Ok(response)
    }

    async fn attempt(
        &self,
        credential: &Arc<Credential>,
        forwarded: &Forwarded<'_>,
        body: Body,
        timer: &IdleTimer,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let mut request = Request::new(body);
        *request.method_mut() = forwarded.parts.method.clone();
        *request.uri_mut() = forwarded.url.clone();
        *request.headers_mut() = headers::forwarded(&forwarded.parts.headers);
        request.headers_mut().insert(AUTHORIZATION, self.tokens.authorization(credential));
        request.headers_mut().insert(HOST, self.host.clone());
        let connected_by = tokio::time::Instant::now() + self.connect_timeout;
        tokio::select! {
            biased;
            answered = self.client.send(request, connected_by) => answered.map_err(UpstreamError::NoAnswer),
            () = timer.timed_out() => Err(UpstreamError::NoAnswer(timeout(self.deployment.host()))),
        }
    }

    /// The page of the deployment at the path of a request outside the API: a browser may have followed a link in an answer.
    pub(super) fn page(&self, parts: &Parts) -> Option<HeaderValue> {
        let is_shown = matches!(parts.method, Method::GET | Method::HEAD);
        is_shown.then(|| redirect::page(&parts.uri, &self.deployment)).flatten()
    }

    /// The URL at the deployment: the very path that the policy has seen, and the query.
    fn url(&self, path: &ApiPath<'_>, uri: &Uri) -> Result<Uri, UpstreamError> {
        let mut url = self.origin.clone().into_parts();
        url.path_and_query = path.with_query(uri);
        Uri::from_parts(url).map_err(|_| UpstreamError::InvalidUrl)
    }

    /// The deployment's response, as the client gets it.
    fn response(&self, mut response: Response<Incoming>, forwarded: &Forwarded<'_>) -> Response<Incoming> {
        let headers = response.headers_mut();
        headers::strip_response(headers);
        let host = forwarded.parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let broker = host.unwrap_or_else(|| self.address.origin().trim_start_matches("http://"));
        let location = headers.get(LOCATION);
        let rewritten = location.and_then(|value| redirect::location(value, &forwarded.url, &self.deployment, broker));
        if let Some(location) = rewritten {
            headers.insert(LOCATION, location);
        }
        response
    }
}
