//! The broker beside nginx with one worker, as a reverse proxy that sets the same header: throughput, over TLS as to a
//! deployment and without TLS, in front of the same nginx. And the delay until a renewed token is used.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake_deployment::{Deployment, Plan};

use super::{BINARY, TOKEN, command, is_installed, median};

const ANSWER: &str =
    r#"{"has_more":false,"results":[{"id":"7dd2f1a3-90be-4f36-8d32-2fbd9cbf0a1f","name":"Spike sorting"}]}"#;

/// A process that is ended when this is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

pub(crate) fn rows(world: &Path) {
    if !is_installed("wrk") || !Path::new("/usr/sbin/nginx").exists() {
        println!("| broker, beside nginx | not measured: wrk or nginx is not installed | | | |");
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().start();
    for tls in [true, false] {
        throughput(world, &deployment, tls);
    }
}

/// Ten interleaved runs of wrk; medians of the requests a second and of the 99th percentile.
fn throughput(world: &Path, authority: &Deployment, tls: bool) {
    let [back, front] = [free_port(), free_port()];
    let _back = nginx(
        world,
        "back",
        &format!(
            "server {{ listen 127.0.0.1:{back} {}; location / {{ default_type \
        application/json; return 200 '{ANSWER}'; }} }}",
            certificate(authority, tls)
        ),
    );
    let header = STANDARD.encode(format!("{TOKEN}:"));
    let scheme = if tls { "https" } else { "http" };
    let trusted = authority.authority().display();
    let verify = format!(
        "proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_server_name on; \
        proxy_ssl_trusted_certificate {trusted};"
    );
    let _front = nginx(
        world,
        "front",
        &format!(
            "upstream back {{ server 127.0.0.1:{back}; keepalive 64; keepalive_requests 10000000; }}\n\
        server {{ listen 127.0.0.1:{front}; location / {{ proxy_pass {scheme}://back; {} proxy_http_version 1.1; \
        proxy_set_header Connection \"\"; proxy_set_header Authorization \"Basic {header}\"; }} }}",
            if tls { verify.as_str() } else { "" }
        ),
    );
    for port in [back, front] {
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    let host = if tls { "localhost" } else { "127.0.0.1" };
    let (_broker, address, pass) = broker(world, authority, &format!("{scheme}://{host}:{back}"), &["--offline"]);
    let peer = format!("http://127.0.0.1:{front}");
    let (mut ours, mut theirs, mut ratios) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()], Vec::new());
    for run in 0..11 {
        let (one, other) = match run % 2 {
            0 => (wrk(&address, &pass), wrk(&peer, &pass)),
            _ => {
                let other = wrk(&peer, &pass);
                (wrk(&address, &pass), other)
            }
        };
        // The first run warms up.
        if run > 0 {
            ratios.push(one.0 / other.0);
            for (all, (rate, p99)) in [(&mut ours, one), (&mut theirs, other)] {
                all[0].push(rate);
                all[1].push(p99);
            }
        }
    }
    let way = if tls { "to a deployment over TLS" } else { "the same without TLS" };
    let [(ours, our_99), (theirs, their_99)] = [ours, theirs].map(|[rate, p99]| (median(rate), median(p99)));
    println!(
        "| broker {way}, requests a second, beside nginx | {ours:.0} | {theirs:.0} | {:.3} | 0.9 |",
        median(ratios)
    );
    println!("| its 99th percentile | {our_99:.2} ms | {their_99:.2} ms | {:+.2} ms | +1 ms |", our_99 - their_99);
}

/// Requests a second, and the 99th percentile in milliseconds.
fn wrk(url: &str, pass: &str) -> (f64, f64) {
    let header = format!("Authorization: Basic {}", STANDARD.encode(format!("{pass}:")));
    let url = format!("{url}/api/v1/capsules/x");
    let output = Command::new("wrk").args(["-t1", "-c32", "-d3s", "--latency", "-H", &header, &url]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("Non-2xx") && !text.contains("Socket errors"), "{text}");
    let after = |word: &str| text.split(word).nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    // At the start of a line: a deviation may be 71.99%.
    let p99 = after("\n     99%");
    let p99 = match (p99.strip_suffix("us"), p99.strip_suffix("ms")) {
        (Some(micros), _) => micros.parse::<f64>().unwrap() / 1e3,
        (_, Some(millis)) => millis.parse().unwrap(),
        _ => p99.trim_end_matches('s').parse::<f64>().unwrap() * 1e3,
    };
    (after("Requests/sec:").parse().unwrap(), p99)
}

fn certificate(authority: &Deployment, tls: bool) -> String {
    if !tls {
        return String::new();
    }
    let (certificate, key) = authority.certificate_for("localhost");
    format!("ssl; ssl_certificate {}; ssl_certificate_key {}", certificate.display(), key.display())
}

fn nginx(world: &Path, name: &str, server: &str) -> Server {
    let at = |ending: &str| world.join(format!("{name}.{ending}")).display().to_string();
    let config = format!(
        "worker_processes 1; daemon off; master_process off; pid {}; error_log {};\nevents {{ worker_connections 4096; }}\n\
         http {{ access_log off; keepalive_requests 10000000; client_body_temp_path {2}; proxy_temp_path {2}; fastcgi_temp_path {2}; \
         uwsgi_temp_path {2}; scgi_temp_path {2};\n{server}\n}}\n",
        at("pid"),
        at("err"),
        at("tmp")
    );
    fs::write(at("conf"), config).unwrap();
    let child = Command::new("/usr/sbin/nginx").args(["-c", &at("conf")]).stderr(Stdio::null()).spawn().unwrap();
    Server(child)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A broker, its address and its pass.
fn broker(world: &Path, authority: &Deployment, deployment: &str, args: &[&str]) -> (Server, String, String) {
    let script = "echo \"$CODEOCEAN_DOMAIN $CODEOCEAN_TOKEN\"; exec cat";
    let mut command = command(world, BINARY, &["exec", "--broker"]);
    command.args(args).args(["--", "sh", "-c", script]).env("CO_CRED_SECRETS_DIR", world.join("mount"));
    command.env("CODEOCEAN_DOMAIN", deployment).env("SSL_CERT_FILE", authority.authority());
    if !world.join("mount").exists() {
        fs::create_dir(world.join("mount")).unwrap();
        fs::write(world.join("mount/co"), TOKEN).unwrap();
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (address, pass) = line.trim().split_once(' ').expect("the broker starts");
    (Server(child), address.to_owned(), pass.to_owned())
}

/// The time from a write to the first request with the new token, a hundred times for each way in which a file changes.
pub(crate) fn rotation(world: &Path) {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let (_broker, address, pass) = broker(world, &deployment, &deployment.url(), &[]);
    let (path, beside) = (world.join("mount/co"), world.join("mount/.new"));
    let mut former = TOKEN.to_owned();
    for (way, name) in ["a rename", "a write in place", "a new file"].iter().enumerate() {
        let mut took = Vec::new();
        for number in 0..100 {
            let token = format!("cop_rotation{way}x{number:05}");
            deployment.issue(&token);
            let start = Instant::now();
            match way {
                0 => {
                    fs::write(&beside, &token).unwrap();
                    fs::rename(&beside, &path).unwrap();
                }
                1 => fs::write(&path, &token).unwrap(),
                _ => {
                    fs::remove_file(&path).unwrap();
                    fs::write(&path, &token).unwrap();
                }
            }
            let expected = Some(format!("Basic {}", STANDARD.encode(format!("{token}:"))));
            // A request of the client: the agent verifies a token with a search, which is a POST.
            let mut since = deployment.seen().len();
            'new: loop {
                get(&address, &pass);
                let seen = deployment.seen();
                for request in &seen[since..] {
                    if request.request.starts_with("GET") && request.authorization == expected {
                        break 'new;
                    }
                }
                since = seen.len();
            }
            took.push(start.elapsed().as_secs_f64() * 1e3);
            deployment.revoke(&former);
            former = token;
        }
        took.sort_by(f64::total_cmp);
        let (middle, worst) = (took[took.len() / 2], took[took.len() - 1]);
        println!("| a new token is used after {name} | {middle:.1} ms, at most {worst:.1} ms | | | 100 ms |");
    }
}

fn get(address: &str, pass: &str) {
    let host = address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request = format!(
        "GET /api/v1/computations/0f3c7a52-6a55-4c6c-9d0e-6f2f4d0f2a11 HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {pass}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// The context switches in one minute, and the memory, of an agent with a broker that has served a request.
pub(crate) fn idle(world: &Path) {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let mut agent = command(world, BINARY, &["agent", "--broker", "--foreground", "--quiet", "--socket"]);
    agent.arg(world.join("idle/agent.sock")).env("CODEOCEAN_TOKEN", TOKEN).env("CODEOCEAN_DOMAIN", deployment.url());
    let mut child = agent.env("SSL_CERT_FILE", deployment.authority()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut output, mut lines) = (BufReader::new(child.stdout.take().unwrap()), Vec::new());
    while !lines.last().is_some_and(|line: &String| line.starts_with("CODEOCEAN_TOKEN=")) {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "no agent");
        lines.push(line);
    }
    let value = |name: &str| {
        let line = lines.iter().find(|line| line.starts_with(&format!("{name}="))).unwrap();
        line.split('\'').nth(1).unwrap().to_owned()
    };
    let (address, pass) = (value("CODEOCEAN_DOMAIN"), value("CODEOCEAN_TOKEN"));
    let agent = Server(child);
    get(&address, &pass);
    std::thread::sleep(Duration::from_secs(2));
    let tasks = format!("/proc/{}/task", agent.0.id());
    let switches = || -> u64 {
        let tasks =
            fs::read_dir(&tasks).unwrap().map(|task| fs::read_to_string(task.unwrap().path().join("status")).unwrap());
        let count = |line: &str| line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap();
        tasks.map(|text| text.lines().filter(|line| line.contains("ctxt_switches")).map(count).sum::<u64>()).sum()
    };
    let before = switches();
    std::thread::sleep(Duration::from_secs(60));
    let wakes = switches() - before;
    let status = fs::read_to_string(format!("/proc/{}/status", agent.0.id())).unwrap();
    let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap().split_whitespace().nth(1).unwrap();
    let resident = resident.parse::<f64>().unwrap() * 1024.0 / 1e6;
    println!("| an agent with a broker, idle for a minute: times it wakes up | {wakes} | | | 0 |");
    println!("| its memory | {resident:.1} MB | | | 12 MB |");
}
