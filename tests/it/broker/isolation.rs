//! A program behind the broker can neither read the token nor have it sent elsewhere.

use std::fs::{self, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake_deployment::Plan;

use super::support::{Broker, OK, Recorder, basic, capsule, with_runtime_dir};
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, copy_bin, is_root, write};
use crate::support::workstation::wait;

/// The program behind the broker may write to the files that name a deployment: the token is sent to no other, also not to
/// verify it.
#[test]
fn a_changed_configuration_sends_the_token_to_no_other_deployment() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let other = Recorder::new(OK);
    let config = |url: &str| format!("[[deployment]]\ndomain = {url:?}\ndefault = true\n");
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("SSL_CERT_FILE", deployment.authority());
    let world = world.with("CAPSULE", deployment.capsule()).with("OTHER_CONFIG", config(other.url()));
    let world = with_runtime_dir(world);
    let script = r#"ask() { curl -s -o /dev/null -w '%{http_code}\n' -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"; }
ask
printf '%s' "$OTHER_CONFIG" > "$HOME/.config/co-cred/config.toml"
sleep 0.5
ask"#;
    let path = world.path("home/.config/co-cred/config.toml");
    let agent = format!("eval \"$(co-cred agent --broker)\"\n{script}\neval \"$(co-cred agent stop)\"");
    let exec = format!("exec co-cred exec --broker -- sh -c '{}'", script.replace('\'', "'\\''"));
    for way in [exec, agent] {
        write(&path, config(&deployment.url()).as_bytes());
        let ran = world.shell("sh", &way);
        assert_eq!(ran.out, "200\n200\n", "{way} {ran:?}");
    }
    assert!(other.requests().is_empty(), "{:?}", other.requests());
}

/// The program keeps the rights of the token of the start: it cannot make co-cred find a token with more rights.
#[test]
fn a_changed_slot_file_gives_no_other_token() {
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
    wait("the warning", || broker.stderr().contains("the broker uses the token from API_SECRET only"));
    assert_eq!(capsule(&broker, &deployment), 200);
    let asked = deployment.seen();
    assert!(asked.len() >= 2 && asked.iter().all(|seen| seen.authorization == Some(basic(TOKEN))), "{asked:?}");
}

/// A port whose connections are forwarded to another port, which may change.
fn forwarder(to: &Arc<AtomicU16>) -> u16 {
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

/// The program may write to the file of authorities, and to that of the token: the authorities were read before it started.
#[test]
fn a_changed_authority_file_is_not_trusted() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let to = Arc::new(AtomicU16::new(deployment.port()));
    let world = Sandbox::new().file("authority.pem", fs::read(deployment.authority()).unwrap()).file("mount/co", TOKEN);
    let authority = world.path("authority.pem");
    let world = world.with("CODEOCEAN_DOMAIN", format!("https://localhost:{}", forwarder(&to)));
    let broker = Broker::new(world.with("SSL_CERT_FILE", &authority), &[]);
    let path = format!("/api/v1/capsules/{}", deployment.capsule());
    assert_eq!(broker.get(&path).status, 200);
    // Another deployment at the same address, with a certificate of its own.
    let other = Plan::default().tls().start();
    to.store(other.port(), Ordering::Relaxed);
    drop(deployment);
    fs::copy(other.authority(), &authority).unwrap();
    for number in 0..3 {
        fs::write(broker.world.path("mount/co"), format!("cop_anotherone{number}")).unwrap();
        assert_eq!(broker.get(&path).status, 502);
    }
    wait("the warning", || broker.stderr().contains("authority that is not among those that SSL_CERT_FILE names"));
    assert!(other.seen().is_empty(), "{:?}", other.seen());
}

/// A program that may write to the configuration can have a command run: it gets no token.
#[test]
fn a_token_command_has_no_token_in_its_environment() {
    let world = Sandbox::new()
        .with("CODEOCEAN_DOMAIN", "https://co.example.org")
        .with("CLONE_URL", format!("https://{TOKEN}@git.example.org/x"))
        .with("KEPT", "kept");
    let environment = world.path("environment").display().to_string();
    let command = format!("env > {environment}; echo {OTHER}");
    let config =
        format!("[[deployment]]\ndomain = \"co.example.org\"\ntoken_command = [\"sh\", \"-c\", {command:?}]\n");
    let world = world.file("home/.config/co-cred/config.toml", config);
    assert_eq!(world.run(["token", "--offline"]).expect(0).out, format!("{OTHER}\n"));
    let environment = fs::read_to_string(environment).unwrap();
    assert!(environment.contains("KEPT=kept") && !environment.contains("cop_"), "{environment}");
}

#[test]
fn no_variable_holds_a_token_or_leads_to_one() {
    let world = Sandbox::new()
        .with("CUSTOM_KEY", TOKEN)
        .with("QUOTED", format!("\"{TOKEN}\""))
        .with("HEADER", format!("Basic {}", STANDARD.encode(format!("{TOKEN}:"))))
        .with("SRC_CO_TOKEN", OTHER)
        .with("API_KEY", "of-another-service")
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
    assert_eq!((value("API_KEY"), value("CODEOCEAN_URL")), ("of-another-service", domain));
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

/// A command as another user, and one as the same user who is not root, read what they may.
#[test]
fn the_token_is_not_readable_in_proc_or_in_files() {
    if !is_root() {
        return;
    }
    let recorder = Recorder::new(OK);
    // A token of its own: the processes of other tests hold the usual one. The mark shows that something could be read.
    let (token, mark) = (format!("cop_Hidden{:08x}", std::process::id()), "here-is-the-mark");
    let world = recorder.sandbox().without("CUSTOM_KEY").with("HIDDEN_KEY", &token).with("MARK", mark);
    let (root, program) = (world.path(""), world.path("co-cred"));
    copy_bin(&program);
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
        let before = recorder.requests().len();
        let mut command = [&command[..], &["sh", "-c", &look]].concat().into_iter();
        let output = world.program(command.next().unwrap()).args(command).output().unwrap();
        let ran = Ran::from(output).expect(0);
        let marks = ran.out.lines().next().and_then(|line| line.strip_prefix("marks ")?.parse().ok()).unwrap_or(0);
        assert!(marks > 0, "{name}: nothing could be read: {ran:?}");
        assert!(
            !ran.out.contains("found") && !ran.out.contains(&token) && !ran.err.contains(&token),
            "{name}: {ran:?}"
        );
        assert!(recorder.requests()[before..].concat().contains(&basic(&token)), "{name}: the token was not used");
    }
}
