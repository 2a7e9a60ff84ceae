//! The broker: whoever has the pass gets through as far as the policy says, nobody else does, and the token stays here.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake_deployment::{Deployment, Plan};
use serde_json::Value;

use crate::support::sandbox::{OTHER, Sandbox, TOKEN, bin};
use crate::support::workstation::wait;

/// `exec --broker`, and a command that tells the broker's address and pass, and stays as long as this is kept.
pub struct Broker {
    pub world: Sandbox,
    pub child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
    pub pass: String,
}

/// An answer: its status, its head and its body.
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
        named.unwrap_or_else(|| panic!("it leads nowhere: {self:?}"))
    }
}

impl Broker {
    pub fn new(world: Sandbox, args: &[&str]) -> Broker {
        let command = world.command();
        Broker::start(world, command, args)
    }

    /// One that may have so many descriptors.
    pub fn with_descriptors(world: Sandbox, most: usize, args: &[&str]) -> Broker {
        let mut command = world.program("sh");
        command.args(["-c", &format!("ulimit -n {most}; exec \"$@\""), "sh", bin()]);
        Broker::start(world, command, args)
    }

    fn start(world: Sandbox, mut command: Command, args: &[&str]) -> Broker {
        command.args(["exec", "--broker"]).args(args);
        command.args(["--", "sh", "-c", "echo \"$CODEOCEAN_DOMAIN $CODEOCEAN_TOKEN\"; exec cat"]);
        let said = fs::File::create(world.path("said")).unwrap();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(said).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said = fs::read_to_string(world.path("said")).unwrap();
        let (address, pass) = line.trim().split_once(' ').unwrap_or_else(|| panic!("{line} {said}"));
        let address = address.strip_prefix("http://").unwrap().to_owned();
        assert!(pass.starts_with("cop_run") && pass.len() == 39, "{pass}");
        Broker { address, pass: pass.to_owned(), world, child }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// Sends these very bytes, and reads until the other side closes.
    pub fn raw(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A request with the pass, and an end to the connection.
    pub fn ask(&self, method: &str, path: &str, more: &str, body: &str) -> Reply {
        let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        let authorization = self.basic();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: {authorization}\r\nconnection: close\r\n{length}{more}\r\n",
            self.address
        );
        parse(&self.raw(format!("{head}{body}").as_bytes()))
    }

    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "", "")
    }

    pub fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:", self.pass)))
    }

    pub fn said(&self) -> String {
        fs::read_to_string(self.world.path("said")).unwrap()
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

/// A head, the names of its headers in small letters.
fn lower(head: &str) -> String {
    let small = |line: &str| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
        None => line.to_lowercase(),
    };
    head.lines().map(small).collect::<Vec<_>>().join("\r\n")
}

/// A deployment that notes what arrives, byte for byte, and gives always the same answer.
pub struct Recorder {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
    released: Arc<AtomicBool>,
}

impl Recorder {
    pub fn new(answer: &str) -> Recorder {
        Recorder::start(answer, true)
    }

    /// One that closes the connection after each answer.
    pub fn closing(answer: &str) -> Recorder {
        Recorder::start(answer, false)
    }

    fn start(answer: &str, stays: bool) -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (heard, released) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let answer = answer.replace("HERE", &url).replace("NAME", &url["http://".len()..]);
        let (noted, free) = (Arc::clone(&heard), Arc::clone(&released));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (noted, free, answer) = (Arc::clone(&noted), Arc::clone(&free), answer.clone());
                thread::spawn(move || record(stream.unwrap(), &noted, &free, &answer, stays));
            }
        });
        Recorder { url, heard, released }
    }

    /// From now on, it answers what begins with `/api/v1/held` as well.
    pub fn release(&self) {
        self.released.store(true, Ordering::Relaxed);
    }

    pub fn world(&self) -> Sandbox {
        Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", &self.url)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// One message after the other; a body as far as its length, or to its last chunk.
fn record(mut stream: TcpStream, noted: &Mutex<Vec<String>>, released: &AtomicBool, answer: &str, stays: bool) {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
            match head.contains("transfer-encoding: chunked") {
                true => body.ends_with("0\r\n\r\n"),
                false => body.len() >= length.unwrap_or(0),
            }
        });
        if whole {
            let is_held = text.contains(" /api/v1/held");
            noted.lock().unwrap().push(text);
            bytes.clear();
            while is_held && !released.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(5));
            }
            if stream.write_all(answer.as_bytes()).is_err() || !stays {
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

pub const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

pub fn world(deployment: &Deployment) -> Sandbox {
    Sandbox::new().with("MY_SECRET_NAME", TOKEN).at(deployment).with("CAPSULE", deployment.capsule())
}

/// A world whose token is in a mounted file.
pub fn mounted(deployment: &Deployment) -> Sandbox {
    Sandbox::new().at(deployment).file("mount/co", TOKEN)
}

pub fn capsule(broker: &Broker, deployment: &Deployment) -> u16 {
    broker.get(&format!("/api/v1/capsules/{}", deployment.capsule())).status
}

pub fn basic(token: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{token}:")))
}

#[test]
fn whoever_shows_the_pass_gets_through_and_nobody_else() {
    let recorder = Recorder::new(FINE);
    let broker = Broker::new(recorder.world(), &["--offline"]);
    let (host, basic) = (&broker.address, broker.basic());
    let port = host.split(':').nth(1).unwrap();
    let pass = &broker.pass;
    let with = |host: &str, authorization: &str| {
        let request = format!("GET /api/v1/x HTTP/1.1\r\n{host}{authorization}connection: close\r\n\r\n");
        parse(&broker.raw(request.as_bytes())).status
    };
    let at = |host: &str| format!("host: {host}\r\n");
    let shown = |value: &str| format!("authorization: {value}\r\n");
    for (host, authorization) in [
        (at(host), shown(&basic)),
        (at(host), shown(&format!("Bearer {pass}"))),
        (at(host), shown(&format!("bearer {pass}"))),
        (at(&format!("localhost:{port}")), shown(&basic)),
    ] {
        assert_eq!(with(&host, &authorization), 200, "{host}{authorization}");
    }
    let old = |more: &str| parse(&broker.raw(format!("GET /api/v1/x HTTP/1.0\r\n{more}\r\n").as_bytes())).status;
    assert_eq!(old(&shown(&basic)), 200, "HTTP/1.0 needs no host");
    assert_eq!((old(""), old(&format!("host: evil.example.org\r\n{}", shown(&basic)))), (401, 401));
    assert_eq!(recorder.heard().len(), 5);
    let encoded = |text: &str| shown(&format!("Basic {}", STANDARD.encode(text)));
    for (host, authorization) in [
        (at(host), String::new()),
        (at(host), encoded(&format!("{TOKEN}:"))),
        (at(host), shown(&format!("Bearer {TOKEN}"))),
        (at(host), encoded(&format!("{pass}:x"))),
        (at(host), encoded(&format!(":{pass}"))),
        (at(host), encoded(pass)),
        (at(host), shown(&format!("Bearer {}", &pass[..20]))),
        (at(host), shown("Bearer ")),
        (at(host), shown(pass)),
        (at(host), format!("{}{}", shown(&basic), shown("Bearer x"))),
        // A name that was made to lead here, another port, two names, none.
        (at(&format!("evil.example.org:{port}")), shown(&basic)),
        (at("127.0.0.1"), shown(&basic)),
        (at(&format!("127.0.0.1:{}", port.parse::<u32>().unwrap() + 1)), shown(&basic)),
        (format!("{}{}", at(host), at("evil.example.org")), shown(&basic)),
        (String::new(), shown(&basic)),
    ] {
        assert_eq!(with(&host, &authorization), 401, "{host}{authorization}");
    }
    let absolute = format!("GET http://evil.example.org/api/v1/x HTTP/1.1\r\n{}{}\r\n", at(host), shown(&basic));
    assert_eq!(parse(&broker.raw(absolute.as_bytes())).status, 401);
    let reply = parse(&broker.raw(format!("GET /api/v1/x HTTP/1.1\r\n{}\r\n", at(host)).as_bytes()));
    assert!(reply.message().contains("CODEOCEAN_TOKEN"), "{reply:?}");
    assert_eq!(recorder.heard().len(), 5, "a stranger's request went on");
}

/// What is for one hop, what would change the request's meaning, and every other credential stays here.
#[test]
fn the_deployment_sees_the_token_and_nothing_that_was_not_meant_for_it() {
    let recorder = Recorder::new(
        "HTTP/1.1 307 Moved\r\nset-cookie: session=1\r\nconnection: x-hop\r\nx-hop: 1\r\nx-kept: 1\r\n\
         location: HERE/api/v1/y\r\ncontent-length: 0\r\n\r\n",
    );
    let broker = Broker::new(recorder.world(), &["--offline"]);
    let more = "cookie: session=1\r\nx-http-method-override: DELETE\r\nx-original-url: /admin\r\nte: trailers\r\n\
                upgrade: websocket\r\nx_http_method_override: DELETE\r\nx-forwarded-host: y\r\nforwarded: host=y\r\nproxy-authorization: Basic eDp5\r\nconnection: x-mine\r\nx-mine: 1\r\n\
                agent-id: AI Agent\r\nmin-server-version: 4.8.0\r\n";
    let reply = broker.ask("POST", "/api/v1/x?a=b", more, "{\"a\": 1}");
    assert_eq!(reply.status, 307);
    assert!(reply.head.contains("x-kept: 1"), "{reply:?}");
    assert!(!reply.head.contains("set-cookie") && !reply.head.contains("x-hop"), "{reply:?}");
    let heard = recorder.heard().remove(0);
    let (head, body) = heard.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    lines.sort_unstable();
    let host = format!("host: {}", recorder.url.trim_start_matches("http://"));
    let authorization = format!("authorization: Basic {}", STANDARD.encode(format!("{TOKEN}:")));
    let mut expected = vec![
        "POST /api/v1/x?a=b HTTP/1.1",
        "agent-id: AI Agent",
        &authorization,
        "content-length: 8",
        &host,
        "min-server-version: 4.8.0",
    ];
    expected.sort_unstable();
    assert_eq!((lines, body), (expected, "{\"a\": 1}"), "{heard}");
}

/// The program behind the broker may write to the files that name a deployment: no other is sent the token, be it only to
/// prove it.
#[test]
fn the_program_cannot_send_the_token_elsewhere() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let thief = Recorder::new(FINE);
    let config = |url: &str| format!("[[deployment]]\ndomain = {url:?}\ndefault = true\n");
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("SSL_CERT_FILE", deployment.authority());
    let world = world.with("CAPSULE", deployment.capsule()).with("THIEF", config(&thief.url));
    fs::create_dir(world.path("run")).unwrap();
    fs::set_permissions(world.path("run"), PermissionsExt::from_mode(0o700)).unwrap();
    let run = world.path("run");
    let world = world.with("XDG_RUNTIME_DIR", run);
    let script = r#"ask() { curl -s -o /dev/null -w '%{http_code}\n' -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"; }
ask
printf '%s' "$THIEF" > "$HOME/.config/co-cred/config.toml"
sleep 0.5
ask"#;
    let path = world.path("home/.config/co-cred/config.toml");
    let agent = format!("eval \"$(co-cred agent --broker)\"\n{script}\neval \"$(co-cred agent stop)\"");
    let exec = format!("exec co-cred exec --broker -- sh -c '{}'", script.replace('\'', "'\\''"));
    for way in [exec, agent] {
        crate::support::sandbox::write(&path, config(&deployment.url()).as_bytes());
        let ran = world.shell("sh", &way);
        assert_eq!(ran.out, "200\n200\n", "{way} {ran:?}");
    }
    assert!(thief.heard().is_empty(), "{:?}", thief.heard());
}

/// The rights of the program are those of the token that was there at the start: it cannot make co-cred find a better one.
#[test]
fn the_program_cannot_raise_its_rights() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    deployment.issue(OTHER);
    let declared = |name: &str| {
        format!(
            r#"{{"version": 1, "secrets": [{{"type": "general", "id": "x", "description": "Code Ocean token", "value": "{name}"}}]}}"#
        )
    };
    let world = Sandbox::new().at(&deployment).with("API_SECRET", TOKEN).with("ADMIN_PAT", OTHER);
    let world = world.file("capsule/.codeocean/secrets.json", declared("API_SECRET"));
    let broker = Broker::new(world, &[]);
    fs::write(broker.world.path("capsule/.codeocean/secrets.json"), declared("ADMIN_PAT")).unwrap();
    wait("the warning", || broker.said().contains("the broker keeps to the token from API_SECRET"));
    assert_eq!(capsule(&broker, &deployment), 200);
    let asked = deployment.seen();
    assert!(asked.len() >= 2 && asked.iter().all(|seen| seen.authorization == Some(basic(TOKEN))), "{asked:?}");
}

/// A port from which whoever connects is led to another, which may change.
fn switch(to: &Arc<AtomicU16>) -> u16 {
    let (listener, to) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::clone(to));
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for near in listener.incoming() {
            let (near, to) = (near.unwrap(), to.load(Ordering::Relaxed));
            let Ok(far) = TcpStream::connect(("127.0.0.1", to)) else { continue };
            for (mut from, mut into) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut into);
                    let _ = into.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    port
}

/// It may write to the file that names the authorities, and to the token's; whom co-cred trusts was settled before it began.
#[test]
fn the_program_has_no_say_in_whom_co_cred_trusts() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let to = Arc::new(AtomicU16::new(deployment.port()));
    let world = Sandbox::new().file("authority.pem", fs::read(deployment.authority()).unwrap()).file("mount/co", TOKEN);
    let authority = world.path("authority.pem");
    let world = world.with("CODEOCEAN_DOMAIN", format!("https://localhost:{}", switch(&to)));
    let broker = Broker::new(world.with("SSL_CERT_FILE", &authority), &[]);
    let path = format!("/api/v1/capsules/{}", deployment.capsule());
    assert_eq!(broker.get(&path).status, 200);
    // Another one, at the same address, with a certificate of its own.
    let thief = Plan::default().tls().start();
    to.store(thief.port(), Ordering::Relaxed);
    drop(deployment);
    fs::copy(thief.authority(), &authority).unwrap();
    for number in 0..3 {
        fs::write(broker.world.path("mount/co"), format!("cop_anotherone{number}")).unwrap();
        assert_eq!(broker.get(&path).status, 502);
    }
    wait("the warning", || broker.said().contains("authority that is not among those that SSL_CERT_FILE names"));
    assert!(thief.seen().is_empty(), "{:?}", thief.seen());
}

/// Whoever may write to the configuration may have a command run: it is given no token.
#[test]
fn a_token_command_has_no_token_in_its_environment() {
    let world = Sandbox::new()
        .with("CODEOCEAN_DOMAIN", "https://co.example.org")
        .with("CLONE_URL", format!("https://{TOKEN}@git.example.org/x"))
        .with("KEPT", "kept");
    let noted = world.path("noted").display().to_string();
    let command = format!("env > {noted}; echo {OTHER}");
    let config =
        format!("[[deployment]]\ndomain = \"co.example.org\"\ntoken_command = [\"sh\", \"-c\", {command:?}]\n");
    let world = world.file("home/.config/co-cred/config.toml", config);
    assert_eq!(world.run(["token", "--offline"]).expect(0).out, format!("{OTHER}\n"));
    let noted = fs::read_to_string(noted).unwrap();
    assert!(noted.contains("KEPT=kept") && !noted.contains("cop_"), "{noted}");
}

#[test]
fn no_variable_holds_a_token_or_leads_to_one() {
    let world = Sandbox::new()
        .with("CUSTOM_KEY", TOKEN)
        .with("QUOTED", format!("\"{TOKEN}\""))
        .with("HEADER", format!("Basic {}", STANDARD.encode(format!("{TOKEN}:"))))
        .with("SRC_CO_TOKEN", OTHER)
        .with("API_KEY", "somebody-elses")
        .with("CODEOCEAN_URL", "https://co.example.org/api/v1")
        .with("CO_CRED_TOKEN_ENV", "CUSTOM_KEY")
        .with("CO_CRED_AGENT_PID", "1")
        .with("no_proxy", ".example.org, localhost")
        .with("NO_PROXY", "*")
        .with("CODEOCEAN_DOMAIN", "https://co.example.org");
    let ran = world.spawn(["exec", "--offline", "--broker", "--all-names", "--", "env"]).expect(0);
    let value = |name: &str| ran.out.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap_or("");
    let (pass, domain) = (value("CODEOCEAN_TOKEN"), value("CODEOCEAN_DOMAIN"));
    assert!(pass.starts_with("cop_run") && domain.starts_with("http://127.0.0.1:"), "{ran:?}");
    for name in ["CUSTOM_KEY", "QUOTED", "API_SECRET", "CODEOCEAN_API_TOKEN"] {
        assert_eq!(value(name), pass, "{name}");
    }
    for name in ["HEADER", "SRC_CO_TOKEN", "CO_CRED_TOKEN_ENV", "CO_CRED_AGENT_PID"] {
        assert_eq!(value(name), "", "{name}");
    }
    assert_eq!((value("API_KEY"), value("CODEOCEAN_URL")), ("somebody-elses", domain));
    assert_eq!((value("NO_PROXY"), value("no_proxy")), ("*", ".example.org, localhost,127.0.0.1"));
    assert!(!ran.out.contains(&TOKEN[4..]) && !ran.out.contains(&OTHER[4..]), "{ran:?}");
    assert_ne!(world.spawn(["exec", "--offline", "--broker", "--", "env"]).out, ran.out, "a pass is for one run");
    let ran = world.spawn(["exec", "--offline", "--broker", "--explain"]).expect(0);
    assert!(
        ran.out.contains("CODEOCEAN_TOKEN = a token for this run") && ran.out.contains("remove  HEADER"),
        "{ran:?}"
    );
    assert!(!ran.out.contains("cop_"), "{ran:?}");
}

/// A co-cred behind the broker takes the pass for a token, and all is well.
#[test]
fn co_cred_itself_works_behind_it() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = world(&deployment);
    let ran = world.spawn(["exec", "--broker", "--read-only", "--", bin(), "status", "--json"]).expect(0);
    let status = ran.json();
    assert_eq!((&status["verdict"], &status["owner"]), (&"valid".into(), &"ada@example.org".into()), "{status}");
    assert!(status["deployment"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{status}");
}

/// The agent's broker: what a shell evaluates leads to it, and to nothing else.
#[test]
fn an_agent_has_one_for_all_that_runs_in_a_shell() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = Sandbox::new()
        .at(&deployment)
        .file("mount/co", TOKEN)
        .with("API_SECRET", TOKEN)
        .with("CODEOCEAN_URL", "https://co.example.org")
        .with("HTTP_PROXY", "http://127.0.0.1:9");
    fs::create_dir(world.path("run")).unwrap();
    fs::set_permissions(world.path("run"), PermissionsExt::from_mode(0o700)).unwrap();
    let run = world.path("run");
    let world = world.with("XDG_RUNTIME_DIR", run).with("CAPSULE", deployment.capsule());
    let script = r#"set -e
real=$CODEOCEAN_DOMAIN
start() { co-cred agent --broker --read-only --rate 100/s --audit "$HOME/log"; }
eval "$(start)"
one=$CODEOCEAN_TOKEN
test "$CODEOCEAN_URL" = "$CODEOCEAN_DOMAIN"
eval "$(start)"
test "$one" = "$CODEOCEAN_TOKEN"
env | grep "cop_$API" && exit 1
echo "<$CO_CRED_AGENT_SOCK>"
curl -s -o /dev/null -w '%{http_code}\n' -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"
curl -s -o /dev/null -w '%{http_code}\n' -u "$CODEOCEAN_TOKEN:" -X DELETE "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"
co-cred agent status --json | jq -c .broker
co-cred agent --broker && exit 1
co-cred agent --broker --read-only --rate 100/s --audit "$HOME/log" --deployment other.example.org && exit 1
co-cred agent && exit 1
CO_CRED_AGENT_SOCK=$CO_CRED_BROKER_SOCK co-cred token && exit 1
sh -ec 'eval "$(co-cred agent --broker)"; echo "it went on"' || true
eval "$(co-cred agent stop)"
test "$CODEOCEAN_DOMAIN" = "$real"
test "$CODEOCEAN_URL" = "https://co.example.org"
env | grep "127.0.0.1:\|FORMER" | grep -v HTTP_PROXY && exit 1
echo "<$CODEOCEAN_TOKEN$CO_CRED_AGENT_SOCK$CO_CRED_BROKER_SOCK>"
"#;
    let world = world.with("API", &TOKEN[4..]);
    let ran = world.shell("sh", script).expect(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    let ["<>", "200", "403", broker, "false;", "false;", "<>"] = lines[..] else { panic!("{ran:?}") };
    assert!(
        broker.contains("http://127.0.0.1:") && broker.contains(r#"["--read-only","--rate 100/s","--audit "#),
        "{ran:?}"
    );
    assert!(!ran.out.contains("cop_"), "{ran:?}");
    for words in [
        "has a broker with other rules (--read-only, --rate 100/s",
        "is for https://localhost:",
        "has a broker, and gives the token to nobody else",
        "it gives the token to its broker alone",
        "--socket",
    ] {
        assert!(ran.err.contains(words), "{words}: {ran:?}");
    }
    assert_eq!(fs::read_to_string(world.path("home/log")).unwrap().lines().count(), 2);
}

/// Whose agent was killed: its port may be another's by now, and nothing of the shell goes there any more.
#[test]
fn a_shell_whose_agent_was_killed_is_led_nowhere() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = Sandbox::new().at(&deployment).without("CODEOCEAN_DOMAIN").with("CODE_OCEAN_DOMAIN", deployment.url());
    fs::create_dir(world.path("run")).unwrap();
    fs::set_permissions(world.path("run"), PermissionsExt::from_mode(0o700)).unwrap();
    let run = world.path("run");
    let world = world.with("XDG_RUNTIME_DIR", run).file("mount/co", TOKEN);
    let script = r#"real=$CODE_OCEAN_DOMAIN
eval "$(co-cred agent --broker)"
test "$CODE_OCEAN_DOMAIN" = "$CODEOCEAN_DOMAIN" || exit 1
kill -9 $CO_CRED_AGENT_PID
eval "$(co-cred agent stop)"
test "$CODE_OCEAN_DOMAIN" = "$real" || exit 2
env | grep 127.0.0.1:"#;
    let ran = world.shell("sh", script);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(ran.err.contains("no agent answers"), "{ran:?}");
}

/// A token that comes later: the broker is there from the start.
#[test]
fn an_agent_without_a_token_has_a_broker_that_says_so() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = Sandbox::new().at(&deployment);
    fs::create_dir(world.path("run")).unwrap();
    fs::set_permissions(world.path("run"), PermissionsExt::from_mode(0o700)).unwrap();
    let run = world.path("run");
    let world = world.with("XDG_RUNTIME_DIR", run).with("CAPSULE", deployment.capsule());
    let script = r#"set -e
mount=$CO_CRED_SECRETS_DIR
eval "$(co-cred agent --broker)"
ask() { curl -s -w '%{http_code}\n' -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"; }
ask
mkdir "$mount"
echo "$LATER" | rev > "$mount/new"
mv "$mount/new" "$mount/co"
tries=0
until ask | grep -q 'Spike sorting.*200'; do
    tries=$((tries + 1))
    test $tries -lt 100
    sleep 0.2
done
ask
eval "$(co-cred agent stop)"
"#;
    let world = world.with("LATER", TOKEN.chars().rev().collect::<String>());
    let ran = world.shell("sh", script).expect(0);
    assert!(ran.out.starts_with("{\"message\":\"co-cred's broker: there is no token"), "{ran:?}");
    assert!(ran.out.ends_with("200\n"), "{ran:?}");
}

/// A program that names the deployment's host itself never comes by, and the user would not know why nothing is restrained.
#[test]
fn a_program_that_sent_no_request_is_told_of() {
    let recorder = Recorder::new(FINE);
    let world = recorder.world();
    let run = |args: &[&str], script: &str| {
        let args = [&["exec", "--offline"], args, &["--", "sh", "-c", script]].concat();
        world.spawn(args)
    };
    let words =
        "the program sent no request through the broker: it probably names its host itself, or puts https:// before it";
    for (script, code) in [("true", 0), ("exit 3", 3), ("kill -9 $$", -1)] {
        let ran = run(&["--broker"], script).expect(code);
        assert!(
            ran.err.contains(words) && ran.err.contains("hint: ") && ran.err.contains("CODEOCEAN_DOMAIN"),
            "{ran:?}"
        );
    }
    let ask = r#"curl -s -o /dev/null -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/x""#;
    let refused = r#"curl -s -o /dev/null "$CODEOCEAN_DOMAIN/api/v1/x""#;
    for (args, script) in [
        (&["--broker"][..], ask),
        (&["--broker", "--read-only"], &format!("{ask} -X DELETE")),
        // It came by, and was told what is wrong.
        (&["--broker"], refused),
        (&["--broker", "--quiet"], "true"),
        (&[], "true"),
    ] {
        let ran = run(args, script).expect(0);
        assert!(!ran.err.contains("no request"), "{args:?} {script} {ran:?}");
    }
    let ran = world.spawn(["exec", "--offline", "--broker", "--", "no-such-program"]).expect(127);
    assert!(!ran.err.contains("no request"), "{ran:?}");
}
