//! The broker where things go wrong: deployments that fail, clients that misbehave, bodies of a gigabyte, a thousand tokens
//! under load.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake_deployment::{Fault, Plan};

use crate::broker::access::{Broker, FINE, Recorder, basic, capsule, mounted};
use crate::support::sandbox::{Ran, Sandbox, TOKEN};
use crate::support::workstation::wait;

#[test]
fn what_the_deployment_says_is_handed_on_and_what_keeps_it_from_answering_is_told() {
    let faults = [
        Fault::TooManyRequests(7),
        Fault::Status(503),
        Fault::HtmlStatus(404),
        Fault::Slow(Duration::from_millis(300)),
        // Before its head is there: what reads is asked once more.
        Fault::CutOff,
    ];
    let deployment = Plan::with_token(TOKEN).tls().faults(faults).start();
    let broker = Broker::new(mounted(&deployment), &["--offline"]);
    let path = format!("/api/v1/capsules/{}", deployment.capsule());
    let reply = broker.get(&path);
    assert!(reply.status == 429 && reply.head.contains("retry-after: 7"), "{reply:?}");
    assert_eq!(broker.get(&path).message(), "a fault on demand");
    let reply = broker.get(&path);
    assert!(reply.status == 404 && reply.body.contains("<!doctype html>"), "{reply:?}");
    assert!(broker.get(&path).body.contains("Spike"));
    assert!(broker.get(&path).body.contains("Spike"));
    drop(deployment);
    let reply = broker.get(&path);
    assert!(reply.status == 502 && reply.message().contains("no connection to localhost"), "{reply:?}");
}

/// Of two lengths in an answer, the chunks are right.
#[test]
fn an_answer_with_two_lengths_is_whole() {
    let recorder = Recorder::new(
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    );
    let broker = Broker::new(recorder.world(), &["--offline"]);
    let reply = broker.get("/api/v1/x");
    assert!(!reply.head.contains("content-length") && reply.body == "5\r\nhello\r\n0\r\n\r\n", "{reply:?}");
    let recorder = Recorder::new("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n");
    assert_eq!(Broker::new(recorder.world(), &["--offline"]).get("/api/v1/x").status, 502);
}

/// No client takes what was cut off for a whole answer.
#[test]
fn an_answer_that_is_cut_off_is_cut_off_here() {
    for (head, body) in [("content-length: 1000", "half"), ("transfer-encoding: chunked", "5\r\nhalf")] {
        let recorder = Recorder::closing(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}"));
        let broker = Broker::new(recorder.world(), &["--offline"]);
        let url = format!("http://{}/api/v1/x", broker.address);
        for _ in 0..3 {
            let curl = Command::new("curl").args(["-s", "-m", "20", "-u", &format!("{}:", broker.pass), &url]).output();
            // 18: a partial file; 56: the connection broke.
            let code = curl.unwrap().status.code().unwrap();
            assert!([18, 56].contains(&code), "{head}: {code}");
        }
    }
    // Whatever is no answer at all.
    for answer in ["", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"] {
        let recorder = Recorder::closing(answer);
        let broker = Broker::new(recorder.world(), &["--offline"]);
        assert_eq!(broker.get("/api/v1/x").status, 502, "{answer}");
        assert_eq!(broker.ask("POST", "/api/v1/x", "", "{}").status, 502, "{answer}");
        let writes = recorder.heard().iter().filter(|heard| heard.starts_with("POST")).count();
        assert_eq!(writes, 1, "{answer}: what writes was repeated");
    }
}

#[test]
fn a_certificate_that_is_not_trusted_gets_no_token() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let other = Plan::with_token(TOKEN).tls().start();
    let world = mounted(&deployment).with("SSL_CERT_FILE", other.authority());
    let broker = Broker::new(world, &["--offline"]);
    let reply = broker.get("/api/v1/capsules/x");
    assert!(reply.status == 502 && reply.message().contains("SSL_CERT_FILE"), "{reply:?}");
    assert!(deployment.seen().is_empty());
}

/// Requests that two servers could read differently: the deployment sees one request, framed anew, or none.
#[test]
fn nothing_is_smuggled_through() {
    let recorder = Recorder::new(FINE);
    let broker = Broker::new(recorder.world(), &["--offline", "--read-only"]);
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
        ("a coding in disguise", "transfer-encoding: xchunked\r\n".to_owned(), &ended),
        ("a blank before the colon", "transfer-encoding : chunked\r\n".to_owned(), &ended),
        ("obsolete folding", "x: y\r\n transfer-encoding: chunked\r\n".to_owned(), &ended),
        ("a NUL", "x: \0y\r\n".to_owned(), ""),
        ("a lone return", "x: y\rtransfer-encoding: chunked\r\n".to_owned(), &ended),
        ("a size that is none", chunked.to_owned(), "zz\r\n{}\r\n0\r\n\r\n"),
        ("a size that overflows", chunked.to_owned(), "ffffffffffffffff1\r\n{}\r\n0\r\n\r\n"),
    ] {
        let before = recorder.heard().len();
        let answer = search(&format!("{more}connection: close\r\n"), body);
        let heard = recorder.heard().split_off(before);
        assert!(heard.len() <= 1 && !heard.concat().contains("DELETE"), "{name}: {heard:?}");
        let statuses: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|one| &one[..3]).collect();
        assert!(statuses.iter().all(|status| ["200", "400", "403", "501"].contains(status)), "{name}: {answer}");
    }
    // Several requests on one connection are several, each with a verdict of its own.
    let get = |path: &str, end: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\n{end}\r\n", broker.address, broker.basic())
    };
    let delete = get("/api/v1/x", "").replace("GET", "DELETE");
    let all = [get("/api/v1/a", ""), delete, get("/api/v1/b", "connection: close\r\n")].concat();
    let answer = broker.raw(all.as_bytes());
    let statuses: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|one| &one[..3]).collect();
    assert_eq!(statuses, ["200", "403", "200"], "{answer}");
    // A head without end, and one that is too long.
    let long = format!("GET /api/v1/{} HTTP/1.1\r\n\r\n", "x".repeat(200_000));
    let answer = broker.raw(long.as_bytes());
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert_eq!(broker.get("/api/v1/a").status, 200);
}

#[test]
fn every_form_of_a_body_arrives() {
    let recorder = Recorder::new(FINE);
    let broker = Broker::new(recorder.world(), &["--offline"]);
    let url = format!("http://{}/api/v1/x", broker.address);
    let user = format!("{}:", broker.pass);
    let curl = |args: &[&str]| {
        let output = Command::new("curl").args(["-s", "-m", "20", "-u", &user]).args(args).arg(&url).output().unwrap();
        let ran = Ran::from(output).expect(0);
        (ran.out, recorder.heard().last().unwrap().clone())
    };
    let (_, heard) = curl(&["-d", "some text"]);
    assert!(heard.contains("content-length: 9\r\n") && heard.ends_with("\r\n\r\nsome text"), "{heard}");
    let (_, heard) = curl(&["-H", "Transfer-Encoding: chunked", "-d", "some text"]);
    assert!(heard.contains("transfer-encoding: chunked\r\n") && heard.contains("some text"), "{heard}");
    let (_, heard) = curl(&["-H", "Expect: 100-continue", "-d", "some text"]);
    assert!(!heard.contains("expect") && heard.ends_with("some text"), "{heard}");
    let (_, heard) = curl(&["-d", ""]);
    assert!(heard.contains("content-length: 0\r\n"), "{heard}");
    let (answer, heard) = curl(&["-I"]);
    assert!(heard.starts_with("HEAD ") && answer.contains("content-length: 2"), "{answer} {heard}");
    let (answer, _) = curl(&["-0"]);
    assert_eq!(answer, "{}");
}

/// Reads a request's head, then as much of its body as is announced; then gives a body of so many bytes.
fn giant(size: u64) -> (Sandbox, thread::JoinHandle<u64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let work = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut piece, mut head) = (vec![0; 1 << 20], Vec::new());
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            let len = stream.read(&mut piece[..1]).unwrap();
            head.extend_from_slice(&piece[..len]);
        }
        let head = String::from_utf8(head).unwrap();
        let length =
            head.split("content-length: ").nth(1).map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
        let mut got = 0;
        while got < length {
            got += stream.read(&mut piece).unwrap() as u64;
        }
        stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n").as_bytes()).unwrap();
        let mut left = size;
        while left > 0 {
            let now = left.min(piece.len() as u64);
            stream.write_all(&piece[..now as usize]).unwrap();
            left -= now;
        }
        got
    };
    (Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", url), thread::spawn(work))
}

/// The most memory that a process had, in megabytes.
fn peak(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn a_gigabyte_goes_through_both_ways_in_constant_memory() {
    const SIZE: u64 = 1 << 30;
    let (world, server) = giant(SIZE);
    let broker = Broker::new(world, &["--offline"]);
    let before = peak(broker.child.id());
    let mut stream = broker.connect();
    let head = format!(
        "PUT /api/v1/x HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\ncontent-length: {SIZE}\r\nconnection: close\r\n\r\n",
        broker.address,
        broker.basic()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut piece = vec![0; 1 << 20];
    for _ in 0..SIZE >> 20 {
        stream.write_all(&piece).unwrap();
    }
    let mut got = 0;
    loop {
        match stream.read(&mut piece).unwrap() {
            0 => break,
            len => got += len as u64,
        }
    }
    assert!(got > SIZE && got < SIZE + 1000, "{got}");
    assert_eq!(server.join().unwrap(), SIZE);
    let grown = peak(broker.child.id()) - before;
    assert!(grown < 16, "{grown} MB more than {before}");
}

/// Nothing but the end of the command ends it: not a program that cannot be started, again and again.
#[test]
fn what_is_run_for_a_token_does_not_disturb_the_supervisor() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = Sandbox::new().with("SSL_CERT_FILE", deployment.authority()).credentials(&deployment.url(), TOKEN);
    let script = r#"rm "$HOME/.codeocean/credentials.json"
mkdir -p "$HOME/.config/co-cred"
for number in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    printf '[[deployment]]\ndomain = "%s"\ntoken_command = ["nonesuch%s"]\n' "$REAL" $number > "$HOME/.config/co-cred/config.toml"
    sleep 0.05
    (true &)
done
echo done"#;
    let world = world.with("REAL", deployment.url());
    let ran = world.spawn(["exec", "--broker", "--", "sh", "-c", script]).expect(0);
    assert_eq!(ran.out, "done\n", "{ran:?}");
}

/// A child of another user, and one of the same that is not root, look wherever they may.
#[test]
fn the_token_is_nowhere_where_a_program_behind_it_could_look() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let recorder = Recorder::new(FINE);
    // Of its own, since other tests' processes hold the usual one. The mark shows that there is something to be read.
    let (token, mark) = (format!("cop_Hidden{:08x}", std::process::id()), "here-is-the-mark");
    let world = recorder.world().without("CUSTOM_KEY").with("HIDDEN_KEY", &token).with("MARK", mark);
    let (root, program) = (world.path(""), world.path("co-cred"));
    crate::support::sandbox::copy_bin(&program);
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/broker/probe.py"), world.path("probe.py")).unwrap();
    for path in [&root, &world.path("work"), &world.path("home"), &program] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    let backwards = |text: &str| text.chars().rev().collect::<String>();
    let look = format!(
        "curl -s -o /dev/null -u $CODEOCEAN_TOKEN: $CODEOCEAN_DOMAIN/api/v1/x; python3 {0}/probe.py {1} {2} {0} & wait",
        root.display(),
        backwards(&token),
        backwards(mark)
    );
    let exec = [program.to_str().unwrap(), "exec", "--offline", "--broker", "--"];
    let other = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"];
    for (name, command) in [("another user", [&exec[..], &other].concat()), ("the same", [&other[..], &exec].concat())]
    {
        let before = recorder.heard().len();
        let mut command = [&command[..], &["sh", "-c", &look]].concat().into_iter();
        let output = world.program(command.next().unwrap()).args(command).output().unwrap();
        let ran = Ran::from(output).expect(0);
        let marks = ran.out.lines().next().and_then(|line| line.strip_prefix("marks ")?.parse().ok()).unwrap_or(0);
        assert!(marks > 0, "{name}: nothing could be read at all: {ran:?}");
        assert!(
            !ran.out.contains("found") && !ran.out.contains(&token) && !ran.err.contains(&token),
            "{name}: {ran:?}"
        );
        assert!(recorder.heard()[before..].concat().contains(&basic(&token)), "{name}: it was not used");
    }
}

#[test]
fn what_is_killed_leaves_nothing_behind() {
    let recorder = Recorder::new(FINE);
    let mut broker = Broker::new(recorder.world(), &["--offline"]);
    let id = broker.child.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let command: u32 = children.split_whitespace().next().unwrap().parse().unwrap();
    broker.child.kill().unwrap();
    broker.child.wait().unwrap();
    let ended = || fs::read_to_string(format!("/proc/{command}/stat")).map_or(true, |stat| stat.contains(") Z"));
    wait("the end of the command", ended);
    assert!(TcpStream::connect(&broker.address).is_err());
}

/// A thousand tokens, one after the other, while four clients ask without a pause. Each is revoked once the next one is used;
/// the one after that comes once every client has had an answer to a request that began afterwards: what reads is tried
/// once more, and no more often.
#[test]
fn a_thousand_rotations_under_load_fail_no_request() {
    const ROTATIONS: usize = 1000;
    let token = |number: usize| format!("cop_rotation{number:05}");
    let deployment = &Plan::with_token(&token(0)).tls().start();
    let world = Sandbox::new().at(deployment).file("mount/co", token(0));
    let broker = &Broker::new(world, &[]);
    let (path, beside) = (broker.world.path("mount/co"), broker.world.path("mount/.new"));
    let (over, asked) = (&AtomicBool::new(false), &[const { AtomicUsize::new(0) }; 4]);
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let counts = || asked.each_ref().map(|asked| asked.load(Ordering::Relaxed));
    let mut early = (0, 0);
    thread::scope(|scope| {
        let _over = Over(over);
        for asked in asked {
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let status = capsule(broker, deployment);
                    assert_eq!(status, 200, "{}", broker.said());
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 1..=ROTATIONS {
            deployment.issue(&token(number));
            match number % 3 {
                0 => fs::write(&path, token(number)).unwrap(),
                1 => {
                    fs::write(&beside, token(number)).unwrap();
                    fs::rename(&beside, &path).unwrap();
                }
                _ => {
                    fs::remove_file(&path).unwrap();
                    fs::write(&path, token(number)).unwrap();
                }
            }
            let expected = Some(basic(&token(number)));
            promptly(&format!("token {number}"), || deployment.latest().unwrap().authorization == expected);
            deployment.revoke(&token(number - 1));
            // Of two requests of a client, the second began after that.
            let before = counts();
            promptly("an answer", || counts().iter().zip(before).all(|(now, before)| *now >= before + 2));
            if number == ROTATIONS / 10 {
                early = usage(broker.child.id());
            }
        }
    });
    let late = usage(broker.child.id());
    println!("{:?} requests; descriptors and kB resident: {early:?}, then {late:?}", counts());
    assert!(late.0 <= early.0 + 8 && late.1 < early.1 + 8192, "{early:?} {late:?}");
    // Each request has the token of the moment, or the one before.
    let mut latest = 0;
    for seen in deployment.seen() {
        let authorization = seen.authorization.unwrap();
        let shown = STANDARD.decode(authorization.strip_prefix("Basic ").unwrap()).unwrap();
        let number: usize =
            String::from_utf8(shown).unwrap()["cop_rotation".len()..].trim_end_matches(':').parse().unwrap();
        assert!(number + 1 >= latest, "{number} after {latest}");
        latest = latest.max(number);
    }
    assert_eq!(latest, ROTATIONS);
}

/// As `wait`, without a pause that a thousand of them would feel.
fn promptly(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what} does not come");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The descriptors and the kilobytes that a process has.
fn usage(id: u32) -> (usize, u64) {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap().split_whitespace().nth(1).unwrap();
    (fs::read_dir(format!("/proc/{id}/fd")).unwrap().count(), resident.parse().unwrap())
}

/// A refusal that comes before the body has is the last answer over its connection, and says so: a client that sent its next
/// request there would find it closed.
#[test]
fn a_refusal_before_the_body_has_come_ends_the_connection_in_words() {
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
