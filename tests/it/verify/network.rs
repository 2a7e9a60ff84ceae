//! The way to a deployment: names, addresses, proxies, time, and the authorities that TLS trusts; by real servers.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fake_deployment::{Deployment, Plan};

use crate::broker::support::Broker;
use crate::support::sandbox::{Ran, Sandbox, TOKEN, has};

/// A deployment with a certificate for a name that only the test's own hosts file or name server knows.
const HOST: &str = "co.example.org";

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The type of a question for IPv4 addresses, and for IPv6 addresses.
const A: u16 = 1;
const AAAA: u16 = 28;

#[derive(Clone, Copy)]
enum Reply {
    Address(IpAddr),
    /// The name exists, but has no address of the type.
    NoData,
    /// NXDOMAIN.
    NoName,
    Failure,
    Silence,
}

/// A name server on port 53 of an address on loopback; it lives as long as the process.
struct NameServer {
    asked: Arc<Mutex<Vec<(String, u16)>>>,
}

impl NameServer {
    /// None where this user may not listen there. Each answer comes after the pause.
    fn start(
        address: &str,
        pause: Duration,
        reply: impl Fn(&str, u16) -> Reply + Send + 'static,
    ) -> Option<NameServer> {
        let socket = Arc::new(UdpSocket::bind((address, 53)).ok()?);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            let mut query = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut query) {
                let (name, kind, end) = question(&query[..length]);
                seen.lock().unwrap().push((name.clone(), kind));
                let Some(answer) = answer(&query[..end], reply(&name, kind)) else { continue };
                let socket = Arc::clone(&socket);
                thread::spawn(move || {
                    thread::sleep(pause);
                    let _ = socket.send_to(&answer, from);
                });
            }
        });
        Some(NameServer { asked })
    }

    fn names(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(name, _)| name.clone()).collect()
    }
}

/// The name and the type that a query asks for, and where its question ends (RFC 1035, section 4.1.2).
fn question(query: &[u8]) -> (String, u16, usize) {
    let (mut at, mut labels) = (12, Vec::new());
    while query[at] != 0 {
        let label = &query[at + 1..=at + usize::from(query[at])];
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        at += 1 + label.len();
    }
    (labels.join("."), u16::from_be_bytes([query[at + 1], query[at + 2]]), at + 5)
}

fn answer(question: &[u8], reply: Reply) -> Option<Vec<u8>> {
    let code = match reply {
        Reply::Silence => return None,
        Reply::Failure => 2,
        Reply::NoName => 3,
        _ => 0,
    };
    let mut answer = question.to_vec();
    let records = u8::from(matches!(reply, Reply::Address(_)));
    answer[2..12].copy_from_slice(&[0x81, 0x80 | code, 0, 1, 0, records, 0, 0, 0, 0]);
    let mut record = |kind: u16, bytes: &[u8]| {
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 60, 0, u8::try_from(bytes.len()).unwrap()]);
        answer.extend(bytes);
    };
    match reply {
        Reply::Address(IpAddr::V4(address)) => record(A, &address.octets()),
        Reply::Address(IpAddr::V6(address)) => record(AAAA, &address.octets()),
        _ => {}
    }
    Some(answer)
}

/// A world at a deployment under this name.
fn named(deployment: &Deployment, host: &str) -> Sandbox {
    let url = format!("https://{host}:{}", deployment.port());
    Sandbox::new().with("CUSTOM_KEY", TOKEN).at(deployment).with("CODEOCEAN_DOMAIN", url)
}

/// Runs a command where these texts lie over the system's `resolv.conf` and `hosts`. None where this user may not
/// do that.
fn with_system(world: &Sandbox, resolv: &str, hosts: &str, command: &str) -> Option<Ran> {
    for (name, text) in [("resolv", resolv), ("hosts", hosts)] {
        crate::support::sandbox::write(&world.path(&format!("work/{name}")), text.as_bytes());
    }
    let bind = "mount --bind resolv /etc/resolv.conf && mount --bind hosts /etc/hosts";
    let may = world.shell("sh", &format!("unshare -m sh -c '{bind}'")).code == 0;
    may.then(|| world.shell("sh", &format!("unshare -m sh -c '{bind} && exec {command}'")))
}

/// The name of the cause that `doctor` gives first, and all that it says.
fn cause(ran: &Ran) -> (String, String) {
    let problem = &ran.json()["problems"][0];
    (problem["cause"].as_str().unwrap().to_owned(), format!("{} {}", problem["message"], problem["hint"]))
}

/// Port `port` of an address whose connections are neither accepted nor refused, as behind a firewall that drops them.
fn silent(address: &str, port: u16) -> impl Sized {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let address: SocketAddr = (address.parse::<IpAddr>().unwrap(), port).into();
    socket.bind(&address.into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
    let waiting: Vec<TcpStream> = std::iter::from_fn(connect).take(100).collect();
    assert!(waiting.len() < 100, "{address} is not silent");
    (socket, waiting)
}

/// Hands connections on to a port, after `pause`, and each first answers with `greeting` what it was sent first.
fn relay(port: u16, pause: Duration, greeting: Option<&'static [u8]>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            thread::spawn(move || {
                if let Some(greeting) = greeting {
                    let _ = client.read(&mut [0; 4096]);
                    thread::sleep(pause);
                    let _ = client.write_all(greeting);
                } else {
                    thread::sleep(pause);
                }
                let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || std::io::copy(&mut from, &mut to));
                let _ = std::io::copy(&mut server, &mut client);
            });
        }
    });
    address
}

const NO_PAUSE: Duration = Duration::ZERO;

#[test]
fn an_ipv4_answer_is_used_though_the_name_server_is_silent_about_ipv6() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let reply = |_: &str, kind| if kind == A { Reply::Address(HERE) } else { Reply::Silence };
    let Some(_server) = NameServer::start("127.53.0.1", NO_PAUSE, reply) else { return };
    let start = Instant::now();
    let command = "co-cred check --timeout 60s";
    let Some(ran) = with_system(&named(&deployment, HOST), "nameserver 127.53.0.1\n", "", command) else { return };
    ran.expect(0);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn an_ipv6_answer_that_the_name_does_not_exist_does_not_hide_its_ipv4_address() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    // Some name servers answer so for every type that they do not know (RFC 4074, section 4.2).
    let reply = |_: &str, kind| if kind == A { Reply::Address(HERE) } else { Reply::NoName };
    let Some(_server) = NameServer::start("127.53.0.2", NO_PAUSE, reply) else { return };
    let command = "co-cred check";
    let Some(ran) = with_system(&named(&deployment, HOST), "nameserver 127.53.0.2\n", "", command) else { return };
    ran.expect(0);
}

#[test]
fn a_name_in_the_hosts_file_is_asked_of_no_name_server() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let Some(server) = NameServer::start("127.53.0.3", NO_PAUSE, |_, _| Reply::Silence) else { return };
    let hosts = format!("# comment\n127.0.0.1 other {HOST}\n");
    let (resolv, command) = ("search example.net\nnameserver 127.53.0.3\n", "co-cred check --timeout 60s");
    let start = Instant::now();
    let Some(ran) = with_system(&named(&deployment, HOST), resolv, &hosts, command) else { return };
    ran.expect(0);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(server.names(), [""; 0]);
}

#[test]
fn a_name_with_dots_is_asked_for_as_it_is_before_the_search_list() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let reply = |name: &str, kind| match (name, kind) {
        (HOST, A) => Reply::Address(HERE),
        (HOST, _) => Reply::NoData,
        _ => Reply::NoName,
    };
    // Kubernetes: five dots, and a name server that takes its time.
    let resolv =
        "search ns.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\nnameserver 127.53.0.4\n";
    let Some(server) = NameServer::start("127.53.0.4", Duration::from_secs(3), reply) else { return };
    let Some(ran) = with_system(&named(&deployment, HOST), resolv, "", "co-cred check --timeout 30s") else { return };
    ran.expect(0);
    assert!(server.names().iter().all(|name| name == HOST), "{:?}", server.names());
}

#[test]
fn a_short_name_is_completed_by_the_search_list() {
    let deployment = Plan::with_token(TOKEN).tls_for(&["ocean", "ocean.team"]).start();
    let reply = |name: &str, kind| match (name, kind) {
        ("ocean.example.net" | "ocean.team.example.net", A) => Reply::Address(HERE),
        ("ocean.example.net" | "ocean.team.example.net", _) => Reply::NoData,
        _ => Reply::NoName,
    };
    let Some(_server) = NameServer::start("127.53.0.5", NO_PAUSE, reply) else { return };
    let resolv = "search example.com example.net\nnameserver 127.53.0.5\n";
    for host in ["ocean", "ocean.team"] {
        let Some(ran) = with_system(&named(&deployment, host), resolv, "", "co-cred check") else { return };
        ran.expect(0);
    }
}

#[test]
fn a_second_name_server_is_asked_where_the_first_is_silent() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let reply = |_: &str, kind| if kind == A { Reply::Address(HERE) } else { Reply::NoData };
    let silent = ["127.53.0.6", "127.53.0.7"].map(|at| NameServer::start(at, NO_PAUSE, |_, _| Reply::Silence));
    let Some(_server) = NameServer::start("127.53.0.8", NO_PAUSE, reply) else { return };
    let resolv = "nameserver 127.53.0.6\nnameserver 127.53.0.7\nnameserver 127.53.0.8\n";
    let Some(ran) = with_system(&named(&deployment, HOST), resolv, "", "co-cred check") else { return };
    ran.expect(0);
    drop(silent);
}

#[test]
fn the_first_name_server_is_believed_where_a_later_one_knows_nothing_faster() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let reply = |_: &str, kind| if kind == A { Reply::Address(HERE) } else { Reply::NoData };
    // A private network's own before a public one; and a broken one before both, which is passed over.
    let _broken = NameServer::start("127.53.0.12", NO_PAUSE, |_, _| Reply::Failure);
    let Some(_private) = NameServer::start("127.53.0.13", Duration::from_millis(200), reply) else { return };
    let _public = NameServer::start("127.53.0.14", NO_PAUSE, |_, _| Reply::NoName);
    let resolv = "nameserver 127.53.0.12\nnameserver 127.53.0.13\nnameserver 127.53.0.14\n";
    let Some(ran) = with_system(&named(&deployment, HOST), resolv, "", "co-cred check") else { return };
    ran.expect(0);
}

#[test]
fn a_hosts_file_with_comments_that_are_no_utf_8_is_read() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let world = named(&deployment, HOST).file("work/latin", b"# f\xfcr alle\n127.0.0.1 co.example.org\n");
    let command = "sh -c \"mount --bind latin /etc/hosts && co-cred check\"";
    let Some(ran) = with_system(&world, "", "", command) else { return };
    ran.expect(0);
}

#[test]
fn a_name_that_does_not_exist_is_told_from_name_servers_that_do_not_answer() {
    let none = |_: &str, kind| if kind == A { Reply::NoName } else { Reply::Silence };
    let Some(_none) = NameServer::start("127.53.0.9", NO_PAUSE, none) else { return };
    let Some(_broken) = NameServer::start("127.53.0.10", NO_PAUSE, |_, _| Reply::Failure) else { return };
    let Some(_silent) = NameServer::start("127.53.0.11", NO_PAUSE, |_, _| Reply::Silence) else { return };
    let cases =
        [("127.53.0.9", 60, "no address"), ("127.53.0.10", 60, "no name server"), ("127.53.0.11", 1, "in time")];
    for (server, timeout, words) in cases {
        let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", format!("https://{HOST}"));
        let start = Instant::now();
        let command = format!("co-cred doctor --json --timeout {timeout}s");
        let Some(ran) = with_system(&world, &format!("nameserver {server}\n"), "", &command) else { return };
        let (cause, told) = cause(&ran);
        assert!(cause == "name" && told.contains(words), "{server}: {told}");
        assert!(start.elapsed() < Duration::from_secs(20), "{server}: {:?}", start.elapsed());
    }
}

#[test]
fn another_address_is_tried_while_the_first_are_silent() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let silent = ["127.0.77.1", "127.0.77.2", "127.0.77.3"].map(|address| silent(address, deployment.port()));
    let hosts = format!("127.0.77.1 {HOST}\n127.0.77.2 {HOST}\n127.0.77.3 {HOST}\n127.0.0.1 {HOST}\n");
    let Some(ran) = with_system(&named(&deployment, HOST), "", &hosts, "co-cred check") else { return };
    ran.expect(0);
    drop(silent);
}

#[test]
fn another_address_is_tried_where_the_first_refuse() {
    let deployment = Plan::with_token(TOKEN).tls_for(&[HOST]).start();
    let hosts = format!("::1 {HOST}\n127.0.77.4 {HOST}\n127.0.0.1 {HOST}\n");
    let Some(ran) = with_system(&named(&deployment, HOST), "", &hosts, "co-cred check") else { return };
    ran.expect(0);
}

/// Much longer than a connection takes on this machine, and than co-cred once gave it.
const SLOW: Duration = Duration::from_secs(4);

const CONNECTED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

#[test]
fn timeout_is_for_proxy_and_tls_too() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let proxy = relay(deployment.port(), SLOW, Some(CONNECTED));
    let tls = relay(deployment.port(), SLOW, None);
    let at = || Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    let by_proxy = at().with("HTTPS_PROXY", format!("http://{proxy}"));
    let by_relay = at().with("CODEOCEAN_DOMAIN", format!("https://localhost:{}", tls.port()));
    for (world, cause_then, words) in
        [(by_proxy, "proxy", "the proxy in HTTPS_PROXY"), (by_relay, "timeout", "TLS handshake")]
    {
        world.run(["check", "--timeout", "60s"]).expect(0);
        let ran = world.run(["doctor", "--json", "--timeout", "2s"]).expect(5);
        let (cause, told) = cause(&ran);
        assert!(cause == cause_then && told.contains(words) && told.contains("in time"), "{told}");
    }
}

#[test]
fn an_address_that_is_silent_takes_the_whole_timeout_and_no_more() {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    let _silent = silent("127.0.77.5", port);
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", format!("https://127.0.77.5:{port}"));
    let start = Instant::now();
    let ran = world.run(["doctor", "--json", "--timeout", "4s"]).expect(5);
    assert_eq!(cause(&ran).0, "timeout", "{ran:?}");
    let took = start.elapsed();
    assert!((Duration::from_millis(3900)..Duration::from_secs(15)).contains(&took), "{took:?}");
}

#[test]
fn each_fault_of_a_proxy_has_words_of_its_own() {
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
        let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).with("ALL_PROXY", &proxy);
        let ran = world.run(["doctor", "--json", "--timeout", "5s"]).expect(5);
        let (cause, told) = cause(&ran);
        assert!(cause == "proxy" && told.contains(words) && told.contains("ALL_PROXY"), "{proxy}: {told}");
        assert!(!ran.out.contains("proxy-password"), "{ran:?}");
    }
}

#[test]
fn no_proxy_is_understood_as_curl_and_others_write_it() {
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
        let world =
            Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).with("HTTPS_PROXY", format!("http://{closed}"));
        let world = world.with("CODEOCEAN_DOMAIN", format!("https://{host}:{port}")).with("NO_PROXY", exceptions);
        let ran = world.run(["doctor", "--json"]);
        let by_proxy = ran.code == 5 && cause(&ran).0 == "proxy";
        assert_eq!(!by_proxy, is_excepted, "{host} with NO_PROXY={exceptions:?}: {ran:?}");
    }
}

#[test]
fn the_scheme_of_a_proxy_may_be_in_capitals() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let proxy = relay(deployment.port(), NO_PAUSE, Some(CONNECTED));
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    world.with("HTTPS_PROXY", format!("HTTP://{proxy}")).run(["check"]).expect(0);
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let world =
        Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).with("ALL_PROXY", format!("SOCKS5H://{closed}"));
    let ran = world.run(["doctor", "--json"]).expect(5);
    assert!(cause(&ran).1.contains("cannot be reached"), "{ran:?}");
}

/// What `openssl req -x509` makes, and the key.
fn self_signed(world: &Sandbox, name: &str, more: &[&str]) -> (PathBuf, PathBuf) {
    let (certificate, key) = (world.path(&format!("work/{name}.pem")), world.path(&format!("work/{name}.key")));
    let mut args = vec!["req", "-x509", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=localhost", "-days", "2"];
    args.extend(more);
    args.extend(["-out", certificate.to_str().unwrap(), "-keyout", key.to_str().unwrap()]);
    let ran = world.spawn_program("openssl", &args);
    assert_eq!(ran.code, 0, "{ran:?}");
    (certificate, key)
}

const NAMES: [&str; 2] = ["-addext", "subjectAltName=DNS:localhost"];

#[test]
fn a_self_signed_certificate_is_trusted_where_the_user_named_that_very_one() {
    if !has("openssl") {
        return;
    }
    let folder = Sandbox::new();
    let (certificate, key) = self_signed(&folder, "mine", &NAMES);
    let deployment = Plan::with_token(TOKEN).tls_with(&certificate, &key).start();
    let at = || Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    at().run(["check"]).expect(0);
    // Among others, and by a folder.
    let (twin, _) = self_signed(&folder, "twin", &NAMES);
    let bundle = [fs::read(&twin).unwrap(), fs::read(&certificate).unwrap()].concat();
    let folder = folder.file("work/bundle.pem", bundle);
    at().with("SSL_CERT_FILE", folder.path("work/bundle.pem")).run(["check"]).expect(0);
    let by_folder = at().without("SSL_CERT_FILE").with("SSL_CERT_DIR", folder.path("work"));
    by_folder.run(["check"]).expect(0);
    // Not where another was named that says the same of itself, nor where it comes from nowhere.
    at().with("SSL_CERT_FILE", &twin).run(["check"]).expect(5);
    at().without("SSL_CERT_FILE").run(["check"]).expect(5);
    // Not for another name.
    let ran = at().with("CODEOCEAN_DOMAIN", format!("https://127.0.0.1:{}", deployment.port()));
    let ran = ran.run(["doctor", "--json"]).expect(5);
    assert!(cause(&ran).1.contains("another name"), "{ran:?}");
}

#[test]
fn a_self_signed_certificate_must_be_valid_today_and_name_its_host() {
    if !has("openssl") {
        return;
    }
    let folder = Sandbox::new().file("work/index.txt", "").file("work/serial", "01\n").file("work/ca.conf", CA_CONF);
    let dated = |name: &str, from: &str, to: &str| {
        let (request, key) = (format!("{name}.csr"), format!("{name}.key"));
        let args =
            ["req", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=localhost", "-out", &request, "-keyout", &key];
        assert_eq!(folder.spawn_program("openssl", &args).code, 0);
        let out = format!("{name}.pem");
        let args = ["ca", "-batch", "-notext", "-selfsign", "-config", "ca.conf", "-extensions", "authority"];
        let args: Vec<&str> = args
            .into_iter()
            .chain(["-in", &request, "-keyfile", &key, "-out", &out, "-startdate", from, "-enddate", to])
            .collect();
        let ran = folder.spawn_program("openssl", &args);
        assert_eq!(ran.code, 0, "{ran:?}");
        (folder.path(&format!("work/{out}")), folder.path(&format!("work/{key}")))
    };
    let cases = [
        (dated("now", "20200101000000Z", "20991231000000Z"), None),
        (dated("expired", "20010101000000Z", "20020101000000Z"), Some("expired on 2002-01-01")),
        (dated("early", "20980101000000Z", "20990101000000Z"), Some("not valid before 2098-01-01")),
        (self_signed(&folder, "nameless", &[]), Some("names no host")),
    ];
    for ((certificate, key), words) in cases {
        let deployment = Plan::with_token(TOKEN).tls_with(&certificate, &key).start();
        let ran = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).run(["doctor", "--json"]);
        match words {
            None => assert_eq!(ran.code, 0, "{ran:?}"),
            Some(words) => assert!(ran.code == 5 && cause(&ran).1.contains(words), "{words}: {ran:?}"),
        }
    }
}

const CA_CONF: &str = "[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\nnew_certs_dir = .\nserial = serial\n\
    default_md = sha256\npolicy = any\nunique_subject = no\n[any]\ncommonName = supplied\n\
    [authority]\nbasicConstraints = critical, CA:TRUE\nsubjectAltName = DNS:localhost\n";

/// A server of openssl's, which ends when dropped.
struct Openssl(Child, u16);

impl Openssl {
    fn start(world: &Sandbox, args: &[&str]) -> Openssl {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let (certificate, key) = (world.path("work/mine.pem"), world.path("work/mine.key"));
        let mut command = Command::new("openssl");
        command.args(["s_server", "-www", "-accept", &format!("127.0.0.1:{port}")]).args(args);
        command.arg("-cert").arg(certificate).arg("-key").arg(key);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < end, "openssl s_server does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Openssl(child, port)
    }
}

impl Drop for Openssl {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn each_fault_of_tls_has_words_of_its_own() {
    if !has("openssl") {
        return;
    }
    let folder = Sandbox::new();
    let (certificate, _) = self_signed(&folder, "mine", &NAMES);
    let told = |port: u16, authority: &Path, timeout: &str| {
        let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("SSL_CERT_FILE", authority);
        let world = world.with("CODEOCEAN_DOMAIN", format!("https://localhost:{port}"));
        let ran = world.run(["doctor", "--json", "--timeout", timeout]).expect(5);
        cause(&ran)
    };
    let openssl: [(&[&str], &str); 3] = [
        (&["-Verify", "1", "-tls1_3"], "client certificate"),
        (&["-Verify", "1", "-tls1_2"], "client certificate"),
        (&["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], "TLS 1.2"),
    ];
    for (args, words) in openssl {
        let server = Openssl::start(&folder, args);
        let (cause, told) = told(server.1, &certificate, "60s");
        assert!(cause == "tls" && told.contains(words), "{args:?}: {cause} {told}");
    }
    // Servers that speak no TLS and say nothing: one hangs up, one waits.
    let closing = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let waiting = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let ports = [&closing, &waiting].map(|listener| listener.local_addr().unwrap().port());
    thread::spawn(move || closing.incoming().for_each(|stream| drop(stream.unwrap().read(&mut [0; 4096]))));
    for (port, word) in ports.into_iter().zip(["connection", "timeout"]) {
        let (cause, told) = told(port, &certificate, "2s");
        assert!(cause == word && told.contains("TLS handshake") && told.contains("port"), "{cause} {told}");
    }
    let plain = Plan::with_token(TOKEN).start();
    let expired = Plan::with_token(TOKEN).tls_between(2001, 2002).start();
    let early = Plan::with_token(TOKEN).tls_between(2098, 2099).start();
    let other = Plan::with_token(TOKEN).tls_for(&["other.example.org", "*.example.net"]).start();
    let cases = [
        (plain.port(), certificate.as_path(), "plain http"),
        (expired.port(), expired.authority(), "expired on 2002-01-01"),
        (early.port(), early.authority(), "not valid before 2098-01-01"),
        (other.port(), other.authority(), "other.example.org, *.example.net"),
    ];
    for (port, authority, words) in cases {
        let (cause, told) = told(port, authority, "60s");
        assert!(cause == "tls" && told.contains(words), "{words}: {cause} {told}");
    }
}

#[test]
fn a_client_certificate_that_is_wanted_only_after_the_handshake_is_told() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let (certificate, key) = deployment.certificate_for("localhost");
    // As nginx with `ssl_verify_client on`: the handshake succeeds, and then every request is answered with 400.
    let script = "
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(400)
        self.send_header('Content-Type', 'text/html')
        self.end_headers()
        self.wfile.write(b'<title>400 No required SSL certificate was sent</title>')
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
context.load_verify_locations(sys.argv[3])
context.verify_mode = ssl.CERT_OPTIONAL
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()";
    let mut command = Command::new("python3");
    command.arg("-c").arg(script).args([&certificate, &key]).arg(deployment.authority());
    let mut server = Openssl(command.stdout(Stdio::piped()).spawn().unwrap(), 0);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.0.stdout.take().unwrap()), &mut line).unwrap();
    server.1 = line.trim().parse().unwrap();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    let world = world.with("CODEOCEAN_DOMAIN", format!("https://localhost:{}", server.1));
    let ran = world.run(["doctor", "--json"]).expect(5);
    let (cause, told) = cause(&ran);
    assert!(cause == "tls" && told.contains("client certificate"), "{told}");
}

#[test]
fn the_bundles_that_requests_and_curl_read_are_honoured_after_ssl_cert_file() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let another = Plan::default().tls().start();
    let (right, wrong) = (deployment.authority(), another.authority());
    let table: [(&[(&str, &Path)], Option<&str>); 8] = [
        (&[("REQUESTS_CA_BUNDLE", right)], Some("REQUESTS_CA_BUNDLE")),
        (&[("CURL_CA_BUNDLE", right)], Some("CURL_CA_BUNDLE")),
        (&[("REQUESTS_CA_BUNDLE", right.parent().unwrap())], Some("REQUESTS_CA_BUNDLE")),
        (&[("REQUESTS_CA_BUNDLE", right), ("CURL_CA_BUNDLE", wrong)], Some("REQUESTS_CA_BUNDLE")),
        (&[("SSL_CERT_FILE", right), ("REQUESTS_CA_BUNDLE", wrong)], Some("SSL_CERT_FILE")),
        (&[("SSL_CERT_FILE", wrong), ("REQUESTS_CA_BUNDLE", right)], None),
        (&[("REQUESTS_CA_BUNDLE", Path::new("/nowhere")), ("CURL_CA_BUNDLE", right)], None),
        (&[("CURL_CA_BUNDLE", wrong)], None),
    ];
    for (variables, used) in table {
        let mut world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", deployment.url());
        for (name, path) in variables {
            world = world.with(name, *path);
        }
        let ran = world.run(["doctor", "--json"]);
        let json = ran.json();
        let named = json["authorities"].as_str().unwrap_or_default().to_owned();
        match used {
            Some(used) => assert_eq!((ran.code, named.as_str()), (0, used), "{variables:?}: {ran:?}"),
            // What cannot be trusted is told with the variable that says so.
            None => {
                let told = cause(&ran).1;
                assert!(ran.code == 5 && variables[0].0 == named && told.contains(&named), "{variables:?}: {told}");
            }
        }
        let plain = world.run(["doctor"]);
        assert!(plain.out.contains(&format!("authorities  {}", variables[0].0)), "{plain:?}");
        let loud = world.spawn(["check", "--verbose"]);
        assert!(loud.err.contains(variables[0].0), "{loud:?}");
    }
}

#[test]
fn a_byte_order_mark_before_any_certificate_of_a_bundle_is_passed_over() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let another = Plan::default().tls().start();
    let mark = "\u{feff}".as_bytes();
    let (right, other) = (fs::read(deployment.authority()).unwrap(), fs::read(another.authority()).unwrap());
    for (name, bundle) in [
        ("first", [mark, &right[..]].concat()),
        ("second", [&other[..], mark, &right].concat()),
        ("both", [mark, &other[..], mark, &right].concat()),
    ] {
        let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).file("work/bundle.pem", bundle);
        let bundle = world.path("work/bundle.pem");
        let ran = world.with("SSL_CERT_FILE", bundle).run(["check"]);
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
    }
}

#[test]
fn a_deployment_that_knows_another_word_for_ownership_is_asked_with_it() {
    let deployment = Plan::with_token(TOKEN).ownership("created").start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    let status = world.run(["status", "--json"]).expect(0).json();
    assert_eq!((&status["verdict"], &status["owner"]), (&"valid".into(), &"ada@example.org".into()));
    let statuses: Vec<u16> = deployment.seen().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [400, 200]);
    // One that takes neither is asked no third time, and nothing is remembered of it.
    let deployment = Plan::with_token(TOKEN).ownership("neither").start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    for _ in 0..2 {
        let ran = world.run(["check"]).expect(5);
        assert!(ran.err.contains("400"), "{ran:?}");
    }
    assert_eq!(deployment.seen().len(), 4);
}

/// No byte of any packet for this socket is taken from now on, nor acknowledged. Some systems let root alone do that.
#[cfg(target_os = "linux")]
fn lose(socket: &impl std::os::fd::AsFd) -> std::io::Result<()> {
    // BPF_RET, 0.
    socket2::SockRef::from(socket).attach_filter(&[socket2::SockFilter::new(0x06, 0, 0, 0)])
}

/// A deployment that answers each request after a pause. What comes on the first connection after one request is lost, as
/// where an address has changed; the others go on.
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
                    // First: the next request may come as soon as this one is answered.
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
fn the_broker_gives_up_a_kept_connection_whose_packets_vanish_and_keeps_a_long_poll() {
    if lose(&TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).is_err() {
        return;
    }
    let cases = [
        // What reads is asked once more on another connection; what writes is not.
        (NO_PAUSE, "GET", ["200", "200"]),
        (NO_PAUSE, "POST", ["200", "502"]),
        // Longer than a packet may stay unacknowledged.
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
