//! What an agent answers to which request, on every system.

use std::sync::Arc;
use std::time::Duration;

use co_cred::agent::{RefreshLoop, Responder};
use co_cred::credential::{Mode, ObtainOptions};
use co_cred::ipc::BrokerOffer;
use co_cred::sources::{SearchContext, SearchOptions};
use co_cred::verify::RetryBudget;
use serde_json::{Value, json};

use crate::support::sandbox::{Sandbox, TOKEN};

/// The responses of an agent with this environment to each line.
fn responses(sandbox: &Sandbox, broker: Option<BrokerOffer>, lines: &[&str]) -> Vec<Value> {
    let budget = RetryBudget { timeout: Duration::from_secs(1), wait: None };
    let context = SearchContext::new(&sandbox.env);
    let search = SearchOptions::new(&context);
    let options = ObtainOptions { search, mode: Mode::Never, budget, needs: &[], owner: false };
    let mut refresh = RefreshLoop::new(&options, false);
    refresh.refresh(&options, &mut |outcome| outcome.retry_after);
    let responder = Responder::new(Arc::clone(refresh.token_state()), broker);
    lines.iter().map(|line| serde_json::to_value(responder.respond(line.as_bytes())).unwrap()).collect()
}

fn with_token() -> Sandbox {
    Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).with("CODEOCEAN_DOMAIN", "co.example.org")
}

#[test]
fn the_token_is_given_for_its_deployment_only() {
    let lines = [
        r#"{"ask":"token"}"#,
        r#"{"ask":"token","deployment":"https://co.example.org"}"#,
        r#"{"ask":"token","deployment":"https://other.example.org"}"#,
    ];
    let responses = responses(&with_token(), None, &lines);
    let token = json!({
        "answer": "token", "token": TOKEN, "place": "CODEOCEAN_TOKEN", "deployment": "https://co.example.org",
        "email": null, "expires": null,
    });
    assert_eq!(responses, [token.clone(), token, json!({ "answer": "none" })]);
}

#[test]
fn an_agent_with_a_broker_gives_no_token() {
    let offer = BrokerOffer {
        domain: "http://127.0.0.1:1".to_owned(),
        token: "cop_runonly1234".to_owned().into(),
        rules: vec!["--read-only".to_owned()],
    };
    let lines = [r#"{"ask":"token"}"#, r#"{"ask":"broker"}"#, r#"{"ask":"status"}"#];
    let responses = responses(&with_token(), Some(offer), &lines);
    assert_eq!(responses[0]["answer"], "error");
    assert_eq!((&responses[1]["answer"], &responses[1]["token"]), (&json!("broker"), &json!("cop_runonly1234")));
    assert_eq!(
        (&responses[2]["broker"], &responses[2]["rules"]),
        (&json!("http://127.0.0.1:1"), &json!(["--read-only"]))
    );
    assert!(!responses.iter().any(|response| response.to_string().contains(TOKEN)), "{responses:?}");
}

#[test]
fn an_agent_without_a_token_says_why() {
    let responses = responses(&Sandbox::new(), None, &[r#"{"ask":"token"}"#, r#"{"ask":"broker"}"#]);
    let why = responses[0]["message"].as_str().unwrap();
    assert!(responses[0]["answer"] == "none" && why.contains("no Code Ocean access token"), "{responses:?}");
    assert_eq!(responses[1], json!({ "answer": "none" }));
}

#[test]
fn requests_that_are_not_understood_get_an_error() {
    let lines = ["", "{", "[]", r#"{"ask":"tokens"}"#, r#"{"answer":"stopping"}"#];
    for response in responses(&with_token(), None, &lines) {
        assert_eq!(response, json!({ "answer": "error", "message": "the request is not understood" }));
    }
    assert_eq!(responses(&with_token(), None, &[r#"{"ask":"stop"}"#])[0], json!({ "answer": "stopping" }));
}
