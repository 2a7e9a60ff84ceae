//! A sentinel token, in every command, from every source, in every failure, with the log at its loudest: it turns up in
//! no output, error, log, argument list or file, but where it was asked for.

use std::fs;
use std::path::{Path, PathBuf};

use co_cred::patterns::Encodings;
use co_cred::token::Token;
use fake_deployment::{Deployment, Fault, Plan};

use crate::support::sandbox::{OTHER, Ran, Sandbox};

/// Says nothing of itself in any other test or file.
const SENTINEL: &str = "cop_SentinelQ7w8E9r0T1y2U3";

/// One way for the token to be here.
struct Source {
    name: &'static str,
    set: fn(Sandbox) -> Sandbox,
    args: &'static [&'static str],
}

const SOURCES: [Source; 9] = [
    Source { name: "option", set: |world| world.with("ODD", SENTINEL), args: &["--token-env", "ODD"] },
    Source { name: "variable", set: |world| world.with("CODEOCEAN_TOKEN", SENTINEL), args: &[] },
    Source { name: "trimmed", set: |world| world.with("API_KEY", format!("'{SENTINEL}'")), args: &[] },
    Source { name: "mount", set: |world| world.file("mount/secrets", format!("export K='{SENTINEL}'")), args: &[] },
    Source { name: "mounted file", set: |world| world.file("mount/k", SENTINEL), args: &[] },
    Source {
        name: "file",
        set: |world| world.file("home/.codeocean/credentials.json", format!("{{\"token\": \"{SENTINEL}\"}}")),
        args: &[],
    },
    Source { name: "command", set: |world| configured(world.file("vault", SENTINEL)), args: &[] },
    Source { name: "kept in a file", set: logged_in, args: &[] },
    Source { name: "broken", set: |world| world.with("CODEOCEAN_TOKEN", format!("{SENTINEL}\n{SENTINEL}")), args: &[] },
];

/// Commands that must not show it. `exec` runs a command that prints nothing.
const SILENT: [&[&str]; 15] = [
    &["check"],
    &["check", "--json", "--need", "capsule:read"],
    &["status"],
    &["status", "--json"],
    &["doctor"],
    &["doctor", "--json"],
    &["list"],
    &["list", "--json"],
    &["exec", "--explain", "--all-names", "--clean"],
    &["exec", "--explain", "--git", "--clean"],
    &["setup", "docker"],
    &["logout"],
    &["exec", "--all-names", "--", "true"],
    &["scan", "."],
    &["exec", "--gate", ".", "--gate", "nowhere", "--mask", "--", "true"],
];

/// A configuration whose command prints what is in `vault`.
fn configured(world: Sandbox) -> Sandbox {
    let domain = world.env.text("CODEOCEAN_DOMAIN").unwrap().to_owned();
    let vault = world.path("vault").display().to_string();
    let config = format!("[[deployment]]\ndomain = {domain:?}\ntoken_command = [\"cat\", {vault:?}]\n");
    world.file("home/.config/co-cred/config.toml", config)
}

fn logged_in(world: Sandbox) -> Sandbox {
    let login = ["login", "--offline", "--insecure-storage", "--email", "ada@example.org"];
    let world = world.with_input(SENTINEL);
    world.run(login).expect(0);
    world
}

#[track_caller]
fn clean(name: &str, ran: &Ran) {
    let traces = Encodings::of(&Token::parse(SENTINEL.as_bytes()).unwrap().token);
    for (stream, text) in [("stdout", &ran.out), ("stderr", &ran.err)] {
        assert_eq!(traces.found_in(text.as_bytes()), None, "{name}: {stream}: {text}");
        assert!(!text.contains(&SENTINEL[8..]), "{name}: {stream}: {text}");
    }
}

/// Every regular file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn loud(world: &Sandbox, args: &[&str]) -> Ran {
    world
        .command()
        .args(args)
        .env("CO_CRED_LOG", "trace")
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .output()
        .unwrap()
        .into()
}

fn deployments() -> Vec<(&'static str, Deployment)> {
    let plan = || Plan::with_token(SENTINEL);
    vec![
        ("good", plan().start()),
        ("good, TLS", plan().tls().start()),
        ("rejecting", Plan::with_token(OTHER).start()),
        ("forbidding", plan().always(Fault::Status(403)).start()),
        ("failing", plan().always(Fault::Status(500)).start()),
        ("busy", plan().always(Fault::TooManyRequests(0)).start()),
        ("slow", plan().always(Fault::Slow(std::time::Duration::from_secs(9))).start()),
        ("cutting off", plan().always(Fault::CutOff).start()),
        ("HTML", plan().always(Fault::Html).start()),
        ("redirecting", plan().always(Fault::Redirect(format!("https://x.example.org/?t={SENTINEL}"))).start()),
    ]
}

#[test]
fn no_command_shows_it_in_any_failure() {
    std::thread::scope(|scope| {
        for (fault, deployment) in deployments() {
            scope.spawn(move || {
                // Each source and each command is met with each fault, in turn rather than all with all.
                for (number, args) in SILENT.iter().enumerate() {
                    for source in SOURCES.iter().skip(number % 2).step_by(2) {
                        let world = (source.set)(Sandbox::new().at(&deployment));
                        let ran = loud(&world, &[args, source.args, &["--timeout", "300ms"]].concat_before_dashes());
                        clean(&format!("{fault}, {}, {args:?}", source.name), &ran);
                        nothing_kept(&world);
                    }
                }
            });
        }
    });
}

/// What co-cred wrote is clean: the cache folder, and the work folder.
fn nothing_kept(world: &Sandbox) {
    for path in files(&world.path("cache")).iter().chain(&files(&world.path("work"))) {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        assert!(!text.contains(&SENTINEL[8..]), "{}", path.display());
        assert!(!path.display().to_string().contains(&SENTINEL[4..]));
    }
}

/// Whatever a client says to a helper, and wherever it says the token, words for people do not repeat it; and where it was
/// not asked for, nor does the answer.
#[test]
fn no_helper_and_no_login_repeats_it() {
    let deployment = Plan::with_token(OTHER).tls().start();
    let host = deployment.url()["https://".len()..].to_owned();
    let requests = [
        format!("protocol=https\nhost={host}\nusername=ada@example.org\npassword={SENTINEL}\n"),
        format!("protocol=https\nhost={host}\nusername={SENTINEL}\npassword=x\n"),
        format!("protocol=https\nhost={SENTINEL}\n"),
        format!("protocol={SENTINEL}\nhost={host}\n"),
        format!("protocol=https\nhost={host}\n{SENTINEL}=x\n{SENTINEL}=x\n"),
        format!("protocol=https\nhost={host}\npath={SENTINEL}\r\n"),
        format!("protocol=https\nhost={host}\nauthtype=Bearer\ncredential={SENTINEL}\n"),
        format!("{{\"ServerURL\":\"registry.{host}\",\"Username\":\"a@b.org\",\"Secret\":\"{SENTINEL}\"}}"),
        format!("{{\"ServerURL\":\"registry.{host}\",\"Username\":\"{SENTINEL}\",\"Secret\":\"x\"}}"),
        format!("{{\"ServerURL\":\"{SENTINEL}\""),
        format!("registry.{SENTINEL}"),
        SENTINEL.to_owned(),
        format!("{SENTINEL}\n{SENTINEL}\n"),
    ];
    let commands: [&[&str]; 13] = [
        &["git-credential", "get"],
        &["git-credential", "store"],
        &["git-credential", "erase"],
        &["docker-credential", "get"],
        &["docker-credential", "store"],
        &["docker-credential", "erase"],
        &["docker-credential", SENTINEL],
        &["git-credential", SENTINEL],
        &["login"],
        &["login", "--email", SENTINEL],
        &["login", "--expires", SENTINEL],
        &["login", "--insecure-storage"],
        &["Password for 'https://cop_SentinelQ7w8E9r0T1y2U3@localhost': "],
    ];
    for (request, args) in requests.iter().flat_map(|request| commands.map(|args| (request, args))) {
        let world = Sandbox::new().at(&deployment);
        let mut command = world.command();
        let ran = crate::support::workstation::piped(command.args(args).env("CO_CRED_LOG", "trace"), request);
        clean(&format!("{args:?} {request:?}"), &ran);
        nothing_kept(&world);
        for path in files(&world.path("home")) {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            assert!(!text.contains(&SENTINEL[8..]), "{args:?} {request:?}: {}", path.display());
        }
    }
}

/// Options go before the dashes of `exec`.
trait Arguments {
    fn concat_before_dashes(&self) -> Vec<&'static str>;
}

impl Arguments for [&[&'static str]; 3] {
    fn concat_before_dashes(&self) -> Vec<&'static str> {
        let (before, after) = self[0].split_at(self[0].iter().position(|arg| *arg == "--").unwrap_or(self[0].len()));
        [before, self[1], self[2], after].concat()
    }
}

/// A token in every kind of place that a search of files has something to say about.
#[test]
fn no_search_of_files_shows_it() {
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{SENTINEL}:"));
    let hex: String = SENTINEL.bytes().map(|byte| format!("{byte:02x}")).collect();
    let plant = |world: Sandbox| {
        let world = world.with("ODD", SENTINEL).with("CO_CRED_TOKEN_ENV", "ODD");
        let mut world = world.file("work/r/a", format!("{SENTINEL} {encoded} {hex} cop_{SENTINEL}"));
        for name in [SENTINEL, &encoded, &hex, &format!("{SENTINEL}.gz"), &format!("x.{encoded}")] {
            world = world.file(&format!("work/r/{name}/{name}"), b"\x1f\x8b\x08PK\x03\x04");
            world = world.file(&format!("work/r/{name}.zip"), format!("PK\u{3}\u{4}{}", "\u{1}".repeat(40)));
        }
        std::os::unix::fs::symlink(format!("/{encoded}"), world.path("work/r/link")).unwrap();
        world
    };
    let commands: [&[&str]; 9] = [
        &["scan", "r"],
        &["scan", "--json", "--strict", "r"],
        &["scan", "--redact", "--strict", "r"],
        &["scan", SENTINEL],
        &["scan", "r", &encoded],
        &["scan", &hex, "r"],
        &["scan", "--staged"],
        &["exec", "--offline", "--gate", "r", "--", "true"],
        &["exec", "--offline", "--gate", &encoded, "--mask", "--", "true"],
    ];
    for args in commands {
        let world = plant(Sandbox::new());
        let ran = loud(&world, args);
        assert_ne!(ran.code, 0, "{args:?}: {ran:?}");
        clean(&format!("{args:?}"), &ran);
        let shut = "chmod 500 r r/*; exec \"$0\" \"$@\"";
        let mut shut_in = world.program("sh");
        let shut_in = shut_in.args(["-c", shut, crate::support::sandbox::bin()]).args(args).env("CO_CRED_LOG", "trace");
        clean(&format!("{args:?}, read-only"), &shut_in.output().unwrap().into());
        std::process::Command::new("chmod").args(["-R", "u+w"]).arg(world.path("work")).status().unwrap();
    }
}

/// An agent says its token to whoever asks for it, and nowhere else.
#[test]
fn no_agent_shows_it() {
    for (fault, deployment) in deployments() {
        let world = Sandbox::new().at(&deployment).file("mount/k", SENTINEL).with("CO_CRED_LOG", "trace");
        std::fs::create_dir(world.path("run")).unwrap();
        std::process::Command::new("chmod").arg("700").arg(world.path("run")).status().unwrap();
        let run = world.path("run");
        let world = world.with("XDG_RUNTIME_DIR", run);
        let script = "eval \"$(co-cred agent --timeout 300ms)\"; co-cred agent status; co-cred agent status --json; \
                      echo cop_SentinelBroken > \"$CO_CRED_SECRETS_DIR/k2\"; sleep 0.2; co-cred doctor --offline; co-cred status --offline; \
                      tr '\\0' '\\n' < /proc/$CO_CRED_AGENT_PID/cmdline; tr '\\0' '\\n' < /proc/$CO_CRED_AGENT_PID/environ; \
                      co-cred agent stop";
        let ran = world.shell("sh", script);
        clean(&format!("{fault}: agent"), &ran);
        nothing_kept(&world);
    }
}

#[test]
fn no_broker_shows_it() {
    for (fault, deployment) in deployments() {
        let world = Sandbox::new().at(&deployment).file("mount/k", SENTINEL).with("MY_KEY", SENTINEL);
        let log = world.path("log").display().to_string();
        let script = "ask() { curl -s -m 3 -u \"$CODEOCEAN_TOKEN:\" \"$@\"; echo; }; env; \
                      ask \"$CODEOCEAN_DOMAIN/api/v1/capsules/x\"; ask -d '{}' \"$CODEOCEAN_DOMAIN/api/v1/capsules/search\"; \
                      ask -X DELETE \"$CODEOCEAN_DOMAIN/api/v1/x\"; tr '\\0' '\\n' < /proc/$PPID/cmdline; \
                      tr '\\0' '\\n' < /proc/self/environ";
        let args = ["exec", "--broker", "--timeout", "300ms", "--offline", "--audit", &log, "--", "sh", "-c", script];
        let ran = loud(&world, &args);
        clean(&format!("{fault}: exec --broker"), &ran);
        let noted = std::fs::read_to_string(world.path("log")).unwrap();
        assert!(noted.lines().count() >= 3 && !noted.contains(&SENTINEL[8..]), "{fault}: {noted}");
        std::fs::remove_file(world.path("mount/k")).unwrap();
        nothing_kept(&world);
    }
}

#[test]
fn no_usage_error_shows_it() {
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", SENTINEL);
    let cases: [&[&str]; 18] = [
        &[SENTINEL],
        &["--token", SENTINEL],
        &["token", SENTINEL],
        &["--token-env", SENTINEL, "token"],
        &["token", "--token-file", SENTINEL],
        &["token", "--token-file", "/x/cop_SentinelQ7w8E9r0T1y2U3"],
        &["token", "--deployment", SENTINEL],
        &["token", "--deployment", "https://cop_SentinelQ7w8E9r0T1y2U3@co.example.org"],
        &["token", "--deployment", "https://cop_SentinelQ7w8E9r0T1y2U3.example.org"],
        &["token", "--verify", SENTINEL],
        &["token", "--timeout", SENTINEL],
        &["check", "--wait", SENTINEL],
        &["check", "--need", SENTINEL],
        &["env", "--format", SENTINEL],
        &["exec", "--as", SENTINEL, "--", "true"],
        &["exec", "--offline", "--", SENTINEL],
        &["man", SENTINEL],
        &["completions", SENTINEL],
    ];
    for args in cases {
        let ran = loud(&world, args);
        assert_ne!(ran.code, 0, "{args:?}: {ran:?}");
        clean(&format!("{args:?}"), &ran);
    }
}

#[test]
fn variables_that_hold_it_by_mistake_do_not_show_it() {
    for name in [
        "CODEOCEAN_DOMAIN",
        "CO_CRED_TOKEN_ENV",
        "CO_CRED_TOKEN_FILE",
        "CODEOCEAN_CREDENTIALS_PATH",
        "CO_CRED_LOG",
        "HTTPS_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "XDG_CACHE_HOME",
        "CO_CAPSULE_PATH",
        "CO_CRED_SECRETS_DIR",
        "HOME",
        "CO_CAPSULE_ID",
        "CO_PIPELINE_ID",
        "GITHUB_ENV",
    ] {
        let world = Sandbox::new().with("CODEOCEAN_DOMAIN", "https://localhost:9").with(name, SENTINEL);
        for args in [&["check"][..], &["status", "--json"], &["doctor"], &["exec", "--explain"]] {
            clean(&format!("{name} {args:?}"), &loud(&world, args));
        }
    }
}

#[test]
fn only_the_deployment_is_sent_it() {
    let (here, elsewhere) = (Plan::with_token(SENTINEL).start(), Plan::with_token(SENTINEL).start());
    let world = Sandbox::new().at(&here).credentials(&elsewhere.url(), SENTINEL);
    world.run(["check"]).expect(3);
    let world = world.with("CUSTOM_KEY", SENTINEL);
    world.run(["check"]).expect(0);
    assert_eq!((here.seen().len(), elsewhere.seen().len()), (1, 0));
}

#[test]
fn a_panic_shows_where_it_happened_and_not_what_was_said() {
    // The hook is the process's: seen in a child, which is this very test binary.
    if std::env::var_os("CO_CRED_TEST_PANIC").is_some() {
        co_cred::cli::harden(&[]);
        panic!("{SENTINEL}");
    }
    let test = "security::leak::a_panic_shows_where_it_happened_and_not_what_was_said";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env("CO_CRED_TEST_PANIC", "1")
        .output()
        .unwrap();
    let ran: Ran = output.into();
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("internal error at tests/it/security/leak.rs"), "{ran:?}");
    clean("panic", &ran);
}
