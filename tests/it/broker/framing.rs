//! Messages are framed anew: no smuggling, every form of body, lengths and chunks.

use std::process::Command;

use fake_deployment::Plan;

use super::support::{Broker, OK, Recorder};
use crate::support::sandbox::{Ran, Sandbox, TOKEN};

/// In a response that has both, the length is wrong (RFC 9112, section 6.3).
#[test]
fn chunks_take_precedence_over_a_content_length() {
    let recorder = Recorder::new(
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    );
    let broker = Broker::new(recorder.sandbox(), &["--offline"]);
    let reply = broker.get("/api/v1/x");
    assert!(!reply.head.contains("content-length") && reply.body == "5\r\nhello\r\n0\r\n\r\n", "{reply:?}");
}

/// Of a request that two servers could read differently, the deployment gets one request, framed anew, or none.
#[test]
fn no_request_is_smuggled() {
    let recorder = Recorder::new(OK);
    let broker = Broker::new(recorder.sandbox(), &["--offline", "--read-only"]);
    let inner = format!("DELETE /api/v1/x HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\n\r\n", broker.basic());
    let search = |more: &str, body: &str| {
        let head = format!(
            "POST /api/v1/capsules/search HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\n",
            broker.address,
            broker.basic()
        );
        broker.raw(format!("{head}{more}\r\n{body}").as_bytes())
    };
    let chunked = "transfer-encoding: chunked\r\n";
    let length = |of: &str| format!("content-length: {}\r\n", of.len());
    let ended = format!("0\r\n\r\n{inner}");
    for (name, more, body) in [
        ("length, then chunks", format!("{}{chunked}", length(&ended)), ended.as_str()),
        ("chunks, then length", format!("{chunked}{}", length(&ended)), &ended),
        ("two lengths", format!("content-length: 2\r\n{}", length(&format!("{{}}{inner}"))), &format!("{{}}{inner}")),
        ("a list of lengths", "content-length: 2, 3\r\n".to_owned(), "{}"),
        ("a signed length", "content-length: +2\r\n".to_owned(), "{}"),
        ("an endless length", "content-length: 99999999999999999999\r\n".to_owned(), "{}"),
        ("another coding", "transfer-encoding: chunked, x\r\n".to_owned(), &ended),
        ("a coding before it", "transfer-encoding: gzip, chunked\r\n".to_owned(), &ended),
        ("an unknown coding", "transfer-encoding: xchunked\r\n".to_owned(), &ended),
        ("a blank before the colon", "transfer-encoding : chunked\r\n".to_owned(), &ended),
        ("obsolete folding", "x: y\r\n transfer-encoding: chunked\r\n".to_owned(), &ended),
        ("a NUL", "x: \0y\r\n".to_owned(), ""),
        ("a lone return", "x: y\rtransfer-encoding: chunked\r\n".to_owned(), &ended),
        ("an invalid size", chunked.to_owned(), "zz\r\n{}\r\n0\r\n\r\n"),
        ("a size that overflows", chunked.to_owned(), "ffffffffffffffff1\r\n{}\r\n0\r\n\r\n"),
    ] {
        let before = recorder.requests().len();
        let answer = search(&format!("{more}connection: close\r\n"), body);
        let recorded = recorder.requests().split_off(before);
        assert!(recorded.len() <= 1 && !recorded.concat().contains("DELETE"), "{name}: {recorded:?}");
        let statuses: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|one| &one[..3]).collect();
        assert!(statuses.iter().all(|status| ["200", "400", "403", "501"].contains(status)), "{name}: {answer}");
    }
    // Several requests over one connection are checked one by one.
    let get = |path: &str, end: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\n{end}\r\n", broker.address, broker.basic())
    };
    let delete = get("/api/v1/x", "").replace("GET", "DELETE");
    let all = [get("/api/v1/a", ""), delete, get("/api/v1/b", "connection: close\r\n")].concat();
    let answer = broker.raw(all.as_bytes());
    let statuses: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|one| &one[..3]).collect();
    assert_eq!(statuses, ["200", "403", "200"], "{answer}");
    // A head that is too long.
    let long = format!("GET /api/v1/{} HTTP/1.1\r\n\r\n", "x".repeat(200_000));
    let answer = broker.raw(long.as_bytes());
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert_eq!(broker.get("/api/v1/a").status, 200);
}

#[test]
fn every_form_of_body_is_forwarded() {
    let recorder = Recorder::new(OK);
    let broker = Broker::new(recorder.sandbox(), &["--offline"]);
    let url = format!("http://{}/api/v1/x", broker.address);
    let user = format!("{}:", broker.pass);
    let curl = |args: &[&str]| {
        let output = Command::new("curl").args(["-s", "-m", "20", "-u", &user]).args(args).arg(&url).output().unwrap();
        let ran = Ran::from(output).expect(0);
        (ran.out, recorder.requests().last().unwrap().clone())
    };
    let (_, recorded) = curl(&["-d", "some text"]);
    assert!(recorded.contains("content-length: 9\r\n") && recorded.ends_with("\r\n\r\nsome text"), "{recorded}");
    let (_, recorded) = curl(&["-H", "Transfer-Encoding: chunked", "-d", "some text"]);
    assert!(recorded.contains("transfer-encoding: chunked\r\n") && recorded.contains("some text"), "{recorded}");
    let (_, recorded) = curl(&["-H", "Expect: 100-continue", "-d", "some text"]);
    assert!(!recorded.contains("expect") && recorded.ends_with("some text"), "{recorded}");
    let (_, recorded) = curl(&["-d", ""]);
    assert!(recorded.contains("content-length: 0\r\n"), "{recorded}");
    let (answer, recorded) = curl(&["-I"]);
    assert!(recorded.starts_with("HEAD ") && answer.contains("content-length: 2"), "{answer} {recorded}");
    let (answer, _) = curl(&["-0"]);
    assert_eq!(answer, "{}");
}

/// After a refusal that comes before the body, nothing else can come over the connection: the response must say so, or the
/// client's next request would fail.
#[test]
fn a_refusal_before_the_body_closes_the_connection() {
    let deployment = Plan::with_token(TOKEN).start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    let script = "import os, socket, base64
host = os.environ['CODEOCEAN_DOMAIN'].split('//')[1]
login = base64.b64encode((os.environ['CODEOCEAN_TOKEN'] + ':').encode()).decode()
for length in ('5', '0'):
    peer = socket.create_connection(host.rsplit(':', 1), 20)
    peer.sendall(f'POST /api/v1/computations HTTP/1.1\\r\\nHost: {host}\\r\\nAuthorization: Basic {login}\\r\\nContent-Length: {length}\\r\\n\\r\\n'.encode())
    head = peer.recv(65536).decode().lower()
    print(head.split()[1], 'connection: close' in head)
";
    let world = world.file("work/ask.py", script);
    let ran = world.spawn(["exec", "--broker", "--read-only", "--", "python3", "ask.py"]).expect(0);
    assert_eq!(ran.out, "403 True\n403 False\n", "{ran:?}");
}
