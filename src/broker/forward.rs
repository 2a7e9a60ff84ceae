//! One request on its way: who asks, may they, is it their turn, what does the deployment say.

use std::time::Instant;

use http_body_util::Either;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};

use crate::client::Body;

use super::Limits;
use super::audit::Entry;
use super::guard::Guard;
use super::pulse::Pulse;
use super::refusal::Refusal;
use super::upstream::Upstream;

/// All that a request needs.
pub(super) struct Desk {
    pub(super) guard: Guard,
    pub(super) limits: Limits,
    pub(super) upstream: Upstream,
}

impl Desk {
    /// Answers a request; `known` is called once it has shown the pass.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        pulse: &Pulse,
        known: impl FnOnce(),
    ) -> Response<Body> {
        let (parts, body) = request.into_parts();
        // What cannot be noted is not begun, and what is not begun need not be.
        let audit = self.limits.audit.as_ref();
        let is_ready = audit.is_none_or(|audit| audit.is_ready());
        let mut entry =
            audit.filter(|_| is_ready).map(|audit| Entry::new(audit, parts.method.as_str(), parts.uri.path()));
        let mut by = |rule: &str| entry.iter_mut().for_each(|entry| entry.by(rule));
        let admitted = self.admit(&parts, pulse, known).and_then(|rule| {
            by(rule);
            if is_ready { Ok(()) } else { Err(not_noted()) }
        });
        let answer = match admitted {
            Ok(()) => self.forward(&parts, body, pulse).await,
            Err(refusal) => Err(refusal),
        };
        let response = answer.map(|response| response.map(Either::Right)).unwrap_or_else(|refusal| {
            refusal.rule.iter().for_each(|rule| by(rule));
            refusal.answer().map(Either::Left)
        });
        if let Some(entry) = entry {
            entry.answered(response.status().as_u16());
        }
        response
    }

    /// The rule by which it may pass.
    fn admit(&self, parts: &Parts, pulse: &Pulse, known: impl FnOnce()) -> Result<&str, Refusal> {
        self.guard.admit(parts)?;
        if pulse.know() {
            known();
        }
        self.limits.policy.judge(&parts.method, parts.uri.path())
    }

    async fn forward(&self, parts: &Parts, body: Incoming, pulse: &Pulse) -> Result<Response<Incoming>, Refusal> {
        if let Some(rate) = &self.limits.rate {
            match rate.turn(Instant::now()) {
                Ok(wait) if wait.is_zero() => {}
                Ok(wait) => tokio::time::sleep(wait).await,
                Err(later) => {
                    let rule = rate.to_string();
                    let message = format!("too many requests for {rule}");
                    let refusal = Refusal::by(&rule, StatusCode::TOO_MANY_REQUESTS, &message);
                    return Err(Refusal { retry_after: Some(later.as_secs() + 1), ..refusal });
                }
            }
        }
        self.upstream.send(parts, body, pulse).await
    }
}

fn not_noted() -> Refusal {
    let message = "the file of --audit cannot be written, and nothing passes unnoted";
    Refusal::by("--audit", StatusCode::SERVICE_UNAVAILABLE, message)
}
