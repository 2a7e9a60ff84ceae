//! The paths that the broker sends on, and where redirects lead.

use super::broker::{Broker, FINE, Recorder};

#[test]
fn what_a_path_says_is_what_the_policy_has_seen() {
    let recorder = Recorder::new(FINE);
    let broker = Broker::new(recorder.world(), &["--offline", "--allow", "GET /api/v1/capsules/**"]);
    for path in [
        "/",
        "/api/v1",
        "/api/v2/capsules/x",
        "/capsule-1234567.git/info/refs",
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
