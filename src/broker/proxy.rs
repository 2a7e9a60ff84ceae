//! One request on its way: who asks, may they, is it their turn, what does the deployment say.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http_body_util::Either;
use hyper::body::{Body as _, Incoming};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};

use crate::http::Body;

use super::Limits;
use super::audit::Asked;
use super::guard::Guard;
use super::idle_timer::IdleTimer;
use super::path::ApiPath;
use super::refusal::Refusal;
use super::upstream::Upstream;

/// All that a request needs.
pub(super) struct Proxy {
    pub(super) guard: Guard,
    pub(super) limits: Limits,
    pub(super) upstream: Upstream,
    /// Whether any request came, by a program with the pass or without.
    pub(super) is_asked: Arc<AtomicBool>,
}

impl Proxy {
    /// Answers a request; `known` is called once it has shown the pass.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        idle: &IdleTimer,
        known: impl FnOnce(),
    ) -> Response<Body> {
        self.is_asked.store(true, Ordering::Relaxed);
        let (parts, body) = request.into_parts();
        let is_unread = !body.is_end_stream();
        let path = ApiPath::read(parts.uri.path());
        let noted = path.as_ref().map_or(parts.uri.path(), ApiPath::sent);
        let asked = |rule: &str| Asked::new(parts.method.as_str(), noted, rule);
        let audit = self.limits.audit.as_ref();
        let mut is_known = false;
        let (path, rule, wait) = match self.admit(&parts, path.as_ref(), idle, || {
            is_known = true;
            known();
        }) {
            Ok(admitted) => admitted,
            Err(refusal) => {
                // A stranger is not noted, who could fill the disk without ever being let in.
                if let (Some(audit), true) = (audit, is_known) {
                    let rule = refusal.rule.as_deref().unwrap_or_default();
                    audit.refused(&asked(rule), refusal.status.as_u16());
                }
                return refusal.answer(is_unread).map(Either::Left);
            }
        };
        // What cannot be noted is not begun.
        let Ok(entry) = audit.map(|audit| audit.begin(asked(rule))).transpose() else {
            return not_noted().answer(is_unread).map(Either::Left);
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let answer = self.upstream.send(&parts, path, body, idle).await;
        let response = answer
            .map(|response| response.map(Either::Right))
            .unwrap_or_else(|refusal| refusal.answer(is_unread).map(Either::Left));
        if let Some(entry) = entry {
            entry.answered(response.status().as_u16());
        }
        response
    }

    /// Its path, the rule by which it may pass, and how long it is to wait for its turn.
    ///
    /// # Errors
    /// It may not.
    fn admit<'a>(
        &self,
        parts: &Parts,
        path: Result<&'a ApiPath<'a>, &&'static str>,
        idle: &IdleTimer,
        known: impl FnOnce(),
    ) -> Result<(&'a ApiPath<'a>, &str, Duration), Refusal> {
        self.guard.is_meant(parts)?;
        let shown = self.guard.shows_pass(parts);
        if shown.is_ok() {
            idle.know();
            known();
        }
        // A browser has no pass, and follows a link in an answer.
        self.upstream.page(parts).map_or(Ok(()), Err)?;
        shown?;
        let path = path.map_err(|why| Refusal::forbidden("path", why))?;
        let rule = self.limits.policy.judge(&parts.method, path)?;
        let Some(rate) = &self.limits.rate else { return Ok((path, rule, Duration::ZERO)) };
        let wait = rate.turn(Instant::now()).map_err(|later| {
            let (rate, again) = (rate.to_string(), later.as_secs() + 1);
            let message = format!("too many requests for {rate}: the next turn is in {again} s");
            Refusal { retry_after: Some(again), ..Refusal::by(&rate, StatusCode::TOO_MANY_REQUESTS, &message) }
        })?;
        Ok((path, rule, wait))
    }
}

fn not_noted() -> Refusal {
    let message = "the file of --audit cannot be written, and nothing passes unnoted";
    Refusal::by("--audit", StatusCode::SERVICE_UNAVAILABLE, message)
}
