//! The documented API: both searches, one capsule, one computation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Response;
use hyper::http::request::Parts;
use serde_json::{Value, json};

use crate::Account;
use crate::serve::{Body, message, reply};

/// The one capsule.
pub(crate) const CAPSULE: &str = "7dd2f1a3-90be-4f36-8d32-2fbd9cbf0a1f";

/// The one computation.
const COMPUTATION: &str = "0f3c7a52-6a55-4c6c-9d0e-6f2f4d0f2a11";

pub(crate) fn answer(parts: &Parts, body: &[u8], accounts: &[Account], ownership: Option<&str>) -> Response<Body> {
    let Some(endpoint) = parts.uri.path().strip_prefix("/api/v1/") else {
        return message(404, "not found");
    };
    let Some(account) = account(parts, accounts) else {
        return message(401, "no valid access token provided");
    };
    let granted = if endpoint.starts_with("data_assets") { account.data_assets } else { account.capsules };
    if !granted {
        return message(403, "the token doesn't have permissions");
    }
    match (parts.method.as_str(), &endpoint.split('/').collect::<Vec<_>>()[..]) {
        ("POST", ["capsules", "search"]) => search(body, ownership, account.has_capsule.then(|| capsule(account))),
        ("POST", ["data_assets", "search"]) => search(body, ownership, Some(data_asset(account))),
        ("GET", ["capsules", CAPSULE]) => found(&capsule(account)),
        ("GET", ["computations", COMPUTATION]) => found(&computation(account)),
        _ => message(404, "not found"),
    }
}

/// The account of the token that stands as user name, with an empty password.
fn account<'a>(parts: &Parts, accounts: &'a [Account]) -> Option<&'a Account> {
    let decoded = String::from_utf8(STANDARD.decode(basic(parts)?).ok()?).ok()?;
    let token = decoded.strip_suffix(':')?;
    accounts.iter().find(|account| account.token == token)
}

/// What follows `Basic` in the request's authorization.
pub(crate) fn basic(parts: &Parts) -> Option<&str> {
    parts.headers.get("authorization")?.to_str().ok()?.strip_prefix("Basic ")
}

fn search(body: &[u8], ownership: Option<&str>, item: Option<Value>) -> Response<Body> {
    match serde_json::from_slice::<Value>(body) {
        Ok(asked) if asked.is_object() && ownership.is_none_or(|word| asked["ownership"] == word) => {
            found(&json!({ "has_more": false, "results": item.into_iter().collect::<Vec<_>>() }))
        }
        _ => message(400, "bad request"),
    }
}

fn found(value: &Value) -> Response<Body> {
    reply(200, "application/json", value.to_string())
}

fn capsule(account: &Account) -> Value {
    json!({
        "id": CAPSULE, "slug": "1234567", "name": "Spike sorting", "status": "non_release", "created": 1_700_000_000,
        "owner": "0b5c2d3e-1111-2222-3333-444455556666", "owner_email": account.email,
    })
}

fn data_asset(account: &Account) -> Value {
    json!({
        "id": "a5b6c7d8-1111-2222-3333-444455556666", "name": "Recordings", "created": 1_700_000_000, "state": "ready",
        "type": "dataset", "mount": "recordings", "last_used": 0,
        "owner": "0b5c2d3e-1111-2222-3333-444455556666", "owner_email": account.email,
    })
}

fn computation(account: &Account) -> Value {
    json!({
        "id": COMPUTATION, "name": "Run 42", "created": 1_700_000_000, "run_time": 60, "state": "completed",
        "owner": "0b5c2d3e-1111-2222-3333-444455556666", "owner_email": account.email, "end_status": "succeeded",
    })
}
