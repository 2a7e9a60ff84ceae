//! A running broker, its client, and a deployment that records requests.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake_deployment::Deployment;
use serde_json::Value;

use crate::support::sandbox::{Sandbox, TOKEN, bin};

/// `exec --broker` with a command that prints the broker's address and pass, and runs until this is dropped.
pub struct Broker {
    pub world: Sandbox,
    pub child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
    pub pass: String,
}

/// A response.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn message(&self) -> String {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        json["message"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }

    pub fn location(&self) -> &str {
        let named = self.head.lines().find_map(|line| line.strip_prefix("location: "));
        named.unwrap_or_else(|| panic!("no Location: {self:?}"))
    }
}

impl Broker {
    pub fn new(world: Sandbox, args: &[&str]) -> Broker {
        let command = world.command();
        Broker::start(world, command, args)
    }

    /// A broker that may have at most this many file descriptors.
    pub fn with_descriptors(world: Sandbox, most: usize, args: &[&str]) -> Broker {
        let mut command = world.program("sh");
        command.args(["-c", &format!("ulimit -n {most}; exec \"$@\""), "sh", bin()]);
        Broker::start(world, command, args)
    }

    fn start(world: Sandbox, mut command: Command, args: &[&str]) -> Broker {
        command.args(["exec", "--broker"]).args(args);
        command.args(["--", "sh", "-c", "echo \"$CODEOCEAN_DOMAIN $CODEOCEAN_TOKEN\"; exec cat"]);
        let stderr = fs::File::create(world.path("stderr")).unwrap();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let stderr = fs::read_to_string(world.path("stderr")).unwrap();
        let (address, pass) = line.trim().split_once(' ').unwrap_or_else(|| panic!("{line} {stderr}"));
        let address = address.strip_prefix("http://").unwrap().to_owned();
        assert!(pass.starts_with("cop_run") && pass.len() == 39, "{pass}");
        Broker { address, pass: pass.to_owned(), world, child }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// Sends these bytes, and reads until the connection is closed.
    pub fn raw(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends a request with the pass, and closes the connection.
    pub fn send(&self, method: &str, path: &str, more: &str, body: &str) -> Reply {
        let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        let authorization = self.basic();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: {authorization}\r\nconnection: close\r\n{length}{more}\r\n",
            self.address
        );
        parse(&self.raw(format!("{head}{body}").as_bytes()))
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "", "")
    }

    pub fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:", self.pass)))
    }

    /// The messages of co-cred so far.
    pub fn stderr(&self) -> String {
        fs::read_to_string(self.world.path("stderr")).unwrap()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn parse(text: &str) -> Reply {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Reply { status: status.unwrap_or_else(|| panic!("{head}")), head: lower(head), body: body.to_owned() }
}

/// A head with the names of its headers in lower case.
fn lower(head: &str) -> String {
    let small = |line: &str| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
        None => line.to_lowercase(),
    };
    head.lines().map(small).collect::<Vec<_>>().join("\r\n")
}

/// A deployment that records each request, byte for byte, and always sends the same response.
pub struct Recorder {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
    released: Arc<AtomicBool>,
}

impl Recorder {
    /// In the response, `HERE` stands for its URL and `NAME` for its host and port.
    pub fn new(response: &str) -> Recorder {
        Recorder::start(response, true)
    }

    /// A recorder that closes the connection after each response.
    pub fn closing(response: &str) -> Recorder {
        Recorder::start(response, false)
    }

    fn start(response: &str, keep_alive: bool) -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (requests, released) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let response = response.replace("HERE", &url).replace("NAME", &url["http://".len()..]);
        let (recorded, release) = (Arc::clone(&requests), Arc::clone(&released));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (recorded, release, response) = (Arc::clone(&recorded), Arc::clone(&release), response.clone());
                thread::spawn(move || record(stream.unwrap(), &recorded, &release, &response, keep_alive));
            }
        });
        Recorder { url, requests, released }
    }

    /// From now on, requests for paths below `/api/v1/held` are answered as well.
    pub fn release(&self) {
        self.released.store(true, Ordering::Relaxed);
    }

    pub fn sandbox(&self) -> Sandbox {
        Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", &self.url)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Reads one request after the other: a body up to its length, or to its last chunk.
fn record(
    mut stream: TcpStream,
    requests: &Mutex<Vec<String>>,
    released: &AtomicBool,
    response: &str,
    keep_alive: bool,
) {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let is_whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
            match head.contains("transfer-encoding: chunked") {
                true => body.ends_with("0\r\n\r\n"),
                false => body.len() >= length.unwrap_or(0),
            }
        });
        if is_whole {
            let is_held = text.contains(" /api/v1/held");
            requests.lock().unwrap().push(text);
            bytes.clear();
            while is_held && !released.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(5));
            }
            if stream.write_all(response.as_bytes()).is_err() || !keep_alive {
                return;
            }
        } else {
            match stream.read(&mut piece) {
                Ok(len @ 1..) => bytes.extend_from_slice(&piece[..len]),
                _ => return,
            }
        }
    }
}

/// A response.
pub const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

/// A sandbox whose token is in a variable.
pub fn world(deployment: &Deployment) -> Sandbox {
    Sandbox::new().with("MY_SECRET_NAME", TOKEN).at(deployment).with("CAPSULE", deployment.capsule())
}

/// A sandbox whose token is in a mounted file.
pub fn mounted(deployment: &Deployment) -> Sandbox {
    Sandbox::new().at(deployment).file("mount/co", TOKEN)
}

/// Gives a sandbox the folder in which an agent has its socket.
pub fn with_runtime_dir(world: Sandbox) -> Sandbox {
    let run = world.path("run");
    fs::DirBuilder::new().mode(0o700).create(&run).unwrap();
    world.with("XDG_RUNTIME_DIR", run)
}

/// The status of a request for the capsule of a deployment.
pub fn capsule(broker: &Broker, deployment: &Deployment) -> u16 {
    broker.get(&format!("/api/v1/capsules/{}", deployment.capsule())).status
}

/// The `Authorization` header for a token.
pub fn basic(token: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{token}:")))
}

/// The lines of an audit file.
pub fn audit_lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The requests of an audit file: the lines with the same id as one object.
pub fn audit_entries(path: &Path) -> Vec<Value> {
    let mut entries: Vec<Value> = Vec::new();
    for line in audit_lines(path) {
        match entries.iter_mut().find(|entry| entry["id"] == line["id"]) {
            Some(entry) => entry.as_object_mut().unwrap().extend(line.as_object().unwrap().clone()),
            None => entries.push(line),
        }
    }
    entries
}
