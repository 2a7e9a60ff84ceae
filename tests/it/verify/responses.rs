//! What each response of a deployment means, and what is sent.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use fake_deployment::{Account, Fault, Plan};
use serde_json::json;

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

use super::cache::cached_verdicts;
use super::servers::sandbox_at;

#[test]
fn second_ownership_value_is_sent_after_400() {
    let deployment = Plan::with_token(TOKEN).ownership("created").start();
    let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    let status = sandbox.run(["status", "--json"]).expect(0).json();
    assert_eq!((&status["verdict"], &status["owner"]), (&"valid".into(), &"ada@example.org".into()));
    let statuses: Vec<u16> = deployment.seen().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [400, 200]);
    // A deployment that accepts neither value gets no third request, and nothing is cached.
    let deployment = Plan::with_token(TOKEN).ownership("neither").start();
    let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    for _ in 0..2 {
        let ran = sandbox.run(["check"]).expect(5);
        assert!(ran.err.contains("400"), "{ran:?}");
    }
    assert_eq!(deployment.seen().len(), 4);
}

/// The exit code and JSON of `check`, and the number of requests.
fn verdict(plan: Plan, args: &[&str]) -> (i32, serde_json::Value, usize) {
    let deployment = plan.start();
    let ran = sandbox_at(&deployment).run(["check", "--json"].iter().chain(args));
    (ran.code, ran.json(), deployment.seen().len())
}

#[test]
fn each_response_has_one_meaning() {
    use Fault::{CutOff, Html, None as Fine, OtherJson, Redirect, Status, TooManyRequests};
    let good = || Plan::with_token(TOKEN);
    let table: [(&str, Plan, &[&str], i32, &str, usize); 25] = [
        ("200", good(), &[], 0, "valid", 1),
        ("401/401", Plan::with_token(OTHER), &[], 4, "rejected", 2),
        ("401/200", good().faults([Status(401)]), &[], 0, "valid", 2),
        ("401/200, needed", good().faults([Status(401)]), &["--need", "capsule:read"], 7, "valid", 2),
        ("403/200", good().faults([Status(403)]), &[], 0, "valid", 2),
        ("403/200, needed", good().faults([Status(403)]), &["--need", "capsule:read"], 7, "valid", 2),
        ("403/200, the other", good().faults([Status(403)]), &["--need", "data-asset:read"], 0, "valid", 2),
        ("200/403, needed", good().faults([Fine, Status(403)]), &["--need", "data-asset:read"], 7, "valid", 2),
        ("403/403", good().faults([Status(403), Status(403)]), &[], 7, "valid", 2),
        ("403/401", good().faults([Status(403), Status(401)]), &[], 7, "valid", 2),
        ("429 then 200", good().faults([TooManyRequests(0)]), &[], 0, "valid", 2),
        ("502 then 200", good().faults([Status(502)]), &[], 0, "valid", 2),
        ("503, 504 then 200", good().faults([Status(503), Status(504)]), &[], 0, "valid", 3),
        ("429, longer than there is time", good().faults([TooManyRequests(60)]), &[], 5, "unreachable", 1),
        ("400 to one word, 200 to the other", good().faults([Status(400)]), &[], 0, "valid", 2),
        ("400 to both", good().faults([Status(400), Status(400)]), &[], 5, "unreachable", 2),
        ("404", good().faults([Status(404)]), &[], 5, "unreachable", 1),
        ("cut off", good().faults([CutOff]), &[], 5, "unreachable", 1),
        ("cut off, then 200", good().faults([CutOff]), &["--wait", "5s"], 0, "valid", 2),
        ("401 in HTML", good().faults([Fault::HtmlStatus(401)]), &[], 5, "unreachable", 1),
        ("403 in HTML", good().faults([Fault::HtmlStatus(403)]), &[], 5, "unreachable", 1),
        ("HTML", good().faults([Html]), &[], 5, "unreachable", 1),
        ("other JSON", good().faults([OtherJson]), &[], 5, "unreachable", 1),
        ("redirect", good().faults([Redirect("/signin".into())]), &[], 5, "unreachable", 1),
        ("429, then 401/401", Plan::with_token(OTHER).faults([TooManyRequests(0)]), &[], 4, "rejected", 3),
    ];
    std::thread::scope(|scope| {
        for (name, plan, args, code, word, asked) in table {
            scope.spawn(move || {
                let (got, json, seen) = verdict(plan, args);
                assert_eq!((got, json["verdict"].as_str(), seen), (code, Some(word), asked), "{name}: {json}");
            });
        }
    });
}

#[test]
fn repeated_errors_end_as_unreachable_within_the_timeout() {
    for fault in [Fault::TooManyRequests(0), Fault::Status(500), Fault::Slow(Duration::from_secs(60))] {
        let start = Instant::now();
        let (code, json, seen) = verdict(Plan::with_token(TOKEN).always(fault.clone()), &["--timeout", "1s"]);
        assert_eq!((code, json["verdict"].as_str()), (5, Some("unreachable")), "{fault:?}: {json}");
        assert!(start.elapsed() < Duration::from_secs(3), "{fault:?} took {:?}", start.elapsed());
        assert!(matches!(fault, Fault::Slow(_)) || (2..20).contains(&seen), "{fault:?} was asked {seen} times");
    }
}

/// A server that answers each connection with these bytes, then with `drip` again and again.
fn raw_server(head: &'static [u8], drip: Option<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(head);
                while let Some(drip) = drip {
                    std::thread::sleep(Duration::from_millis(if drip.len() > 1000 { 0 } else { 50 }));
                    if stream.write_all(drip).is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}

#[test]
fn endless_responses_are_abandoned() {
    static FLOOD: [u8; 64 * 1024] = [b' '; 64 * 1024];
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
    for (name, drip, slow) in [("drip", &b" "[..], true), ("flood", &FLOOD[..], false)] {
        let url = raw_server(head, Some(drip));
        let start = Instant::now();
        let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", url);
        let ran = sandbox.run(["check", "--timeout", "2s"]).expect(5);
        assert!(start.elapsed() < Duration::from_secs(4), "{name}: {ran:?} after {:?}", start.elapsed());
        assert_eq!(ran.err.contains("in time"), slow, "{name}: {ran:?}");
    }
    let url = raw_server(b"SSH-2.0-OpenSSH_9.2\r\n", None);
    Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", url).run(["check"]).expect(5);
}

#[test]
fn malformed_retry_after_is_bounded_by_the_timeout() {
    for value in ["18446744073709551615", "-1", "soon", "", "99999999999999999999999", "Wed, 21 Oct 2115 07:28:00 GMT"]
    {
        let head = format!("HTTP/1.1 429 Too Many\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n");
        let url = raw_server(head.leak().as_bytes(), None);
        let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", url);
        let start = Instant::now();
        let ran = sandbox.spawn(["check", "--timeout", "1s"]).expect(5);
        assert!(ran.err.contains("429") && start.elapsed() < Duration::from_secs(3), "{value}: {ran:?}");
    }
}

/// The answer of the deployment says more than that a retry ran out of time.
#[test]
fn retry_that_runs_out_of_time_reports_the_answer_before_it() {
    let deployment =
        Plan::with_token(TOKEN).faults([Fault::TooManyRequests(0), Fault::Slow(Duration::from_secs(60))]).start();
    let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    let ran = sandbox.spawn(["check", "--timeout", "2s"]).expect(5);
    assert!(ran.err.contains("429"), "{ran:?}");
}

#[test]
fn owner_that_echoes_the_token_is_not_shown_or_cached() {
    use base64::Engine;
    // Without the shape of a token.
    let token = "a-token-of-an-older-make";
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{token}:"));
    for email in
        [token.to_owned(), format!("{token}@example.org"), format!("{basic}@example.org"), "a\u{202e}b@c".to_owned()]
    {
        let deployment = Plan::default().account(Account { email: email.clone(), ..Account::new(token) }).start();
        let sandbox = Sandbox::new().with("CODEOCEAN_TOKEN", token).at(&deployment);
        let status = sandbox.run(["status", "--json"]).expect(0).json();
        assert_eq!(status["owner"], json!(null), "{email:?}");
        assert!(!fs::read_to_string(&cached_verdicts(&sandbox)[0]).unwrap().contains(&email));
    }
}

#[test]
fn redirects_are_not_followed() {
    let other = Plan::with_token(TOKEN).start();
    for status in ["check", "status", "doctor"] {
        let target = format!("{}/api/v1/capsules/search", other.url());
        let deployment = Plan::with_token(TOKEN).faults([Fault::Redirect(target)]).start();
        let ran = sandbox_at(&deployment).run([status]).expect(5);
        assert!((ran.out + &ran.err).contains("not a Code Ocean deployment"));
    }
    assert!(other.seen().is_empty());
}

#[test]
fn check_sends_exactly_one_authenticated_request() {
    use base64::Engine;
    let deployment = Plan::with_token(TOKEN).start();
    sandbox_at(&deployment).run(["check"]).expect(0);
    let seen = deployment.seen();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{TOKEN}:"));
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].request, "POST /api/v1/capsules/search");
    assert_eq!(seen[0].authorization.as_deref(), Some(format!("Basic {basic}").as_str()));
}

#[test]
fn owner_is_found_by_the_data_asset_search() {
    let deployment = Plan::default().account(Account { has_capsule: false, ..Account::new(TOKEN) }).start();
    let status = sandbox_at(&deployment).run(["status", "--json"]).expect(0).json();
    assert_eq!(status["owner"], "ada@example.org");
    assert_eq!(status["scopes"], json!({ "capsule:read": "granted", "data-asset:read": "granted" }));
}

#[test]
fn offline_commands_send_nothing() {
    let deployment = Plan::with_token(OTHER).start();
    for mode in [&["--offline"][..], &["--verify", "never"]] {
        for command in ["token", "env", "status", "check", "doctor"] {
            sandbox_at(&deployment).run([command].iter().chain(mode)).expect(0);
        }
    }
    assert!(deployment.seen().is_empty());
}

#[test]
fn verify_auto_fails_on_rejection_and_warns_otherwise() {
    let rejecting = Plan::with_token(OTHER).start();
    sandbox_at(&rejecting).run(["token"]).expect(4);
    let closed = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "http://127.0.0.1:9");
    let ran = closed.run(["token"]).expect(0);
    assert!(ran.err.contains("warning") && ran.err.contains("unverified"), "{ran:?}");
    closed.run(["token", "--verify", "always"]).expect(5);
    let without_deployment = Sandbox::new().with("CUSTOM_KEY", TOKEN);
    let ran = without_deployment.run(["token"]).expect(0);
    assert!(ran.err.contains("CODEOCEAN_DOMAIN"), "{ran:?}");
    without_deployment.run(["token", "--verify", "always"]).expect(3);
    without_deployment.run(["check"]).expect(3);
    let without_scopes =
        Plan::default().account(Account { capsules: false, data_assets: false, ..Account::new(TOKEN) }).start();
    let ran = sandbox_at(&without_scopes).run(["token"]).expect(0);
    assert!(ran.err.contains("capsule:read"), "{ran:?}");
}

#[test]
fn check_wait_retries_until_the_deployment_is_up() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", format!("http://127.0.0.1:{port}"));
    sandbox.run(["check"]).expect(5);
    let later = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        Plan::with_token(TOKEN).port(port).start()
    });
    let ran = sandbox.run(["check", "--wait", "30s"]).expect(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    drop(later.join().unwrap());
    // Permanent failures are not retried.
    let start = Instant::now();
    Sandbox::new().run(["check", "--wait", "30s"]).expect(3);
    let rejecting = Plan::with_token(OTHER).start();
    self::sandbox_at(&rejecting).run(["check", "--wait", "30s"]).expect(4);
    assert!(start.elapsed() < Duration::from_secs(5));
}
