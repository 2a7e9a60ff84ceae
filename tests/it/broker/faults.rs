//! Deployments that fail.

use std::process::Command;
use std::time::Duration;

use fake_deployment::{Fault, Plan};

use super::support::{Broker, Recorder, mounted};
use crate::support::sandbox::TOKEN;

#[test]
fn responses_are_forwarded_and_a_failed_connection_is_a_502() {
    let faults = [
        Fault::TooManyRequests(7),
        Fault::Status(503),
        Fault::HtmlStatus(404),
        Fault::Slow(Duration::from_millis(300)),
        // The connection closes before the head of the response: a read is repeated.
        Fault::CutOff,
    ];
    let deployment = Plan::with_token(TOKEN).tls().faults(faults).start();
    let broker = Broker::new(mounted(&deployment), &["--offline"]);
    let path = format!("/api/v1/capsules/{}", deployment.capsule());
    let reply = broker.get(&path);
    assert!(reply.status == 429 && reply.head.contains("retry-after: 7"), "{reply:?}");
    assert_eq!(broker.get(&path).message(), "a fault on demand");
    let reply = broker.get(&path);
    assert!(reply.status == 404 && reply.body.contains("<!doctype html>"), "{reply:?}");
    assert!(broker.get(&path).body.contains("Spike"));
    assert!(broker.get(&path).body.contains("Spike"));
    drop(deployment);
    let reply = broker.get(&path);
    assert!(reply.status == 502 && reply.message().contains("no connection to localhost"), "{reply:?}");
}

/// A client must not take a truncated response for a complete one.
#[test]
fn a_truncated_response_stays_truncated() {
    for (head, body) in [("content-length: 1000", "half"), ("transfer-encoding: chunked", "5\r\nhalf")] {
        let recorder = Recorder::closing(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}"));
        let broker = Broker::new(recorder.sandbox(), &["--offline"]);
        let url = format!("http://{}/api/v1/x", broker.address);
        for _ in 0..3 {
            let curl = Command::new("curl").args(["-s", "-m", "20", "-u", &format!("{}:", broker.pass), &url]).output();
            // 18: a partial file; 56: the connection broke.
            let code = curl.unwrap().status.code().unwrap();
            assert!([18, 56].contains(&code), "{head}: {code}");
        }
    }
    // Not an HTTP response.
    for answer in ["", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"] {
        let recorder = Recorder::closing(answer);
        let broker = Broker::new(recorder.sandbox(), &["--offline"]);
        assert_eq!(broker.get("/api/v1/x").status, 502, "{answer}");
        assert_eq!(broker.send("POST", "/api/v1/x", "", "{}").status, 502, "{answer}");
        let writes = recorder.requests().iter().filter(|request| request.starts_with("POST")).count();
        assert_eq!(writes, 1, "{answer}: a write was repeated");
    }
}

#[test]
fn an_untrusted_certificate_gets_no_token() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let other = Plan::with_token(TOKEN).tls().start();
    let world = mounted(&deployment).with("SSL_CERT_FILE", other.authority());
    let broker = Broker::new(world, &["--offline"]);
    let reply = broker.get("/api/v1/capsules/x");
    assert!(reply.status == 502 && reply.message().contains("SSL_CERT_FILE"), "{reply:?}");
    assert!(deployment.seen().is_empty());
}

#[test]
fn a_protocol_switch_is_a_502() {
    let recorder = Recorder::new("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n");
    let broker = Broker::new(recorder.sandbox(), &["--offline"]);
    assert_eq!(broker.get("/api/v1/x").status, 502);
}
