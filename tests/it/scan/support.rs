//! What the tests of searches share: a folder `results`, and the findings in it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::sandbox::{Ran, Sandbox, TOKEN, bin};

pub fn world() -> Sandbox {
    Sandbox::new().with("CUSTOM_KEY", TOKEN)
}

pub fn scan(world: &Sandbox, args: &[&str]) -> Ran {
    let results = world.path("results").display().to_string();
    fs::create_dir_all(&results).unwrap();
    world.run([&["scan"], args, &[results.as_str()]].concat())
}

/// The findings: the file below `results`, the names of packed contents, the offset, the encoding.
pub fn found(world: &Sandbox) -> Vec<(String, Vec<String>, Option<u64>, String)> {
    places(world, &scan(world, &["--json"]).json()["found"])
}

fn places(world: &Sandbox, findings: &Value) -> Vec<(String, Vec<String>, Option<u64>, String)> {
    let root = world.path("results/").display().to_string();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |finding: &Value| {
        let file = text(&finding["file"]).strip_prefix(&root).unwrap().to_owned();
        let inside = finding["inside"].as_array().unwrap().iter().map(text);
        // The offset of a run of base64 depends on what precedes it.
        let inside = inside.map(|name| if name.starts_with("base64 at byte ") { "base64".to_owned() } else { name });
        let inside = inside.collect();
        (file, inside, finding["offset"].as_u64(), text(&finding["kind"]))
    };
    findings.as_array().unwrap().iter().map(one).collect()
}

/// Runs a script of `tests/fixtures/scan`, which writes files with the token to `results`.
pub fn plant(world: &Sandbox, program: &str) {
    fs::create_dir_all(world.path("results")).unwrap();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/scan").join(program);
    let mut python = world.program("python3");
    assert!(python.arg(program).arg(world.path("results")).env("TOKEN", TOKEN).status().unwrap().success());
}

/// The output of a command, and its peak memory in KiB.
pub fn with_memory(world: &Sandbox, args: &[&str]) -> (Ran, u64) {
    let script = "import resource, subprocess, sys\n\
                  code = subprocess.call(sys.argv[1:])\n\
                  print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\nsys.exit(code)";
    let mut python = world.program("python3");
    let ran = Ran::from(python.args(["-c", script, bin()]).args(args).output().unwrap());
    let peak = ran.out.lines().find_map(|line| line.strip_prefix("peak ")).unwrap().parse().unwrap();
    (ran, peak)
}

pub fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = Command::new("gzip").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    gzip.wait_with_output().unwrap().stdout
}
