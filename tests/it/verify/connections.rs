//! Connections: several addresses, timeouts, dead connections.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use fake_deployment::{Fault, Plan};

use crate::broker::support::Broker;
use crate::support::sandbox::{Sandbox, TOKEN};

use super::servers::{CONNECTED, HOST, NO_PAUSE, cause, named, relay, relay_at, silent, with_system};

#[test]
fn next_address_is_tried_while_earlier_ones_are_silent() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let silent = ["127.0.77.1", "127.0.77.2", "127.0.77.3"].map(|address| silent(address, deployment.port()));
    let hosts = format!("127.0.77.1 {HOST}\n127.0.77.2 {HOST}\n127.0.77.3 {HOST}\n127.0.0.1 {HOST}\n");
    let Some(ran) = with_system(&named(&deployment, HOST), "", &hosts, "co-cred check") else { return };
    ran.expect(0);
    drop(silent);
}

#[test]
fn next_address_is_tried_after_a_refused_connection() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let hosts = format!("::1 {HOST}\n127.0.77.4 {HOST}\n127.0.0.1 {HOST}\n");
    let Some(ran) = with_system(&named(&deployment, HOST), "", &hosts, "co-cred check") else { return };
    ran.expect(0);
}

#[test]
fn only_the_first_connected_address_gets_the_request() {
    let fault = Fault::Slow(Duration::from_secs(2));
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).faults([fault]).start();
    // Its TLS handshake ends while the other address has the request, and has not answered.
    let slow = SocketAddr::from(([127, 0, 77, 6], deployment.port()));
    relay_at(slow, deployment.port(), Duration::from_millis(600), None);
    let hosts = format!("127.0.77.6 {HOST}\n127.0.0.1 {HOST}\n");
    let Some(ran) = with_system(&named(&deployment, HOST), "", &hosts, "co-cred check --timeout 60s") else { return };
    ran.expect(0);
    assert_eq!(deployment.seen().len(), 1);
}

/// Much longer than a connection takes on this machine.
const SLOW: Duration = Duration::from_secs(4);

#[test]
fn timeout_covers_proxy_and_tls_handshake() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let proxy = relay(deployment.port(), SLOW, Some(CONNECTED));
    let tls = relay(deployment.port(), SLOW, None);
    let at = || Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    let by_proxy = at().with("HTTPS_PROXY", format!("http://{proxy}"));
    let by_relay = at().with("CODEOCEAN_DOMAIN", format!("https://localhost:{}", tls.port()));
    for (sandbox, cause_then, words) in
        [(by_proxy, "proxy", "the proxy in HTTPS_PROXY"), (by_relay, "timeout", "TLS handshake")]
    {
        sandbox.run(["check", "--timeout", "60s"]).expect(0);
        let ran = sandbox.run(["doctor", "--json", "--timeout", "2s"]).expect(5);
        let (cause, text) = cause(&ran);
        assert!(cause == cause_then && text.contains(words) && text.contains("in time"), "{text}");
    }
}

#[test]
fn silent_address_uses_the_whole_timeout() {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    let _silent = silent("127.0.77.5", port);
    let sandbox =
        Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", format!("https://127.0.77.5:{port}"));
    let start = Instant::now();
    let ran = sandbox.run(["doctor", "--json", "--timeout", "4s"]).expect(5);
    assert_eq!(cause(&ran).0, "timeout", "{ran:?}");
    let took = start.elapsed();
    assert!((Duration::from_millis(3900)..Duration::from_secs(15)).contains(&took), "{took:?}");
}

/// Drops all packets for this socket from now on, so that they are not acknowledged. Some systems allow it to root only.
#[cfg(target_os = "linux")]
fn lose(socket: &impl std::os::fd::AsFd) -> std::io::Result<()> {
    // The BPF program `ret #0`: drop the packet.
    socket2::SockRef::from(socket).attach_filter(&[socket2::SockFilter::new(0x06, 0, 0, 0)])
}

/// A deployment that answers each request after a pause. The first connection drops all packets after one request, as when
/// an address has changed; the others work.
#[cfg(target_os = "linux")]
fn lossy(pause: Duration) -> Sandbox {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                    thread::sleep(pause);
                    // Before the response: the next request may follow it at once.
                    if number == 0 {
                        lose(&stream).unwrap();
                    }
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
                }
            });
        }
    });
    Sandbox::new().with("CODEOCEAN_DOMAIN", format!("http://127.0.0.1:{port}")).file("mount/co", TOKEN)
}

#[cfg(target_os = "linux")]
#[test]
fn broker_drops_a_dead_connection_and_keeps_a_long_poll() {
    if lose(&TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).is_err() {
        return;
    }
    let cases = [
        // A GET is repeated on another connection, a POST is not.
        (NO_PAUSE, "GET", ["200", "200"]),
        (NO_PAUSE, "POST", ["200", "502"]),
        // Longer than TCP_USER_TIMEOUT.
        (Duration::from_secs(40), "GET", ["200", ""]),
    ];
    thread::scope(|scope| {
        for (pause, method, expected) in cases {
            scope.spawn(move || {
                let broker = Broker::new(lossy(pause), &["--offline"]);
                let (url, pass) = (format!("http://{}/api/v1/capsules/x", broker.address), format!("{}:", broker.pass));
                for status in expected.into_iter().filter(|status| !status.is_empty()) {
                    let args =
                        ["-s", "-m", "200", "-o", "/dev/null", "-w", "%{http_code}", "-X", method, "-u", &pass, &url];
                    let start = Instant::now();
                    let curl = Command::new("curl").args(args).output().unwrap();
                    let got = String::from_utf8_lossy(&curl.stdout).into_owned();
                    assert_eq!(got, status, "{method} after {:?}", start.elapsed());
                }
            });
        }
    });
}

#[test]
fn doctor_names_the_cause_of_a_failed_connection() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [
        ("https://no-such-host.invalid".to_owned(), None, "name"),
        (format!("http://{closed}"), None, "connection"),
        ("https://co.example.org".to_owned(), Some(format!("http://me:proxy-password@{closed}")), "proxy"),
        ("https://co.example.org".to_owned(), Some("not a proxy".to_owned()), "proxy"),
    ];
    for (url, proxy, cause) in cases {
        let mut sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", &url);
        if let Some(proxy) = proxy {
            sandbox = sandbox.with("https_proxy", proxy);
        }
        let ran = sandbox.run(["doctor", "--json", "--timeout", "5s"]).expect(5);
        assert_eq!(ran.json()["problems"][0]["cause"], cause, "{url}: {ran:?}");
        assert!(!ran.out.contains("proxy-password"), "{ran:?}");
    }
}
