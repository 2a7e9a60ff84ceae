//! Many connections: neither strangers nor idle ones keep out a program that has the pass.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::broker::access::{Broker, FINE, Recorder};
use crate::support::workstation::wait;

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
        assert!(start.elapsed() < Duration::from_secs(60), "it may be slow for ever");
    }
    drop(crowd.stdin.take());
    let _ = crowd.wait();
    assert_eq!(broker.get("/api/v1/x").status, 200);
}

/// A connection that has shown the pass, and has been answered where `answer` is awaited.
fn asked(broker: &Broker, path: &str) -> TcpStream {
    let mut stream = broker.connect();
    send(&mut stream, broker, path);
    stream
}

fn send(stream: &mut TcpStream, broker: &Broker, path: &str) {
    let (host, basic) = (&broker.address, broker.basic());
    let head = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: {basic}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
}

/// The status with which it is answered; none where the connection is closed.
fn answered(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    while !text.ends_with("{}") {
        let mut piece = [0; 512];
        match stream.read(&mut piece) {
            Ok(0) => return None,
            Ok(len) => text.push_str(std::str::from_utf8(&piece[..len]).unwrap()),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
            Err(error) => panic!("{error}"),
        }
    }
    Some(text[9..12].to_owned())
}

const FINE_STATUS: Option<&str> = Some("200");

/// A client that leaves hundreds of connections open, each of which has shown the pass and asks nothing now.
#[test]
fn idle_connections_do_not_lock_their_program_out() {
    let recorder = Recorder::new(FINE);
    // Room for fifty.
    let broker = Broker::with_descriptors(recorder.world(), 164, &["--offline"]);
    let mut kept = Vec::new();
    for number in 0..300 {
        kept.push(asked(&broker, "/api/v1/x"));
        assert_eq!(answered(&mut kept[number]).as_deref(), FINE_STATUS, "connection {number}");
    }
    assert_eq!(broker.get("/api/v1/x").status, 200);
    // It is the one that has been idle for the longest time that has to go.
    assert_eq!(answered(&mut kept[0]), None);
    let last = &mut kept[299];
    send(last, &broker, "/api/v1/x");
    assert_eq!(answered(last).as_deref(), FINE_STATUS);
}

#[test]
fn a_request_under_way_is_not_broken_off_to_make_room() {
    let recorder = Recorder::new(FINE);
    let broker = Broker::with_descriptors(recorder.world(), 164, &["--offline"]);
    let mut held: Vec<TcpStream> = (0..20).map(|_| asked(&broker, "/api/v1/held")).collect();
    wait("the requests", || recorder.heard().len() == 20);
    let mut idle = Vec::new();
    for _ in 0..100 {
        let mut stream = asked(&broker, "/api/v1/x");
        assert_eq!(answered(&mut stream).as_deref(), FINE_STATUS);
        idle.push(stream);
    }
    assert_eq!(broker.get("/api/v1/x").status, 200);
    recorder.release();
    assert!(held.iter_mut().all(|stream| answered(stream).as_deref() == FINE_STATUS));
}

/// Where each place has a request under way, the next one waits until one of them is answered; its connection stays open.
#[test]
fn a_connection_that_waits_gets_the_place_of_one_that_was_answered() {
    let recorder = Recorder::new(FINE);
    // Room for eight.
    let broker = Broker::with_descriptors(recorder.world(), 80, &["--offline"]);
    let mut held: Vec<TcpStream> = (0..8).map(|_| asked(&broker, "/api/v1/held")).collect();
    wait("the requests", || recorder.heard().len() == 8);
    let mut late: Vec<TcpStream> = (0..8).map(|_| asked(&broker, "/api/v1/x")).collect();
    recorder.release();
    for stream in held.iter_mut().chain(&mut late) {
        assert_eq!(answered(stream).as_deref(), FINE_STATUS);
    }
}
