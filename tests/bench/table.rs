//! The table that `tests/bench/run` prints: co-cred's commands beside the peers that they are measured by.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and panics where it cannot measure")]

mod broker;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fake_deployment::{Deployment, Plan};

const TOKEN: &str = "cop_Benchmark42";
const BINARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/dist/co-cred");

/// One command, and its peer; `limit` is the ratio that is promised.
struct Row {
    name: &'static str,
    limit: Option<f64>,
    runs: usize,
    ours: Command,
    peer: Command,
    /// What stands on standard input, ours and the peer's.
    requests: [Option<PathBuf>; 2],
}

fn main() {
    let world = tempfile::tempdir().unwrap();
    let deployment = Plan::with_token(TOKEN).tls().start();
    let bundle = bundle(world.path(), &deployment);
    println!("| command | ours | peer | ratio | promised |");
    println!("|---|---|---|---|---|");
    if std::env::args().any(|arg| arg == "broker") {
        return brokers(world.path());
    }
    for row in rows(world.path(), &deployment, &bundle) {
        measure(row);
    }
    brokers(world.path());
    let tree = world.path().join("tree");
    if tree.exists() {
        let [ours, peer] =
            [&[BINARY, "scan"][..], &["rg", "-uuu", "-F", "-c", TOKEN]].map(|search| peak(world.path(), search, &tree));
        println!("| memory of that scan | {ours:.1} MB | {peer:.1} MB | | 64 MB |");
    }
    let size = u32::try_from(fs::metadata(BINARY).unwrap().len()).unwrap();
    println!("| size of the binary | {:.2} MB | | | 8.0 MB |", f64::from(size) / 1e6);
}

fn brokers(world: &Path) {
    broker::rows(world);
    broker::rotation(world);
    broker::idle(world);
}

/// The most memory that a command had, in megabytes.
fn peak(world: &Path, search: &[&str], tree: &Path) -> f64 {
    let script = "import resource, subprocess, sys\n\
                  subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)\n\
                  print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let mut python = command(world, "python3", &["-c", script]);
    python.args(search).arg(tree).env("CODEOCEAN_TOKEN", TOKEN).stdout(Stdio::piped());
    let text = String::from_utf8(python.output().unwrap().stdout).unwrap();
    text.trim().parse::<f64>().unwrap() * 1024.0 / 1e6
}

/// The system's authorities and the stand-in's: what a real check has to load.
fn bundle(world: &Path, deployment: &Deployment) -> std::path::PathBuf {
    let mut text = fs::read("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default();
    text.extend(fs::read(deployment.authority()).unwrap());
    let path = world.join("bundle.pem");
    fs::write(&path, text).unwrap();
    path
}

fn rows(world: &Path, deployment: &Deployment, bundle: &Path) -> Vec<Row> {
    let ours = |args: &[&str]| {
        let mut command = command(world, BINARY, args);
        command.env("CUSTOM_KEY", TOKEN).env("CODEOCEAN_DOMAIN", deployment.url()).env("SSL_CERT_FILE", bundle);
        command
    };
    let env = || command(world, "env", &["CODEOCEAN_TOKEN=x", "true"]);
    let config = world.join("curlrc");
    let question = r#"data = "{\"ownership\":\"private\",\"limit\":1}""#;
    let url = format!("{}/api/v1/capsules/search", deployment.url());
    let options = format!(
        "url = \"{url}\"\nuser = \"{TOKEN}:\"\nheader = \"Content-Type: application/json\"\n{question}\nsilent\nfail\n"
    );
    fs::write(&config, options).unwrap();
    let curl = command(world, "curl", &["-K", config.to_str().unwrap(), "--cacert", bundle.to_str().unwrap()]);
    // The verdict that is remembered.
    assert!(ours(&["exec", "--", "true"]).status().unwrap().success());
    let mut rows = vec![
        Row {
            name: "exec --verify never -- true",
            limit: Some(1.0),
            runs: 1000,
            ours: ours(&["exec", "--verify", "never", "--", "true"]),
            peer: env(),
            requests: [None, None],
        },
        Row {
            name: "exec -- true, remembered",
            limit: Some(1.15),
            runs: 1000,
            ours: ours(&["exec", "--", "true"]),
            peer: env(),
            requests: [None, None],
        },
        Row {
            name: "check, beside curl",
            limit: Some(1.1),
            runs: 100,
            ours: ours(&["check"]),
            peer: curl,
            requests: [None, None],
        },
    ];
    rows.extend(git_rows(world, deployment, &ours));
    rows.push(agent_row(world, &ours));
    rows.push(mask_row(world));
    rows.extend(scan_row(world));
    rows
}

/// The token from an agent's socket, beside the same from a variable. The agent ends with the folder that it watches.
fn agent_row(world: &Path, ours: &dyn Fn(&[&str]) -> Command) -> Row {
    let run = world.join("run");
    fs::create_dir(&run).unwrap();
    fs::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let mut start = ours(&["agent", "--quiet"]);
    let started = start.env("XDG_RUNTIME_DIR", &run).stdout(Stdio::piped()).output().unwrap();
    assert!(started.status.success(), "no agent");
    let mut token = ours(&["token", "--verify", "never"]);
    token.env_remove("CUSTOM_KEY").env("CO_CRED_AGENT_SOCK", run.join("co-cred/agent.sock"));
    let peer = ours(&["token", "--verify", "never"]);
    let name = "token from the agent, beside a variable";
    Row { name, limit: Some(1.2), runs: 1000, ours: token, peer, requests: [None, None] }
}

/// Twenty thousand files and four gigabytes, as a run leaves them: logs, tables, arrays, a few large and many small; beside
/// ripgrep, which looks for the raw token alone.
fn scan_row(world: &Path) -> Option<Row> {
    if !is_installed("rg") {
        return None;
    }
    let tree = world.join("tree");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/tree.py");
    let planted = command(world, "python3", &[script, tree.to_str().unwrap(), "20000", "4000000000"]).status().unwrap();
    assert!(planted.success());
    // Neither finds anything, which is what a search of results is for; ripgrep's code for that is 1.
    let search = |search: &str| command(world, "sh", &["-c", &format!("exec {search} {}", tree.display())]);
    let mut ours = search(&format!("{BINARY} scan"));
    ours.env("CODEOCEAN_TOKEN", TOKEN);
    let peer = command(world, "sh", &["-c", &format!("rg -uuu -F -c {TOKEN} {}; test $? = 1", tree.display())]);
    let name = "scan of 20,000 files and 4 GB, beside rg -uuu -F -c";
    Some(Row { name, limit: Some(1.0), runs: 30, ours, peer, requests: [None, None] })
}

/// A gigabyte of text, masked on its way through a pipe, beside `cat` in the same place. The promise is eight tenths of its
/// throughput.
fn mask_row(world: &Path) -> Row {
    let text = world.join("text");
    let line = b"The quick brown fox jumps over the lazy dog, and writes a line of a log.\n";
    fs::write(&text, line.repeat(1_000_000_000 / line.len())).unwrap();
    let through = |middle: String| {
        let mut shell = command(world, "sh", &["-c", &format!("{middle} | cat > /dev/null")]);
        shell.env("CODEOCEAN_TOKEN", TOKEN);
        shell
    };
    let text = text.display();
    Row {
        name: "exec --mask of 1 GB, beside cat",
        limit: Some(1.25),
        runs: 20,
        ours: through(format!("{BINARY} exec --offline --mask -- cat {text}")),
        peer: through(format!("cat {text} | cat")),
        requests: [None, None],
    }
}

/// Git's helper: from a variable, with the e-mail remembered, beside Git's own; and from the keyring, beside the tool that
/// looks into it.
fn git_rows(world: &Path, deployment: &Deployment, ours: &dyn Fn(&[&str]) -> Command) -> Vec<Row> {
    let host = deployment.url()["https://".len()..].to_owned();
    let (request, file) = (world.join("request"), world.join("git-credentials"));
    fs::write(&request, format!("protocol=https\nhost={host}\n\n")).unwrap();
    fs::write(&file, format!("https://ada%40example.org:{TOKEN}@{host}\n")).unwrap();
    let get = |mut command: Command| {
        command.args(["git-credential", "get"]);
        command
    };
    let store = || command(world, &git_helper("store"), &["--file", file.to_str().unwrap(), "get"]);
    let row = |name, limit, ours, peer| {
        let requests = [Some(request.clone()), Some(request.clone())];
        Row { name, limit, runs: 1000, ours, peer, requests }
    };
    let variable = || get(ours(&[]));
    let mut rows = vec![row("git-credential get, beside git-credential-store", Some(1.0), variable(), store())];
    if is_installed("git-credential-oauth") {
        // It does not know the host, and says so with silence: a lookup in its browser would be no peer.
        let peer = command(world, "git-credential-oauth", &["get"]);
        rows.push(row("the same, beside git-credential-oauth", None, variable(), peer));
    }
    if is_installed("gh") {
        let mut peer = command(world, "gh", &["auth", "git-credential", "get"]);
        peer.env("GH_TOKEN", TOKEN);
        let github = world.join("github");
        fs::write(&github, "protocol=https\nhost=github.com\n\n").unwrap();
        let row = row("the same, beside gh auth git-credential", None, variable(), peer);
        rows.push(Row { requests: [Some(request.clone()), Some(github)], runs: 100, ..row });
    }
    if let Some(address) = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").filter(|_| has_keyring()) {
        let from_keyring = |args: &[&str]| {
            let mut command = ours(args);
            command.env_remove("CUSTOM_KEY").env("DBUS_SESSION_BUS_ADDRESS", &address);
            command
        };
        let token = world.join("token");
        fs::write(&token, TOKEN).unwrap();
        let login = from_keyring(&["login"]).stdin(File::open(token).unwrap()).status().unwrap();
        assert!(login.success(), "no login");
        let mut peer = command(world, "secret-tool", &["lookup", "application", "co-cred"]);
        peer.env("DBUS_SESSION_BUS_ADDRESS", &address);
        let ours = get(from_keyring(&[]));
        rows.push(Row {
            runs: 300,
            ..row("git-credential get from the keyring, beside secret-tool", Some(0.8), ours, peer)
        });
    }
    rows
}

/// A helper of the Git that is first on `PATH`.
fn git_helper(name: &str) -> String {
    let output = Command::new("git").arg("--exec-path").output().unwrap();
    format!("{}/git-credential-{name}", String::from_utf8(output.stdout).unwrap().trim())
}

fn is_installed(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|folder| folder.join(program).is_file())
}

/// Whether `tests/bench/run` has started one.
fn has_keyring() -> bool {
    std::env::var_os("CO_CRED_BENCH_KEYRING").is_some()
}

fn command(world: &Path, program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", world);
    command
        .env("CO_CAPSULE_PATH", world.join("capsule"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn measure(mut row: Row) {
    let [request, peers] = row.requests.each_ref().map(Option::as_deref);
    let (mut ours, mut peer, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..row.runs + 10 {
        // Whoever comes second may find a warmer machine: they take turns at it.
        let (one, other) = match run % 2 {
            0 => (time(&mut row.ours, request), time(&mut row.peer, peers)),
            _ => {
                let peer = time(&mut row.peer, peers);
                (time(&mut row.ours, request), peer)
            }
        };
        if run >= 10 {
            ours.push(one.as_secs_f64());
            peer.push(other.as_secs_f64());
            ratios.push(one.as_secs_f64() / other.as_secs_f64());
        }
    }
    let (ours, peer, ratio) = (median(ours) * 1e3, median(peer) * 1e3, median(ratios));
    let limit = row.limit.map_or_else(String::new, |limit| limit.to_string());
    println!("| {} | {ours:.2} ms | {peer:.2} ms | {ratio:.3} | {limit} |", row.name);
}

fn time(command: &mut Command, request: Option<&Path>) -> Duration {
    if let Some(request) = request {
        command.stdin(File::open(request).unwrap());
    }
    let start = Instant::now();
    let status = command.status().unwrap();
    let took = start.elapsed();
    assert!(status.success(), "{command:?} failed");
    took
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
