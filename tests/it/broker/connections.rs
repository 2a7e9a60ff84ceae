//! Many connections: neither those without the pass nor idle ones block a program that has the pass.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::{Broker, OK, Recorder};
use crate::support::sandbox::is_root;
use crate::support::workstation::wait;

/// A connection that does not show the pass in time is closed, and never blocks one that does.
#[test]
fn ten_thousand_connections_without_the_pass_block_no_request() {
    let recorder = Recorder::new(OK);
    let broker = Broker::new(recorder.sandbox(), &["--offline"]);
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
    let mut others = Command::new("python3");
    let others = others.args(["-c", script, &broker.address]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut others = others.spawn().unwrap();
    let mut line = [0; 6];
    others.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
    assert_eq!(&line, b"10000\n");
    for _ in 0..20 {
        assert_eq!(broker.get("/api/v1/x").status, 200);
    }
    // Only root may look: a program that holds a token is closed to its own user.
    match fs::read_dir(format!("/proc/{}/fd", broker.child.id())).map(Iterator::count) {
        Ok(files) => assert!(files < 1100, "{files} descriptors"),
        Err(error) => assert!(!is_root(), "{error}"),
    }
    // A connection that sends a byte now and then is closed as well.
    slow.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let is_closed = |stream: &mut TcpStream| {
        let _ = stream.write_all(b"x");
        !matches!(stream.read(&mut [0; 64]), Err(error) if error.kind() == ErrorKind::WouldBlock)
    };
    while !is_closed(&mut slow) {
        assert!(start.elapsed() < Duration::from_secs(60), "a slow connection stays open");
    }
    drop(others.stdin.take());
    let _ = others.wait();
    assert_eq!(broker.get("/api/v1/x").status, 200);
}

/// A connection over which a request with the pass was sent.
fn connect_and_send(broker: &Broker, path: &str) -> TcpStream {
    let mut stream = broker.connect();
    send(&mut stream, broker, path);
    stream
}

fn send(stream: &mut TcpStream, broker: &Broker, path: &str) {
    let (host, basic) = (&broker.address, broker.basic());
    let head = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: {basic}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
}

/// The status of the response; none where the connection is closed.
fn status(stream: &mut TcpStream) -> Option<String> {
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

const OK_STATUS: Option<&str> = Some("200");

/// A client leaves hundreds of connections open, each of which has shown the pass and has no request now.
#[test]
fn idle_connections_are_closed_to_make_room() {
    let recorder = Recorder::new(OK);
    // Descriptors for fifty connections.
    let broker = Broker::with_descriptors(recorder.sandbox(), 164, &["--offline"]);
    let mut kept = Vec::new();
    for number in 0..300 {
        kept.push(connect_and_send(&broker, "/api/v1/x"));
        assert_eq!(status(&mut kept[number]).as_deref(), OK_STATUS, "connection {number}");
    }
    assert_eq!(broker.get("/api/v1/x").status, 200);
    // The one that has been idle for the longest time is closed.
    assert_eq!(status(&mut kept[0]), None);
    let last = &mut kept[299];
    send(last, &broker, "/api/v1/x");
    assert_eq!(status(last).as_deref(), OK_STATUS);
}

#[test]
fn active_requests_are_not_aborted_to_make_room() {
    let recorder = Recorder::new(OK);
    let broker = Broker::with_descriptors(recorder.sandbox(), 164, &["--offline"]);
    let mut held: Vec<TcpStream> = (0..20).map(|_| connect_and_send(&broker, "/api/v1/held")).collect();
    wait("the requests", || recorder.requests().len() == 20);
    let mut idle = Vec::new();
    for _ in 0..100 {
        let mut stream = connect_and_send(&broker, "/api/v1/x");
        assert_eq!(status(&mut stream).as_deref(), OK_STATUS);
        idle.push(stream);
    }
    assert_eq!(broker.get("/api/v1/x").status, 200);
    recorder.release();
    assert!(held.iter_mut().all(|stream| status(stream).as_deref() == OK_STATUS));
}

/// Where every connection has an active request, the next one waits until one of them is answered; its connection stays open.
#[test]
fn a_waiting_connection_gets_the_slot_of_an_answered_request() {
    let recorder = Recorder::new(OK);
    // Descriptors for eight connections.
    let broker = Broker::with_descriptors(recorder.sandbox(), 80, &["--offline"]);
    let mut held: Vec<TcpStream> = (0..8).map(|_| connect_and_send(&broker, "/api/v1/held")).collect();
    wait("the requests", || recorder.requests().len() == 8);
    let mut late: Vec<TcpStream> = (0..8).map(|_| connect_and_send(&broker, "/api/v1/x")).collect();
    recorder.release();
    for stream in held.iter_mut().chain(&mut late) {
        assert_eq!(status(stream).as_deref(), OK_STATUS);
    }
}
