//! Redirects within the deployment lead to the broker, and pages lead to the deployment.

use fake_deployment::{Fault, Plan};

use super::support::{Broker, OK, Recorder, audit_entries, parse};
use crate::support::sandbox::{Sandbox, TOKEN};

#[test]
fn redirects_within_the_deployment_lead_to_the_broker() {
    for (to, there) in [("HERE/api/v1/y?z", None), ("https://files.example.org/x", Some("https://files.example.org/x"))]
    {
        let recorder = Recorder::new(&format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"));
        let broker = Broker::new(recorder.sandbox(), &["--offline"]);
        let head = broker.get("/api/v1/x").head;
        let here = format!("http://{}/api/v1/y?z", broker.address);
        let location = head.split("location: ").nth(1).unwrap().lines().next().unwrap();
        assert_eq!(location, there.unwrap_or(&here), "{head}");
    }
}

/// A browser that follows a link in an answer has no pass: it is redirected to the page of the deployment.
#[test]
fn pages_outside_the_api_redirect_to_the_deployment() {
    let recorder = Recorder::new(OK);
    let world = recorder.sandbox();
    let log = world.path("work/log");
    let broker = Broker::new(world, &["--offline", "--read-only", "--audit", "log"]);
    for path in [
        "/",
        "/data-assets/a5b6?tab=files",
        "/capsule/1234567/tree",
        "/apis",
        "//evil.example.org/x",
        "/a/../b",
        "/a//b",
    ] {
        let there = format!("{}/{}", recorder.url(), path.trim_start_matches('/'));
        let reply = broker.get(path);
        assert_eq!((reply.status, reply.location()), (302, &*there), "{path}");
        assert!(!reply.head.contains("authorization") && !reply.head.contains("cop_"), "{reply:?}");
        // Without the pass, as from a browser.
        let browser = broker.raw(format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", broker.address).as_bytes());
        assert_eq!(parse(&browser).location(), there, "{path}");
    }
    for (method, path, status) in [
        ("HEAD", "/data-assets/x", 302),
        ("POST", "/data-assets/x", 403),
        ("DELETE", "/", 403),
        ("GET", "/api", 403),
        ("GET", "/api/", 403),
        ("GET", "/api/v2/x", 403),
        ("GET", "//api/v2/x", 403),
        // A redirect must not repeat a token.
        ("GET", "/sign-in?token=cop_Zx81QmTz55aB", 403),
        ("GET", "/sign-in/%63op_Zx81QmTz55aB", 403),
    ] {
        let reply = broker.send(method, path, "", "");
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
    }
    let elsewhere = broker.raw(b"GET /data-assets/x HTTP/1.1\r\nhost: evil.example.org\r\n\r\n");
    assert_eq!(parse(&elsewhere).status, 401);
    assert!(recorder.requests().is_empty(), "{:?}", recorder.requests());
    // The requests of the browser are not recorded, since they do not show the pass.
    let entries = audit_entries(&log);
    assert_eq!(entries.len(), 7 + 9, "{entries:?}");
    assert_eq!((&entries[1]["path"], &entries[1]["status"]), (&"/data-assets/a5b6".into(), &302.into()));
}

/// Redirects to other hosts are left alone, but for those without a scheme, which get the deployment's.
#[test]
fn every_form_of_redirect_within_the_deployment_is_rewritten() {
    let back = "BACK/api/v1/y?z";
    for (to, there) in [
        ("http://NAME/api/v1/y?z", back),
        ("HTTP://NAME/api/v1/y?z", back),
        ("http://user:secret@NAME/api/v1/y?z", back),
        ("//NAME/api/v1/y?z", back),
        ("https://NAME/api/v1/y?z", back),
        ("///NAME/api/v1/y?z", back),
        ("\\\\NAME/api/v1/y?z", back),
        ("http:/\\NAME/api/v1/y?z", back),
        ("/api/v1/y?z", back),
        ("y?z", back),
        ("../v1/y?z#Part", "BACK/api/v1/y?z#Part"),
        ("//NAME//evil.example.org/x", "BACK//evil.example.org/x"),
        ("//files.example.org/x?sig=%2B+a", "http://files.example.org/x?sig=%2B+a"),
        ("https://files.example.org/x?sig=%2B+a|b", "https://files.example.org/x?sig=%2B+a|b"),
        ("https://files.example.org", "https://files.example.org"),
        ("http://127.0.0.1:1/x", "http://127.0.0.1:1/x"),
        ("http://NAME@files.example.org/x", "http://NAME@files.example.org/x"),
    ] {
        let recorder = Recorder::new(&format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"));
        let broker = Broker::new(recorder.sandbox(), &["--offline"]);
        let there = there.replace("NAME", &recorder.url()["http://".len()..]);
        let port = broker.address.split(':').nth(1).unwrap();
        for host in [broker.address.clone(), format!("localhost:{port}")] {
            let head = format!(
                "GET /api/v1/x HTTP/1.1\r\nhost: {host}\r\nauthorization: {}\r\nconnection: close\r\n\r\n",
                broker.basic()
            );
            let reply = parse(&broker.raw(head.as_bytes()));
            assert_eq!(reply.location(), there.replace("BACK", &format!("http://{host}")), "{to}");
        }
    }
}

#[test]
fn relative_redirects_to_other_hosts_keep_tls() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let broker = Broker::new(Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment), &["--offline"]);
    let here = format!("http://{}/api/v1/y", broker.address);
    let name = format!("localhost:{}", deployment.port());
    for (to, there) in [
        (format!("https://{name}/api/v1/y"), here.as_str()),
        (format!("https://LOCALHOST:{}/api/v1/y", deployment.port()), &here),
        (format!("http://{name}/api/v1/y"), &here),
        (format!("//{name}/api/v1/y"), &here),
        ("//files.example.org/x".to_owned(), "https://files.example.org/x"),
        ("http://files.example.org/x".to_owned(), "http://files.example.org/x"),
    ] {
        deployment.fail(Fault::Redirect(to.clone()));
        assert_eq!(broker.get("/api/v1/x").location(), there, "{to}");
    }
}
