//! The path of a request through the broker: pass, policy, rate, audit, deployment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http_body_util::Either;
use hyper::body::{Body as _, Incoming};
use hyper::http::request::Parts;
use hyper::{Request, Response};

use crate::http::Body;

use super::audit::{AuditFile, AuditedRequest};
use super::idle_timer::IdleTimer;
use super::pass::PassCheck;
use super::path::{ApiPath, PathError};
use super::policy::Policy;
use super::rate::RateLimit;
use super::refusal::Refusal;
use super::restrictions::Restrictions;
use super::upstream::Upstream;

/// Answers requests, with the deployment's answer where they pass.
pub(super) struct Proxy {
    pass: PassCheck,
    policy: Policy,
    rate: Option<RateLimit>,
    audit: Option<AuditFile>,
    upstream: Upstream,
    /// Set by the first request, with the pass or without.
    has_requests: Arc<AtomicBool>,
}

/// How a request passes.
struct Admitted<'a> {
    path: &'a ApiPath<'a>,
    /// The rule that lets it pass.
    rule: &'a str,
    /// How long it waits for its turn.
    wait: Duration,
}

impl Proxy {
    pub(super) fn new(
        pass: PassCheck,
        restrictions: Restrictions,
        upstream: Upstream,
        has_requests: Arc<AtomicBool>,
    ) -> Proxy {
        let Restrictions { policy, rate, audit } = restrictions;
        Proxy { pass, policy, rate, audit, upstream, has_requests }
    }

    /// Answers a request; `authenticated` is called once it has shown the pass.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        timer: &IdleTimer,
        authenticated: impl FnOnce(),
    ) -> Response<Body> {
        self.has_requests.store(true, Ordering::Relaxed);
        let (parts, body) = request.into_parts();
        let is_unread = !body.is_end_stream();
        self.forward(&parts, body, timer, authenticated).await.map_or_else(
            |refusal| refusal.response(is_unread).map(Either::Left),
            |response| response.map(Either::Right),
        )
    }

    /// Checks, records and forwards a request; returns the deployment's response.
    ///
    /// # Errors
    /// The request does not pass, or the deployment does not answer.
    async fn forward(
        &self,
        parts: &Parts,
        body: Incoming,
        timer: &IdleTimer,
        authenticated: impl FnOnce(),
    ) -> Result<Response<Incoming>, Refusal> {
        // What is refused here is not recorded: another user could fill the disk with it.
        self.authenticate(parts)?;
        timer.authenticate();
        authenticated();
        let path = ApiPath::parse(parts.uri.path());
        let audited = |rule: &str| {
            let path = path.as_ref().map_or(parts.uri.path(), ApiPath::encoded);
            AuditedRequest::new(parts.method.as_str(), path, rule)
        };
        let audit = self.audit.as_ref();
        let Admitted { path, rule, wait } = self.admit(parts, path.as_ref()).inspect_err(|refusal| {
            if let Some(audit) = audit {
                audit.refuse(&audited(refusal.rule()), refusal.status().as_u16());
            }
        })?;
        let entry = audit.map(|audit| audit.begin(&audited(rule))).transpose().map_err(|_| Refusal::NotRecorded)?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let answer = self.upstream.send(parts, path, body, timer).await.map_err(Refusal::Upstream);
        if let Some(entry) = entry {
            entry.respond(answer.as_ref().map_or_else(Refusal::status, Response::status).as_u16());
        }
        answer
    }

    /// Checks that the request is for this broker and shows the pass.
    ///
    /// # Errors
    /// It does not. A browser, which has no pass and follows a link in an answer, is redirected to the deployment's page.
    fn authenticate(&self, parts: &Parts) -> Result<(), Refusal> {
        self.pass.check_host(parts).map_err(Refusal::Unauthorized)?;
        self.pass.check_pass(parts).map_err(|error| {
            let page = self.upstream.page(parts).map(Refusal::Page);
            page.unwrap_or(Refusal::Unauthorized(error))
        })
    }

    /// Checks the path, the policy and the rate limit.
    ///
    /// # Errors
    /// One of them refuses the request.
    fn admit<'a>(&'a self, parts: &Parts, path: Result<&'a ApiPath<'a>, &PathError>) -> Result<Admitted<'a>, Refusal> {
        if let Some(page) = self.upstream.page(parts) {
            return Err(Refusal::Page(page));
        }
        let path = path.map_err(|error| Refusal::Path(*error))?;
        let rule = self.policy.check(&parts.method, path).map_err(Refusal::Denied)?;
        let wait = match &self.rate {
            Some(rate) => rate.take_turn(Instant::now()).map_err(Refusal::RateExceeded)?,
            None => Duration::ZERO,
        };
        Ok(Admitted { path, rule, wait })
    }
}
