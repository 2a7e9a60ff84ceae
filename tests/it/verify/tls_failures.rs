//! The messages of TLS failures, by real servers.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fake_deployment::Plan;

use crate::support::sandbox::{Sandbox, TOKEN, has};

use super::servers::{NAMES, cause, self_signed};

/// A process such as `openssl s_server`, killed when dropped, and its port.
struct Openssl(Child, u16);

impl Openssl {
    fn start(sandbox: &Sandbox, args: &[&str]) -> Openssl {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let (certificate, key) = (sandbox.path("work/mine.pem"), sandbox.path("work/mine.key"));
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
fn each_tls_failure_has_its_own_message() {
    if !has("openssl") {
        return;
    }
    let folder = Sandbox::new();
    let (certificate, _) = self_signed(&folder, "mine", &NAMES);
    let text = |port: u16, authority: &Path, timeout: &str| {
        let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("SSL_CERT_FILE", authority);
        let sandbox = sandbox.with("CODEOCEAN_DOMAIN", format!("https://localhost:{port}"));
        let ran = sandbox.run(["doctor", "--json", "--timeout", timeout]).expect(5);
        cause(&ran)
    };
    let openssl: [(&[&str], &str); 3] = [
        (&["-Verify", "1", "-tls1_3"], "client certificate"),
        (&["-Verify", "1", "-tls1_2"], "client certificate"),
        (&["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], "TLS 1.2"),
    ];
    for (args, words) in openssl {
        let server = Openssl::start(&folder, args);
        let (cause, text) = text(server.1, &certificate, "60s");
        assert!(cause == "tls" && text.contains(words), "{args:?}: {cause} {text}");
    }
    // Servers that do not speak TLS: one closes the connection, one waits.
    let closing = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let waiting = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let ports = [&closing, &waiting].map(|listener| listener.local_addr().unwrap().port());
    thread::spawn(move || closing.incoming().for_each(|stream| drop(stream.unwrap().read(&mut [0; 4096]))));
    for (port, word) in ports.into_iter().zip(["connection", "timeout"]) {
        let (cause, text) = text(port, &certificate, "2s");
        assert!(cause == word && text.contains("TLS handshake") && text.contains("port"), "{cause} {text}");
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
        let (cause, text) = text(port, authority, "60s");
        assert!(cause == "tls" && text.contains(words), "{words}: {cause} {text}");
    }
}

#[test]
fn client_certificate_required_after_the_handshake_is_reported() {
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
    let sandbox = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    let sandbox = sandbox.with("CODEOCEAN_DOMAIN", format!("https://localhost:{}", server.1));
    let ran = sandbox.run(["doctor", "--json"]).expect(5);
    let (cause, text) = cause(&ran);
    assert!(cause == "tls" && text.contains("client certificate"), "{text}");
}
