//! Many connections: neither strangers nor idle ones keep out a program that has the pass.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::broker::{Broker, FINE, Recorder};

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
