//! `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use fake_deployment::Plan;

use crate::support::sandbox::{Sandbox, TOKEN};

use super::servers::{CONNECTED, NO_PAUSE, cause, relay, sandbox_at};

#[test]
fn each_proxy_failure_has_its_own_message() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let answers = |text: &'static [u8]| relay(deployment.port(), NO_PAUSE, Some(text));
    let unauthorized = answers(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    let refusing = answers(b"HTTP/1.1 403 Forbidden\r\n\r\n");
    let cases = [
        (format!("http://me:proxy-password@{closed}"), "cannot be reached"),
        (format!("socks5://{closed}"), "cannot be reached"),
        ("http://no-such-proxy.invalid:3128".to_owned(), "name of the proxy"),
        (format!("http://{unauthorized}"), "user name and a password"),
        (format!("http://{refusing}"), "refuses"),
        (format!("https://{refusing}"), "TLS"),
    ];
    for (proxy, words) in cases {
        let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).with("ALL_PROXY", &proxy);
        let ran = sandbox.run(["doctor", "--json", "--timeout", "5s"]).expect(5);
        let (cause, text) = cause(&ran);
        assert!(cause == "proxy" && text.contains(words) && text.contains("ALL_PROXY"), "{proxy}: {text}");
        assert!(!ran.out.contains("proxy-password"), "{ran:?}");
    }
}

#[test]
fn no_proxy_follows_the_syntax_of_curl() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let port = deployment.port();
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let table = [
        ("localhost", "localhost", true),
        ("localhost", "LOCALHOST", true),
        ("localhost", "localhost.", true),
        ("localhost", ".localhost", true),
        ("localhost", "*.localhost", true),
        ("localhost", "*", true),
        ("localhost", "example.org, *", true),
        ("localhost", " example.org ,\tlocalhost ", true),
        ("localhost", "example.org localhost", true),
        ("localhost", &format!("localhost:{port}"), true),
        ("localhost", &format!(".localhost:{port},example.org"), true),
        ("localhost", "localhost:1", false),
        ("localhost", "calhost", false),
        ("localhost", "my.localhost", false),
        ("localhost", "127.0.0.0/8", false),
        ("localhost", ".", false),
        ("localhost", ",", false),
        ("127.0.0.1", "127.0.0.1", true),
        ("127.0.0.1", &format!("127.0.0.1:{port}"), true),
        ("127.0.0.1", "10.0.0.0/8,127.0.0.0/8", true),
        ("127.0.0.1", "127.1.2.3/8", true),
        ("127.0.0.1", "0.0.1", false),
        ("127.0.0.1", ".1", false),
        ("127.0.0.1", "127.0.0.1:1", false),
        ("127.0.0.1", "10.0.0.0/8", false),
        ("127.0.0.1", "127.0.0.0/33", false),
        ("[::1]", "::1", true),
        ("[::1]", "[::1]", true),
        ("[::1]", &format!("[::1]:{port}"), true),
        ("[::1]", "::/64", true),
        ("[::1]", "[::1]:1", false),
        ("[::1]", "fe80::/10", false),
    ];
    for (host, exceptions, is_excepted) in table {
        let sandbox =
            Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).with("HTTPS_PROXY", format!("http://{closed}"));
        let sandbox = sandbox.with("CODEOCEAN_DOMAIN", format!("https://{host}:{port}")).with("NO_PROXY", exceptions);
        let ran = sandbox.run(["doctor", "--json"]);
        let by_proxy = ran.code == 5 && cause(&ran).0 == "proxy";
        assert_eq!(!by_proxy, is_excepted, "{host} with NO_PROXY={exceptions:?}: {ran:?}");
    }
}

#[test]
fn proxy_scheme_is_case_insensitive() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let proxy = relay(deployment.port(), NO_PAUSE, Some(CONNECTED));
    let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    sandbox.with("HTTPS_PROXY", format!("HTTP://{proxy}")).run(["check"]).expect(0);
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let sandbox =
        Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).with("ALL_PROXY", format!("SOCKS5H://{closed}"));
    let ran = sandbox.run(["doctor", "--json"]).expect(5);
    assert!(cause(&ran).1.contains("cannot be reached"), "{ran:?}");
}

#[test]
fn proxy_sees_only_encrypted_requests() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let target = deployment.port();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for client in proxy.incoming() {
            let mut client = client.unwrap();
            let mut head = [0; 4096];
            let length = client.read(&mut head).unwrap();
            sender.send(String::from_utf8_lossy(&head[..length]).into_owned()).unwrap();
            let mut server = std::net::TcpStream::connect(("127.0.0.1", target)).unwrap();
            client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || std::io::copy(&mut server, &mut client));
        }
    });
    let sandbox = sandbox_at(&deployment).with("HTTPS_PROXY", format!("http://{address}"));
    sandbox.run(["check"]).expect(0);
    let head = receiver.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(head.starts_with(&format!("CONNECT localhost:{target} ")), "{head}");
    assert!(!head.to_ascii_lowercase().contains("\r\nauthorization"), "{head}");
    // NO_PROXY, and plain http, which never uses a proxy.
    sandbox.with("NO_PROXY", "localhost").run(["check"]).expect(0);
    let plain = Plan::with_token(TOKEN).start();
    let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&plain);
    sandbox
        .with("ALL_PROXY", format!("http://{address}"))
        .with("http_proxy", format!("http://{address}"))
        .run(["check"])
        .expect(0);
    assert!(receiver.try_recv().is_err());
}
