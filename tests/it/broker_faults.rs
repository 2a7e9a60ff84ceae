//! The broker where things go wrong: deployments that fail, clients that misbehave, bodies of a gigabyte, a token that is
//! renewed meanwhile, a full disk.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use stand_in::{Deployment, Fault, Plan};

use super::broker::{Broker, FINE, Recorder, parse};
use super::desk::wait;
use super::world::{OTHER, Ran, TOKEN, World, bin};

/// A world whose token is in a mounted file.
fn mounted(deployment: &Deployment) -> World {
    World::new().at(deployment).file("mount/co", TOKEN)
}

fn capsule(broker: &Broker, deployment: &Deployment) -> u16 {
    broker.get(&format!("/api/v1/capsules/{}", deployment.capsule())).status
}

fn basic(token: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{token}:")))
}

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
fn giant(size: u64) -> (World, thread::JoinHandle<u64>) {
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
    (World::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", url), thread::spawn(work))
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

/// Whoever does not show the pass in time is gone, and never keeps out those who have it.
#[test]
fn ten_thousand_strangers_and_slow_ones_keep_nobody_out() {
    let recorder = Recorder::new(FINE);
    let broker = Broker::new(recorder.world(), &["--offline"]);
    let mut slow = broker.connect();
    let start = Instant::now();
    slow.write_all(b"GET /api/v1/x HTTP/1.1\r\n").unwrap();
    let script = "import resource, socket, sys\n\
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n\
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))\n\
        host, port = sys.argv[1].split(':')\n\
        all = []\n\
        for number in range(10000):\n    all.append(socket.create_connection((host, int(port)), 20))\n    \
            number % 3 or all[-1].send(b'GET / HT')\n\
        print(len(all), flush=True)\n\
        sys.stdin.read()\n";
    let mut crowd = Command::new("python3");
    let crowd = crowd.args(["-c", script, &broker.address]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut crowd = crowd.spawn().unwrap();
    let mut line = [0; 6];
    crowd.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
    assert_eq!(&line, b"10000\n");
    for _ in 0..20 {
        assert_eq!(broker.get("/api/v1/x").status, 200);
    }
    let files = fs::read_dir(format!("/proc/{}/fd", broker.child.id())).unwrap().count();
    assert!(files < 1100, "{files} descriptors");
    // One that gives a byte now and then is no better.
    slow.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let is_closed = |stream: &mut TcpStream| {
        let _ = stream.write_all(b"x");
        !matches!(stream.read(&mut [0; 64]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    };
    while !is_closed(&mut slow) {
        assert!(start.elapsed() < Duration::from_secs(20), "it may be slow for ever");
    }
    drop(crowd.stdin.take());
    let _ = crowd.wait();
    assert_eq!(broker.get("/api/v1/x").status, 200);
}

#[test]
fn a_token_that_was_renewed_is_used_and_what_reads_is_tried_once_more() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let broker = Broker::new(mounted(&deployment), &[]);
    assert_eq!(capsule(&broker, &deployment), 200);
    // Revoked at the very moment in which it is replaced.
    deployment.issue(OTHER);
    deployment.revoke(TOKEN);
    fs::write(broker.world.path("mount/co"), OTHER).unwrap();
    assert_eq!(capsule(&broker, &deployment), 200, "{}", broker.said());
    let path = "/api/v1/capsules/search";
    assert_eq!(broker.ask("POST", path, "", "{}").status, 200);
    deployment.issue(TOKEN);
    deployment.revoke(OTHER);
    fs::write(broker.world.path("mount/co"), TOKEN).unwrap();
    let before = deployment.seen().len();
    // What writes is not repeated, but the next request has the new token.
    let reply = broker.ask("POST", "/api/v1/computations", "", "{}");
    let writes = deployment.seen().split_off(before);
    let writes: Vec<_> = writes.iter().filter(|seen| seen.request == "POST /api/v1/computations").collect();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert!([401, 404].contains(&reply.status), "{reply:?}");
    assert_eq!(broker.ask("POST", path, "", "{}").status, 200);
    assert_eq!(deployment.latest().unwrap().authorization, Some(basic(TOKEN)));
}

/// A world whose token is printed by a command, and the file in which each of its runs is a line.
fn commanded(deployment: &Deployment) -> (World, std::path::PathBuf) {
    let world = World::new().at(deployment);
    let looks = world.path("looks");
    let command = format!("echo look >> {}; echo {TOKEN}", looks.display());
    let config =
        format!("[[deployment]]\ndomain = {:?}\ntoken_command = [\"sh\", \"-c\", {command:?}]\n", deployment.url());
    (world.file("home/.config/co-cred/config.toml", config), looks)
}

/// A path that is always answered with 401, as where a scope is missing, is no reason to look each time.
#[test]
fn a_scope_that_is_missing_makes_it_look_once() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let (world, looks) = commanded(&deployment);
    let broker = Broker::new(world, &[]);
    let count = || fs::read_to_string(&looks).unwrap().lines().count();
    let before = count();
    for _ in 0..8 {
        deployment.fail(Fault::Status(401));
        assert_eq!(broker.get("/api/v1/elsewhere").status, 401);
    }
    assert!(count() - before <= 3, "{before} {}", count());
    assert_eq!(capsule(&broker, &deployment), 200);
}

/// Without another token, a 401 is handed on, and told once; and a loop of them is no loop of looking.
#[test]
fn a_rejection_is_handed_on_where_there_is_no_other_token() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let (world, looks) = commanded(&deployment);
    let broker = Broker::new(world, &[]);
    deployment.revoke(TOKEN);
    let before = fs::read_to_string(&looks).unwrap().lines().count();
    assert_eq!(capsule(&broker, &deployment), 401);
    for _ in 0..20 {
        let reply = broker.get(&format!("/api/v1/capsules/{}", deployment.capsule()));
        assert!(reply.status == 502 && reply.message().contains("does not accept the token"), "{reply:?}");
    }
    assert!(broker.said().matches("does not accept the token").count() == 1, "{}", broker.said());
    let after = fs::read_to_string(&looks).unwrap().lines().count();
    assert!(after - before <= 2, "{before} {after}");
}

#[test]
fn a_token_from_an_agent_is_followed_as_any_other() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = mounted(&deployment);
    fs::create_dir(world.path("run")).unwrap();
    fs::set_permissions(world.path("run"), Permissions::from_mode(0o700)).unwrap();
    let run = world.path("run");
    let world = world.with("XDG_RUNTIME_DIR", run);
    world.spawn(["agent"]).expect(0);
    let (socket, mount) = (world.path("run/co-cred/agent.sock"), world.path("mount/co"));
    let client = World::new().at(&deployment).with("CO_CRED_AGENT_SOCK", socket);
    let broker = Broker::new(client, &[]);
    assert_eq!(capsule(&broker, &deployment), 200);
    deployment.issue(OTHER);
    fs::write(&mount, OTHER).unwrap();
    wait("the new token", || {
        capsule(&broker, &deployment) == 200 && deployment.latest().unwrap().authorization == Some(basic(OTHER))
    });
    world.spawn(["agent", "stop"]).expect(0);
}

/// A token that its source binds to another deployment is none for this one.
#[test]
fn a_token_for_another_deployment_is_not_sent_to_this_one() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = World::new().with("SSL_CERT_FILE", deployment.authority()).credentials(&deployment.url(), TOKEN);
    let broker = Broker::new(world, &[]);
    assert_eq!(capsule(&broker, &deployment), 200);
    let json = serde_json::json!({ "domain": "https://other.example.org", "token": OTHER }).to_string();
    fs::write(broker.world.path("home/.codeocean/credentials.json"), json).unwrap();
    wait("the warning", || broker.said().contains("the token from before is kept"));
    assert_eq!(capsule(&broker, &deployment), 200);
    deployment.revoke(TOKEN);
    assert_eq!(capsule(&broker, &deployment), 401);
    assert_eq!(capsule(&broker, &deployment), 502);
    assert!(deployment.seen().iter().all(|seen| seen.authorization == Some(basic(TOKEN))));
}

#[test]
fn a_loop_that_runs_away_is_slowed_down() {
    let recorder = Recorder::new(FINE);
    let broker = Broker::new(recorder.world(), &["--offline", "--rate", "10/s"]);
    let start = Instant::now();
    for _ in 0..25 {
        assert_eq!(broker.get("/api/v1/x").status, 200);
    }
    assert!(start.elapsed() >= Duration::from_millis(1400), "{:?}", start.elapsed());
    let broker = Broker::new(recorder.world(), &["--offline", "--rate", "1/h"]);
    assert_eq!(broker.get("/api/v1/x").status, 200);
    let reply = broker.get("/api/v1/x");
    assert!(reply.status == 429 && reply.message().contains("--rate 1/h"), "{reply:?}");
    assert!(reply.head.contains("retry-after: 3"), "{reply:?}");
}

fn lines(path: &std::path::Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_request_is_noted_and_none_of_its_secrets() {
    let deployment = Plan::with_token(TOKEN).tls().faults([Fault::Slow(Duration::from_secs(5))]).start();
    let world = mounted(&deployment);
    let log = world.path("work/log");
    let broker = Broker::new(world, &["--offline", "--read-only", "--audit", "log"]);
    // One who leaves before the answer is there has asked all the same.
    let mut left = broker.connect();
    let head =
        format!("GET /api/v1/left HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\n\r\n", broker.address, broker.basic());
    left.write_all(head.as_bytes()).unwrap();
    wait("the request", || deployment.connections() > 0);
    thread::sleep(Duration::from_millis(100));
    drop(left);
    wait("its line", || lines(&log).len() == 1);
    let early = fs::read_to_string(&log).unwrap();
    capsule(&broker, &deployment);
    broker.ask(
        "POST",
        "/api/v1/capsules/search?q=secret-query",
        "x-header: secret-header\r\n",
        "{\"a\":\"secret-body\"}",
    );
    broker.ask("DELETE", "/api/v1/capsules/x", "", "");
    broker.get("/elsewhere");
    // A stranger is not: they could fill the disk.
    parse(&broker.raw(format!("GET /api/v1/x HTTP/1.1\r\nhost: {}\r\n\r\n", broker.address).as_bytes()));
    let text = fs::read_to_string(&log).unwrap();
    assert!(!text.contains("secret-") && !text.contains("cop_") && !text.contains(&broker.basic()[6..]), "{text}");
    assert!(text.starts_with(&early), "what nobody waited for stays as it was begun");
    let lines = lines(&log);
    let seen: Vec<_> =
        lines.iter().map(|line| (&line["method"], &line["path"], &line["status"], &line["rule"])).collect();
    let path = format!("/api/v1/capsules/{}", deployment.capsule());
    let expected: Vec<[Value; 4]> = vec![
        ["GET".into(), "/api/v1/left".into(), Value::Null, "--read-only".into()],
        ["GET".into(), path.into(), 200.into(), "--read-only".into()],
        ["POST".into(), "/api/v1/capsules/search".into(), 200.into(), "--read-only".into()],
        ["DELETE".into(), "/api/v1/capsules/x".into(), 403.into(), "--read-only".into()],
        ["GET".into(), "/elsewhere".into(), 403.into(), "path".into()],
    ];
    let expected: Vec<_> = expected.iter().map(|[method, path, status, rule]| (method, path, status, rule)).collect();
    assert_eq!(seen, expected);
    for line in &lines {
        assert!(
            line["time"].as_str().unwrap().ends_with('Z') && (line["duration"].is_number() || line["status"].is_null()),
            "{line}"
        );
        assert_eq!(line.as_object().unwrap().len(), 6, "{line}");
    }
    assert_eq!(fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
}

/// A file system with room for nothing more: nothing passes unnoted, and no line is lost once there is room.
#[test]
fn with_a_full_disk_nothing_passes_until_there_is_room() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let recorder = Recorder::new(FINE);
    let world = recorder.world();
    fs::create_dir(world.path("small")).unwrap();
    let mount =
        |args: &[&str]| Command::new(args[0]).args(&args[1..]).arg(world.path("small")).status().unwrap().success();
    let mounted = mount(&["mount", "-t", "tmpfs", "-o", "size=64k", "none"]);
    if !mounted {
        // Not everywhere may root mount; the limit on a file's size, below, is everybody's.
        println!("not run: no small file system can be had");
        return;
    }
    let (log, fill) = (world.path("small/log"), world.path("small/fill"));
    let small = world.path("small");
    let broker = Broker::new(world, &["--offline", "--audit", log.to_str().unwrap()]);
    assert_eq!(broker.get("/api/v1/first").status, 200);
    let _ = fs::write(&fill, vec![0; 1 << 20]);
    let mut passed = 1;
    let refused = loop {
        match broker.get("/api/v1/more") {
            reply if reply.status == 200 => passed += 1,
            reply => break reply,
        }
        assert!(passed < 100, "it passes unnoted");
    };
    assert!(refused.status == 503 && refused.message().contains("--audit"), "{refused:?}");
    let heard = recorder.heard().len();
    assert_eq!(broker.get("/api/v1/more").status, 503);
    assert_eq!(recorder.heard().len(), heard);
    fs::remove_file(&fill).unwrap();
    assert_eq!(broker.get("/api/v1/last").status, 200);
    let noted = lines(&log);
    let statuses: Vec<_> = noted.iter().map(|line| line["status"].as_u64()).collect();
    assert_eq!(statuses, vec![Some(200); passed + 1]);
    assert_eq!(noted[0]["path"], "/api/v1/first");
    assert_eq!(noted.last().unwrap()["path"], "/api/v1/last");
    drop(broker);
    assert!(Command::new("umount").arg(small).status().unwrap().success());
}

/// The same where the file may not grow any more, which needs no rights; and the command ends as it ends.
#[test]
fn with_a_file_that_may_not_grow_nothing_passes() {
    let recorder = Recorder::new(FINE);
    let world = recorder.world();
    let script = r#"ulimit -f 1
exec co-cred exec --offline --broker --audit log -- sh -c 'for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
    curl -s -o /dev/null -w "%{http_code} " -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/x"
done; exit 7'"#;
    let ran = world.shell("sh", script).expect(7);
    let statuses: Vec<&str> = ran.out.split_whitespace().collect();
    let passed = statuses.iter().take_while(|status| **status == "200").count();
    assert!((1..12).contains(&passed) && statuses[passed..].iter().all(|status| *status == "503"), "{ran:?}");
    let noted = lines(&world.path("work/log"));
    assert_eq!((noted.len(), recorder.heard().len()), (passed, passed), "{noted:?}");
    assert!(noted.iter().all(|line| line["status"] == 200), "{noted:?}");
}

/// What is under way when the command ends, or when we are killed, is noted.
#[test]
fn what_is_not_answered_any_more_is_noted_all_the_same() {
    let deployment = Plan::with_token(TOKEN).tls().always(Fault::Slow(Duration::from_secs(20))).start();
    let world = mounted(&deployment);
    for (name, end) in [("its end", "exit 0"), ("a kill", "kill -9 $PPID; sleep 5")] {
        let log = world.path("work").join(name);
        let script = format!(
            "curl -s -m 20 -u $CODEOCEAN_TOKEN: -X DELETE $CODEOCEAN_DOMAIN/api/v1/x >/dev/null 2>&1 & sleep 0.5; {end}"
        );
        world.spawn(["exec", "--offline", "--broker", "--audit", log.to_str().unwrap(), "--", "sh", "-c", &script]);
        let lines = lines(&log);
        assert_eq!((lines.len(), lines[0]["method"].as_str()), (1, Some("DELETE")), "{name}");
    }
}

/// Somebody else cuts the file short to begin a new one.
#[test]
fn a_log_that_is_rotated_goes_on() {
    let recorder = Recorder::new(FINE);
    let world = recorder.world();
    let log = world.path("work/log");
    let broker = Broker::new(world, &["--offline", "--audit", "log"]);
    for _ in 0..3 {
        assert_eq!(broker.get("/api/v1/x").status, 200);
    }
    fs::File::options().write(true).open(&log).unwrap().set_len(0).unwrap();
    assert_eq!(broker.get("/api/v1/y").status, 200);
    fs::rename(&log, broker.world.path("work/log.1")).unwrap();
    assert_eq!(broker.get("/api/v1/z").status, 200);
    for (log, path) in [(broker.world.path("work/log.1"), "/api/v1/y"), (log, "/api/v1/z")] {
        let lines = lines(&log);
        assert!(lines.len() == 1 && lines[0]["path"] == path && lines[0]["status"] == 200, "{lines:?}");
    }
}

/// Whoever may write to its folder can have no other file written to: not by a link, not by another name of it.
#[test]
fn a_log_that_is_replaced_by_a_link_is_not_followed() {
    let recorder = Recorder::new(FINE);
    let world = recorder.world().file("home/.profile", "before\n");
    let (log, other) = (world.path("work/log"), world.path("home/.profile"));
    let broker = Broker::new(world, &["--offline", "--audit", "log"]);
    assert_eq!(broker.get("/api/v1/x").status, 200);
    let heard = recorder.heard().len();
    let nowhere = broker.world.path("home/made");
    let fifo = || assert!(Command::new("mkfifo").arg(&log).status().unwrap().success());
    let ways: [&dyn Fn(); 4] = [
        &|| std::os::unix::fs::symlink(&other, &log).unwrap(),
        &|| std::os::unix::fs::symlink(&nowhere, &log).unwrap(),
        &|| fs::hard_link(&other, &log).unwrap(),
        &fifo,
    ];
    for (number, way) in ways.iter().enumerate() {
        fs::remove_file(&log).unwrap();
        way();
        assert_eq!(broker.get("/api/v1/x").status, 503, "{number}");
    }
    assert_eq!((fs::read_to_string(&other).unwrap().as_str(), nowhere.exists()), ("before\n", false));
    // Nor does the folder lead elsewhere.
    fs::remove_file(&log).unwrap();
    fs::rename(broker.world.path("work"), broker.world.path("moved")).unwrap();
    std::os::unix::fs::symlink(broker.world.path("home"), broker.world.path("work")).unwrap();
    assert_eq!(broker.get("/api/v1/x").status, 200);
    assert!(broker.world.path("moved/log").exists() && !broker.world.path("home/log").exists());
    assert_eq!(recorder.heard().len(), heard + 1);
}

/// One that was begun before the file was cut short is noted once more, and no line is written over.
#[test]
fn a_line_is_filled_in_only_where_it_stands() {
    let faults = [Fault::None, Fault::None, Fault::Slow(Duration::from_secs(2))];
    let deployment = Plan::with_token(TOKEN).tls().faults(faults).start();
    let world = mounted(&deployment);
    let log = world.path("work/log");
    let broker = &Broker::new(world, &["--offline", "--audit", "log"]);
    for _ in 0..2 {
        broker.get("/api/v1/early");
    }
    thread::scope(|scope| {
        scope.spawn(|| broker.get("/api/v1/slow"));
        wait("its line", || lines(&log).len() == 3);
        fs::File::options().write(true).open(&log).unwrap().set_len(0).unwrap();
        for number in 0..6 {
            broker.get(&format!("/api/v1/another/{}", "x".repeat(number * 7)));
        }
    });
    let paths: Vec<String> = lines(&log).iter().map(|line| line["path"].as_str().unwrap().to_owned()).collect();
    assert_eq!((paths.len(), paths.last().unwrap().as_str()), (7, "/api/v1/slow"), "{paths:?}");
}

/// Nothing but the end of the command ends it: not a program that cannot be started, again and again.
#[test]
fn what_is_run_for_a_token_does_not_disturb_the_supervisor() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = World::new().with("SSL_CERT_FILE", deployment.authority()).credentials(&deployment.url(), TOKEN);
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
    fs::copy(bin(), &program).unwrap();
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/broker/probe.py"), world.path("probe.py")).unwrap();
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

/// A thousand tokens, one after the other, while four clients ask without a pause.
#[test]
fn a_thousand_rotations_under_load_fail_no_request() {
    const ROTATIONS: usize = 1000;
    let token = |number: usize| format!("cop_rotation{number:05}");
    let deployment = &Plan::with_token(&token(0)).tls().start();
    let world = World::new().at(deployment).file("mount/co", token(0));
    let broker = &Broker::new(world, &[]);
    let (path, beside) = (broker.world.path("mount/co"), broker.world.path("mount/.new"));
    let (over, asked) = (&AtomicBool::new(false), &AtomicUsize::new(0));
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let usage = || {
        let (id, status) =
            (broker.child.id(), fs::read_to_string(format!("/proc/{}/status", broker.child.id())).unwrap());
        let resident =
            status.lines().find(|line| line.starts_with("VmRSS")).unwrap().split_whitespace().nth(1).unwrap();
        (fs::read_dir(format!("/proc/{id}/fd")).unwrap().count(), resident.parse::<u64>().unwrap())
    };
    let mut early = (0, 0);
    thread::scope(|scope| {
        let _over = Over(over);
        for _ in 0..4 {
            scope.spawn(|| {
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
            let start = Instant::now();
            while deployment.latest().unwrap().authorization != expected {
                assert!(start.elapsed() < Duration::from_secs(20), "{number}: {}", broker.said());
                thread::sleep(Duration::from_millis(1));
            }
            deployment.revoke(&token(number - 1));
            if number == ROTATIONS / 10 {
                early = usage();
            }
        }
    });
    let late = usage();
    println!("{} requests; descriptors and kB resident: {early:?}, then {late:?}", asked.load(Ordering::Relaxed));
    assert!(late.0 <= early.0 + 8 && late.1 < early.1 + 4096, "{early:?} {late:?}");
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
