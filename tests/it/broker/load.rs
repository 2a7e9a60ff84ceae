//! A gigabyte each way, and a thousand tokens under load.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake_deployment::Plan;

use super::support::{Broker, basic, capsule};
use crate::support::sandbox::{Sandbox, TOKEN, is_root};

/// A server that reads one request with its body, and answers with a body of so many bytes; it returns how many it read.
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

/// The peak memory of a process, in megabytes.
fn peak(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn a_gigabyte_each_way_needs_constant_memory() {
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

/// A thousand tokens, one after the other, while four clients send requests without a pause. Each token is revoked once the
/// next one is used; the one after that is issued once every client has had a response to a request that began afterwards,
/// since a read is repeated only once.
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
                    assert_eq!(status, 200, "{}", broker.stderr());
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
            // Of two requests of a client, the second began after the revocation.
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
    // Each request has the current token, or the one before.
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

/// As `wait`, with a shorter pause, since there are a thousand calls.
fn promptly(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what} does not come");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The open file descriptors, which root alone may see, and the resident memory, in kilobytes, of a process.
fn usage(id: u32) -> (usize, u64) {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap().split_whitespace().nth(1).unwrap();
    let files = fs::read_dir(format!("/proc/{id}/fd")).map(Iterator::count);
    assert!(files.is_ok() || !is_root(), "{files:?}");
    (files.unwrap_or_default(), resident.parse().unwrap())
}
