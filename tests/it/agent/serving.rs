//! What an agent answers: a fresh, verified token, to its user only, and also after malformed requests.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use fake_deployment::{Fault, Plan};

use crate::agent::support::{RunningAgent, agent_sandbox, log};
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, bin, has, is_root};
use crate::support::workstation::wait;

#[test]
fn agent_starts_once_serves_and_stops() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN);
    let script = "set -e\neval \"$(co-cred agent)\"\necho $CO_CRED_AGENT_PID\neval \"$(co-cred agent)\"\necho $CO_CRED_AGENT_PID\n\
                  rm -r \"$CO_CRED_SECRETS_DIR\"\nco-cred token --offline\nco-cred agent status\n\
                  eval \"$(co-cred agent stop)\"\necho \"<$CO_CRED_AGENT_SOCK>\"\n";
    let ran = sandbox.shell("sh", script).expect(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines[0], lines[1], "{ran:?}");
    assert_eq!((lines[2], *lines.last().unwrap()), (TOKEN, "<>"), "{ran:?}");
    assert!(ran.out.contains("mount/co") && ran.out.contains("sha256:"), "{ran:?}");
    assert!(!sandbox.path("run/co-cred/agent.sock").exists());
    let ran = sandbox.run(["agent", "status"]).expect(3);
    assert!(ran.err.contains("no agent answers") && ran.err.contains("eval"), "{ran:?}");
    sandbox.run(["agent", "stop"]).expect(3);
}

#[test]
fn concurrent_starts_share_one_agent() {
    let sandbox = &agent_sandbox().file("mount/co", TOKEN);
    let started: Vec<Ran> = thread::scope(|scope| {
        let all: Vec<_> = (0..12).map(|_| scope.spawn(|| sandbox.spawn(["agent", "--offline"]))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(started.iter().all(|ran| ran.code == 0 && ran.out == started[0].out && ran.err.is_empty()), "{started:?}");
    sandbox.run(["agent", "stop"]).expect(0);
}

#[test]
fn agent_token_precedes_all_but_named_sources() {
    let agent = RunningAgent::new(agent_sandbox().file("mount/co", TOKEN));
    let sandbox = Sandbox::new().with("CO_CRED_AGENT_SOCK", agent.socket()).with("CODEOCEAN_TOKEN", OTHER);
    let status = sandbox.run(["status", "--json", "--offline"]).expect(0).json();
    assert_eq!(status["source"]["kind"], "agent");
    assert_eq!(sandbox.run(["token", "--offline"]).out.trim_end(), TOKEN);
    assert_eq!(sandbox.run(["token", "--offline", "--token-env", "CODEOCEAN_TOKEN"]).out.trim_end(), OTHER);
    // An agent that is named and does not answer is an error: no other token is used instead.
    let sandbox = sandbox.with("CO_CRED_AGENT_SOCK", "/nowhere/socket");
    let ran = sandbox.run(["token", "--offline"]).expect(6);
    assert!(ran.err.contains("CO_CRED_AGENT_SOCK") && ran.err.contains("unset"), "{ran:?}");
}

#[test]
fn agent_gives_no_token_for_another_deployment() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let agent = RunningAgent::new(agent_sandbox().at(&deployment).file("mount/co", TOKEN));
    let sandbox = Sandbox::new().with("CO_CRED_AGENT_SOCK", agent.socket());
    sandbox.run(["token", "--offline", "--deployment", "other.example.org"]).expect(3);
    let status = sandbox.run(["status", "--json", "--offline"]).expect(0).json();
    assert_eq!(status["deployment"], deployment.url());
    for (origin, answer) in [(deployment.url(), "token"), ("https://other.example.org".to_owned(), "none")] {
        let asked = agent.ask(format!("{{\"ask\":\"token\",\"deployment\":\"{origin}\"}}\n").as_bytes()).unwrap();
        assert_eq!(asked["answer"], answer, "{asked}");
    }
    // The Git helper gives its token for the deployment's host only.
    let host = deployment.url()["https://".len()..].to_owned();
    let get = |host: &str| -> String {
        let sandbox =
            Sandbox::new().with("CO_CRED_AGENT_SOCK", agent.socket()).with("SSL_CERT_FILE", deployment.authority());
        format!("{:?}", sandbox.pipe(&["git-credential", "get"], &format!("protocol=https\nhost={host}\n\n")))
    };
    let (ours, other) = (get(&host), get("other.example.org"));
    assert!(ours.contains(TOKEN) && !other.contains("cop_"), "{ours} {other}");
}

#[test]
fn token_is_replaced_once_verified_and_kept_until_rejected() {
    let deployment = Plan::with_token(TOKEN).start();
    let sandbox = agent_sandbox().at(&deployment).file("mount/co", TOKEN);
    let secret = sandbox.path("mount/co");
    let agent = RunningAgent::new(sandbox);
    assert_eq!(agent.token(), TOKEN);
    let trouble =
        |word: &str| wait(word, || agent.status()["trouble"].as_str().is_some_and(|trouble| trouble.contains(word)));
    fs::write(&secret, OTHER).unwrap();
    trouble("does not accept");
    assert_eq!(agent.token(), TOKEN);
    fs::remove_file(&secret).unwrap();
    trouble("no Code Ocean access token");
    assert_eq!(agent.token(), TOKEN);
    deployment.issue(OTHER);
    fs::write(&secret, OTHER).unwrap();
    agent.wait_for(OTHER);
    // Both are rejected: no token is served, and the reason is reported.
    deployment.revoke(OTHER);
    fs::write(&secret, "cop_number00007").unwrap();
    wait("the end of both", || agent.sandbox.run(["token", "--offline"]).code == 3);
    let ran = agent.sandbox.run(["token", "--offline"]).expect(3);
    assert!(ran.err.contains("names has no token") && ran.err.contains("does not accept"), "{ran:?}");
    deployment.issue("cop_number00008");
    fs::write(&secret, "cop_number00008").unwrap();
    agent.wait_for("cop_number00008");
    let log = log(&agent.sandbox);
    assert!(log.contains("the token from before is kept") && log.contains("no token is held"), "{log}");
    assert!(!log.contains("cop_n") && !log.contains(&OTHER[4..]), "{log}");
}

#[test]
fn unreachable_deployment_is_asked_again() {
    let faults = vec![Fault::Status(500); 4];
    let down = Plan::with_token(TOKEN).account(fake_deployment::Account::new(OTHER)).faults(faults).start();
    let agent = RunningAgent::with(agent_sandbox().at(&down).file("mount/co", TOKEN), &["--timeout", "300ms"]);
    // The first token is served unverified, as by any command. Another replaces it only once it is verified.
    assert_eq!(agent.token(), TOKEN);
    assert!(agent.status()["trouble"].as_str().unwrap().contains("could not be asked"));
    wait("the proof", || agent.status()["trouble"].is_null());
    fs::write(agent.sandbox.path("mount/co"), OTHER).unwrap();
    agent.wait_for(OTHER);
    // A verified token is not verified again when another file changes.
    let asked = down.seen().len();
    fs::write(agent.sandbox.path("mount/other"), "x").unwrap();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(down.seen().len(), asked);
}

#[test]
fn agent_serves_its_user_only() {
    let agent = RunningAgent::new(agent_sandbox().file("mount/co", TOKEN));
    let meta = |path: &str| fs::metadata(agent.sandbox.path(path)).unwrap().mode() & 0o777;
    assert_eq!(
        (meta("run/co-cred"), meta("run/co-cred/agent.sock"), meta("run/co-cred/agent.sock.lock")),
        (0o700, 0o600, 0o600)
    );
    if !has("setpriv") || !is_root() {
        return;
    }
    // Even if the folder is open to all users by mistake.
    for folder in ["", "run", "run/co-cred", "work", "home"] {
        fs::set_permissions(agent.sandbox.path(folder), fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(agent.socket(), fs::Permissions::from_mode(0o777)).unwrap();
    let mut other = agent.sandbox.program("setpriv");
    other.args(["--reuid=65534", "--regid=65534", "--clear-groups", bin(), "token", "--offline"]);
    let ran = Ran::from(other.output().unwrap()).expect(6);
    assert!(!ran.out.contains("cop_"), "{ran:?}");
    // A socket in a folder of another user is not used.
    let status = Command::new("chown").arg("65534").arg(agent.sandbox.path("run/co-cred")).status().unwrap();
    assert!(status.success());
    let other = Sandbox::new().with("XDG_RUNTIME_DIR", agent.sandbox.path("run"));
    fs::remove_file(agent.socket()).unwrap();
    let ran = other.run(["agent", "--foreground", "--socket", agent.socket().to_str().unwrap()]);
    assert_ne!(ran.code, 0, "{ran:?}");
}

#[test]
fn malformed_and_slow_requests_do_not_stop_the_agent() {
    let agent = RunningAgent::new(agent_sandbox().file("mount/co", TOKEN));
    for (line, answer) in [
        (&b"{\"ask\":\"token\"}\n"[..], "token"),
        (b"{\"ask\":\"token\",\"more\":[1]}\n{\"ask\":\"status\"}\n", "token"),
        (b"{\"ask\":\"status\"}\n", "status"),
        (b"{\"ask\":\"tokens\"}\n", "error"),
        (b"\n", "error"),
        (b"GET / HTTP/1.1\r\n\r\n", "error"),
        (b"\xff\xfe\0\n", "error"),
        (b"{\"ask\":\"token\"}", "error"),
    ] {
        let shown = String::from_utf8_lossy(line).into_owned();
        let answered = agent.ask(line).unwrap_or_else(|| panic!("{shown}: nothing"));
        assert_eq!(answered["answer"], answer, "{shown}: {answered}");
    }
    let nested = [b"[".repeat(100_000), b"\n".to_vec()].concat();
    agent.ask(&nested);
    // Idle connections, more than are open at once, delay others by seconds only.
    let silent: Vec<UnixStream> = (0..80).map(|_| UnixStream::connect(agent.socket()).unwrap()).collect();
    let start = Instant::now();
    wait("a response", || agent.token() == TOKEN);
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    drop(silent);
    assert_eq!(agent.token(), TOKEN);
    // So do clients that send a byte at a time.
    let mut slow: Vec<UnixStream> = (0..64).map(|_| UnixStream::connect(agent.socket()).unwrap()).collect();
    let start = Instant::now();
    thread::scope(|scope| {
        let dripping = scope.spawn(move || {
            while start.elapsed() < Duration::from_secs(6) {
                for stream in &mut slow {
                    let _ = stream.write_all(b" ");
                }
                thread::sleep(Duration::from_millis(500));
            }
        });
        wait("a response", || agent.token() == TOKEN);
        assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
        dripping.join().unwrap();
    });
}
