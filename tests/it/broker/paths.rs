//! A path is checked and forwarded in one form.

use super::support::{Broker, OK, Recorder, audit_entries};

#[test]
fn ambiguous_paths_are_refused() {
    let recorder = Recorder::new(OK);
    let broker = Broker::new(recorder.sandbox(), &["--offline", "--allow", "GET /api/v1/capsules/**"]);
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
    assert!(recorder.requests().is_empty(), "{:?}", recorder.requests());
    for path in ["/api/v1/capsules/x", "/api/v1/capsules/x/", "/api/v1/capsules/a%20b?path=..%2f&x=%00"] {
        assert_eq!(broker.get(path).status, 200, "{path}");
        assert!(recorder.requests().last().unwrap().starts_with(&format!("GET {path} HTTP/1.1\r\n")));
    }
}

/// A base URL that ends in a slash doubles it, and a path may be encoded in several ways: all are checked and forwarded as one.
#[test]
fn a_path_is_checked_and_forwarded_in_one_form() {
    let recorder = Recorder::new(OK);
    let world = recorder.sandbox();
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
        let before = recorder.requests().len();
        assert_eq!(broker.get(asked).status, 200, "{asked}");
        let request = recorder.requests().split_off(before).concat();
        assert!(request.starts_with(&format!("GET {sent} HTTP/1.1\r\n")), "{asked}: {request}");
        assert_eq!(audit_entries(&log).last().unwrap()["path"], sent.split('?').next().unwrap(), "{asked}");
    }
    let absolute = format!("http://{}//api/v1/capsules/x", broker.address);
    assert_eq!(broker.get(&absolute).status, 200);
    let before = recorder.requests().len();
    for refused in [
        "/api/v1/capsules/x//",
        "//api//v1/capsules/x",
        "/api//v1/capsules/x",
        "//api/v1//capsules/x",
        "/api/v1/capsules/y",
    ] {
        assert_eq!(broker.get(refused).status, 403, "{refused}");
    }
    assert_eq!(recorder.requests().len(), before);
}
