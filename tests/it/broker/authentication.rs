//! The pass is required, and the deployment gets the token and no other credential.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::support::{Broker, OK, Recorder, parse};
use crate::support::sandbox::TOKEN;

#[test]
fn only_requests_with_the_pass_are_forwarded() {
    let recorder = Recorder::new(OK);
    let broker = Broker::new(recorder.sandbox(), &["--offline"]);
    let (host, basic) = (&broker.address, broker.basic());
    let port = host.split(':').nth(1).unwrap();
    let pass = &broker.pass;
    let with = |host: &str, authorization: &str| {
        let request = format!("GET /api/v1/x HTTP/1.1\r\n{host}{authorization}connection: close\r\n\r\n");
        parse(&broker.raw(request.as_bytes())).status
    };
    let at = |host: &str| format!("host: {host}\r\n");
    let shown = |value: &str| format!("authorization: {value}\r\n");
    for (host, authorization) in [
        (at(host), shown(&basic)),
        (at(host), shown(&format!("Bearer {pass}"))),
        (at(host), shown(&format!("bearer {pass}"))),
        (at(&format!("localhost:{port}")), shown(&basic)),
    ] {
        assert_eq!(with(&host, &authorization), 200, "{host}{authorization}");
    }
    let http_1_0 = |more: &str| parse(&broker.raw(format!("GET /api/v1/x HTTP/1.0\r\n{more}\r\n").as_bytes())).status;
    assert_eq!(http_1_0(&shown(&basic)), 200, "HTTP/1.0 needs no host");
    assert_eq!((http_1_0(""), http_1_0(&format!("host: evil.example.org\r\n{}", shown(&basic)))), (401, 401));
    assert_eq!(recorder.requests().len(), 5);
    let encoded = |text: &str| shown(&format!("Basic {}", STANDARD.encode(text)));
    for (host, authorization) in [
        (at(host), String::new()),
        (at(host), encoded(&format!("{TOKEN}:"))),
        (at(host), shown(&format!("Bearer {TOKEN}"))),
        (at(host), encoded(&format!("{pass}:x"))),
        (at(host), encoded(&format!(":{pass}"))),
        (at(host), encoded(pass)),
        (at(host), shown(&format!("Bearer {}", &pass[..20]))),
        (at(host), shown("Bearer ")),
        (at(host), shown(pass)),
        (at(host), format!("{}{}", shown(&basic), shown("Bearer x"))),
        // A name that resolves to loopback (DNS rebinding), no port, another port, two hosts, none.
        (at(&format!("evil.example.org:{port}")), shown(&basic)),
        (at("127.0.0.1"), shown(&basic)),
        (at(&format!("127.0.0.1:{}", port.parse::<u32>().unwrap() + 1)), shown(&basic)),
        (format!("{}{}", at(host), at("evil.example.org")), shown(&basic)),
        (String::new(), shown(&basic)),
    ] {
        assert_eq!(with(&host, &authorization), 401, "{host}{authorization}");
    }
    let absolute = format!("GET http://evil.example.org/api/v1/x HTTP/1.1\r\n{}{}\r\n", at(host), shown(&basic));
    assert_eq!(parse(&broker.raw(absolute.as_bytes())).status, 401);
    let reply = parse(&broker.raw(format!("GET /api/v1/x HTTP/1.1\r\n{}\r\n", at(host)).as_bytes()));
    assert!(reply.message().contains("CODEOCEAN_TOKEN"), "{reply:?}");
    assert_eq!(recorder.requests().len(), 5, "a request without the pass was forwarded");
}

/// Neither are headers that would make the request mean something else.
#[test]
fn hop_by_hop_headers_and_other_credentials_are_not_forwarded() {
    let recorder = Recorder::new(
        "HTTP/1.1 307 Moved\r\nset-cookie: session=1\r\nconnection: x-hop\r\nx-hop: 1\r\nx-kept: 1\r\n\
         location: HERE/api/v1/y\r\ncontent-length: 0\r\n\r\n",
    );
    let broker = Broker::new(recorder.sandbox(), &["--offline"]);
    let more = "cookie: session=1\r\nx-http-method-override: DELETE\r\nx-original-url: /admin\r\nte: trailers\r\n\
                upgrade: websocket\r\nx_http_method_override: DELETE\r\nx-forwarded-host: y\r\nforwarded: host=y\r\nproxy-authorization: Basic eDp5\r\nconnection: x-mine\r\nx-mine: 1\r\n\
                agent-id: AI Agent\r\nmin-server-version: 4.8.0\r\n";
    let reply = broker.send("POST", "/api/v1/x?a=b", more, "{\"a\": 1}");
    assert_eq!(reply.status, 307);
    assert!(reply.head.contains("x-kept: 1"), "{reply:?}");
    assert!(!reply.head.contains("set-cookie") && !reply.head.contains("x-hop"), "{reply:?}");
    let request = recorder.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    lines.sort_unstable();
    let host = format!("host: {}", recorder.url().trim_start_matches("http://"));
    let authorization = format!("authorization: Basic {}", STANDARD.encode(format!("{TOKEN}:")));
    let mut expected = vec![
        "POST /api/v1/x?a=b HTTP/1.1",
        "agent-id: AI Agent",
        &authorization,
        "content-length: 8",
        &host,
        "min-server-version: 4.8.0",
    ];
    expected.sort_unstable();
    assert_eq!((lines, body), (expected, "{\"a\": 1}"), "{request}");
}
