//! The table that `tests/bench/run` prints: co-cred's commands beside the peers that they are measured by.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and panics where it cannot measure")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use stand_in::{Deployment, Plan};

const TOKEN: &str = "cop_Benchmark42";
const BINARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/dist/co-cred");

/// One command, and its peer; `limit` is the ratio that is promised.
struct Row {
    name: &'static str,
    limit: f64,
    runs: usize,
    ours: Command,
    peer: Command,
}

fn main() {
    let world = tempfile::tempdir().unwrap();
    let deployment = Plan::with_token(TOKEN).tls().start();
    let bundle = bundle(world.path(), &deployment);
    println!("| command | ours | peer | ratio | promised |");
    println!("|---|---|---|---|---|");
    for row in rows(world.path(), &deployment, &bundle) {
        measure(row);
    }
    let size = fs::metadata(BINARY).unwrap().len();
    println!("| size of the binary | {:.2} MB | | | 7.5 MB |", size as f64 / 1e6);
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
    vec![
        Row {
            name: "exec --verify never -- true",
            limit: 1.0,
            runs: 1000,
            ours: ours(&["exec", "--verify", "never", "--", "true"]),
            peer: env(),
        },
        Row {
            name: "exec -- true, remembered",
            limit: 1.15,
            runs: 1000,
            ours: ours(&["exec", "--", "true"]),
            peer: env(),
        },
        Row { name: "check, beside curl", limit: 1.1, runs: 100, ours: ours(&["check"]), peer: curl },
    ]
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
    let (mut ours, mut peer, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..row.runs + 10 {
        // Whoever comes second may find a warmer machine: they take turns at it.
        let (one, other) = match run % 2 {
            0 => (time(&mut row.ours), time(&mut row.peer)),
            _ => {
                let peer = time(&mut row.peer);
                (time(&mut row.ours), peer)
            }
        };
        if run >= 10 {
            ours.push(one.as_secs_f64());
            peer.push(other.as_secs_f64());
            ratios.push(one.as_secs_f64() / other.as_secs_f64());
        }
    }
    let (ours, peer, ratio) = (median(ours) * 1e3, median(peer) * 1e3, median(ratios));
    println!("| {} | {ours:.2} ms | {peer:.2} ms | {ratio:.3} | {} |", row.name, row.limit);
}

fn time(command: &mut Command) -> Duration {
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
