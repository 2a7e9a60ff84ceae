//! The paths that the broker sends on, and where redirects lead.

use fake_deployment::{Fault, Plan};

use crate::broker::access::{Broker, FINE, Recorder, parse};
use crate::broker::audit::lines;
use crate::support::sandbox::{Sandbox, TOKEN};

#[test]
fn what_a_path_says_is_what_the_policy_has_seen() {
    let recorder = Recorder::new(FINE);
    let broker = Broker::new(recorder.world(), &["--offline", "--allow", "GET /api/v1/capsules/**"]);
    for path in [
        "/api/v1",
        "/api/v1/",
        "/api/v2/capsules/x",
        "/api/v1/../../sign-out",
        "/api/v1/capsules/../data_assets/x",
        "/api/v1/capsules/./x",
        "/api/v1//capsules/x",
        "/api/v1/capsules//x",
        "/api/v1/capsules/%2e%2e/data_assets/x",
        "/api/v1/capsules/%2E%2E%2Fdata_assets",
        "/api/v1/capsules/..%2fx",
        "/api/v1/capsules/%252e%252e/x",
        "/api/v1/capsules/..;/x",
        "/api/v1/capsules/x;y",
        "/api/v1/capsules/x%5c..%5cy",
        "/api/v1/capsules/x%00",
        "/api/v1/capsules/x%0d%0ahost:%20y",
        "/api/v1/capsules/a%",
        "/api/v1/capsules/a%zz",
        "/api/v1/capsules/a%+1",
        "/api/v1/capsules/%c0%af",
        "/api/v1/capsules/x\u{9b}31m",
        "/api/v1/capsules/\u{ff0f}..",
    ] {
        let reply = broker.get(path);
        assert_eq!(reply.status, 403, "{path}: {reply:?}");
    }
    assert!(recorder.heard().is_empty(), "{:?}", recorder.heard());
    for path in ["/api/v1/capsules/x", "/api/v1/capsules/x/", "/api/v1/capsules/a%20b?path=..%2f&x=%00"] {
        assert_eq!(broker.get(path).status, 200, "{path}");
        assert!(recorder.heard().last().unwrap().starts_with(&format!("GET {path} HTTP/1.1\r\n")));
    }
}

#[test]
fn a_redirect_within_the_deployment_leads_back_here_and_another_is_left_alone() {
    for (to, there) in [("HERE/api/v1/y?z", None), ("https://files.example.org/x", Some("https://files.example.org/x"))]
    {
        let recorder = Recorder::new(&format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"));
        let broker = Broker::new(recorder.world(), &["--offline"]);
        let head = broker.get("/api/v1/x").head;
        let here = format!("http://{}/api/v1/y?z", broker.address);
        let location = head.split("location: ").nth(1).unwrap().lines().next().unwrap();
        assert_eq!(location, there.unwrap_or(&here), "{head}");
    }
}

/// A base address that ends in a slash doubles it; what is spelled in another way is judged and sent as one.
#[test]
fn a_path_is_judged_and_sent_in_one_form() {
    let recorder = Recorder::new(FINE);
    let world = recorder.world();
    let log = world.path("work/log");
    let rules = ["--allow", "GET /api/v1/capsules/x", "--allow", "GET /api/v1/capsules/a b+c/é"];
    let broker = Broker::new(world, &[&["--offline", "--audit", "log"][..], &rules].concat());
    for (asked, sent) in [
        ("/api/v1/capsules/x", "/api/v1/capsules/x"),
        ("//api/v1/capsules/x?a=%2f&b", "/api/v1/capsules/x?a=%2f&b"),
        ("///api/v1/capsules/x", "/api/v1/capsules/x"),
        ("/api/v1/capsules/%78", "/api/v1/capsules/x"),
        ("/api/v1/%63apsules/x", "/api/v1/capsules/x"),
        ("/api/v1/capsules/a%20b+c/%c3%A9", "/api/v1/capsules/a%20b%2Bc/%C3%A9"),
        ("/api/v1/capsules/a%20b%2bc/%c3%A9", "/api/v1/capsules/a%20b%2Bc/%C3%A9"),
        // The SDK ends some paths with a slash, and a deployment may expect it there.
        ("/api/v1/capsules/x/", "/api/v1/capsules/x/"),
        ("//api/v1/capsules/%78/?a", "/api/v1/capsules/x/?a"),
    ] {
        let before = recorder.heard().len();
        assert_eq!(broker.get(asked).status, 200, "{asked}");
        let heard = recorder.heard().split_off(before).concat();
        assert!(heard.starts_with(&format!("GET {sent} HTTP/1.1\r\n")), "{asked}: {heard}");
        assert_eq!(lines(&log).last().unwrap()["path"], sent.split('?').next().unwrap(), "{asked}");
    }
    let absolute = format!("http://{}//api/v1/capsules/x", broker.address);
    assert_eq!(broker.get(&absolute).status, 200);
    let before = recorder.heard().len();
    for refused in [
        "/api/v1/capsules/x//",
        "//api//v1/capsules/x",
        "/api//v1/capsules/x",
        "//api/v1//capsules/x",
        "/api/v1/capsules/y",
    ] {
        assert_eq!(broker.get(refused).status, 403, "{refused}");
    }
    assert_eq!(recorder.heard().len(), before);
}

/// What a link in an answer leads to, a browser shows: it has no pass, and is shown the deployment's own page.
#[test]
fn a_page_outside_the_api_is_at_the_deployment() {
    let recorder = Recorder::new(FINE);
    let world = recorder.world();
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
        // Without the pass, as a browser asks.
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
        // A page's address has no token.
        ("GET", "/sign-in?token=cop_Zx81QmTz55aB", 403),
        ("GET", "/sign-in/%63op_Zx81QmTz55aB", 403),
    ] {
        let reply = broker.ask(method, path, "", "");
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
    }
    let elsewhere = broker.raw(b"GET /data-assets/x HTTP/1.1\r\nhost: evil.example.org\r\n\r\n");
    assert_eq!(parse(&elsewhere).status, 401);
    assert!(recorder.heard().is_empty(), "{:?}", recorder.heard());
    // A browser's are not noted: it has shown no pass, as a stranger has not.
    let noted = lines(&log);
    assert_eq!(noted.len(), 7 + 9, "{noted:?}");
    assert_eq!((&noted[1]["path"], &noted[1]["status"]), (&"/data-assets/a5b6".into(), &302.into()));
}

/// In each form that names the deployment, a redirect leads back to the broker; to another host, over the deployment's scheme.
#[test]
fn a_redirect_leads_back_in_every_form_that_names_the_deployment() {
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
        let broker = Broker::new(recorder.world(), &["--offline"]);
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
fn a_redirect_of_a_deployment_with_tls_stays_with_tls() {
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
