//! Name servers, proxies, relays and certificates for the tests of this folder.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fake_deployment::Deployment;

use crate::support::sandbox::{Ran, Sandbox, TOKEN};

/// The host of a deployment's certificate, which only the test's own hosts file or name server resolves.
pub(super) const HOST: &str = "co.example.org";

pub(super) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Types of DNS queries.
pub(super) const A: u16 = 1;
pub(super) const AAAA: u16 = 28;

#[derive(Clone, Copy)]
pub(super) enum Reply {
    Address(IpAddr),
    /// NODATA.
    NoData,
    /// NXDOMAIN.
    NxDomain,
    Failure,
    Silence,
}

/// A name server on port 53 of a loopback address, until the process ends.
pub(super) struct NameServer {
    asked: Arc<Mutex<Vec<(String, u16)>>>,
}

impl NameServer {
    /// `None` if this user may not bind port 53. `pause` comes before each answer.
    pub(super) fn start(
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

    pub(super) fn names(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(name, _)| name.clone()).collect()
    }
}

/// The name and the type of a query, and the offset of the end of its question (RFC 1035, section 4.1.2).
pub(super) fn question(query: &[u8]) -> (String, u16, usize) {
    let (mut at, mut labels) = (12, Vec::new());
    while query[at] != 0 {
        let label = &query[at + 1..=at + usize::from(query[at])];
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        at += 1 + label.len();
    }
    (labels.join("."), u16::from_be_bytes([query[at + 1], query[at + 2]]), at + 5)
}

pub(super) fn answer(question: &[u8], reply: Reply) -> Option<Vec<u8>> {
    let code = match reply {
        Reply::Silence => return None,
        Reply::Failure => 2,
        Reply::NxDomain => 3,
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

/// A sandbox that reaches the deployment under this host name.
pub(super) fn named(deployment: &Deployment, host: &str) -> Sandbox {
    let url = format!("https://{host}:{}", deployment.port());
    Sandbox::new().with("CUSTOM_KEY", TOKEN).at(deployment).with("CODEOCEAN_DOMAIN", url)
}

/// Runs a command with these texts mounted over `/etc/resolv.conf` and `/etc/hosts`. `None` if this user may not mount.
pub(super) fn with_system(sandbox: &Sandbox, resolv: &str, hosts: &str, command: &str) -> Option<Ran> {
    for (name, text) in [("resolv", resolv), ("hosts", hosts)] {
        crate::support::sandbox::write(&sandbox.path(&format!("work/{name}")), text.as_bytes());
    }
    let bind = "mount --bind resolv /etc/resolv.conf && mount --bind hosts /etc/hosts";
    let may = sandbox.shell("sh", &format!("unshare -m sh -c '{bind}'")).code == 0;
    may.then(|| sandbox.shell("sh", &format!("unshare -m sh -c '{bind} && exec {command}'")))
}

/// The cause of the first problem that `doctor` reports, and its message and hint.
pub(super) fn cause(ran: &Ran) -> (String, String) {
    let problem = &ran.json()["problems"][0];
    (problem["cause"].as_str().unwrap().to_owned(), format!("{} {}", problem["message"], problem["hint"]))
}

/// Makes a port neither accept nor refuse connections, like a firewall that drops packets, by filling its backlog.
pub(super) fn silent(address: &str, port: u16) -> impl Sized {
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

/// Relays connections to a port after `pause`. With `greeting`, it reads a request first and answers it with that.
pub(super) fn relay(port: u16, pause: Duration, greeting: Option<&'static [u8]>) -> SocketAddr {
    relay_at(SocketAddr::new(HERE, 0), port, pause, greeting)
}

/// The same, listening on this address.
pub(super) fn relay_at(at: SocketAddr, port: u16, pause: Duration, greeting: Option<&'static [u8]>) -> SocketAddr {
    let listener = TcpListener::bind(at).unwrap();
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

pub(super) const NO_PAUSE: Duration = Duration::ZERO;

pub(super) const CONNECTED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// A certificate made by `openssl req -x509`, and its key.
pub(super) fn self_signed(sandbox: &Sandbox, name: &str, more: &[&str]) -> (PathBuf, PathBuf) {
    let (certificate, key) = (sandbox.path(&format!("work/{name}.pem")), sandbox.path(&format!("work/{name}.key")));
    let mut args = vec!["req", "-x509", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=localhost", "-days", "2"];
    args.extend(more);
    args.extend(["-out", certificate.to_str().unwrap(), "-keyout", key.to_str().unwrap()]);
    let ran = sandbox.spawn_program("openssl", &args);
    assert_eq!(ran.code, 0, "{ran:?}");
    (certificate, key)
}

pub(super) const NAMES: [&str; 2] = ["-addext", "subjectAltName=DNS:localhost"];

pub(super) fn sandbox_at(deployment: &Deployment) -> Sandbox {
    Sandbox::new().with("CUSTOM_KEY", TOKEN).at(deployment)
}
