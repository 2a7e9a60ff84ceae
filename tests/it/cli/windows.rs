//! Windows: the same behaviour as elsewhere, with its own keyring, console and files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use co_cred::process::{self, Failure};
use fake_deployment::Plan;

use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN};

/// A sandbox with the token in its environment, and a deployment that accepts it.
fn world() -> (Sandbox, fake_deployment::Deployment) {
    let deployment = Plan::with_token(TOKEN).start();
    (Sandbox::new().at(&deployment).with("CODEOCEAN_TOKEN", TOKEN), deployment)
}

/// Runs a line of `cmd` under `exec`.
fn exec(world: &Sandbox, options: &[&str], line: &str) -> Ran {
    world.command().arg("exec").args(options).args(["--", "cmd", "/c", line]).output().unwrap().into()
}

#[test]
fn a_login_is_stored_in_the_credential_manager() {
    let deployment = Plan::with_token(TOKEN).start();
    let world = Sandbox::new().at(&deployment).with_input(TOKEN);
    let said = world.run(["login", "--deployment", &deployment.url()]).expect(0).err;
    assert!(said.contains("the token is in the Credential Manager"), "{said}");
    assert!(world.spawn(["list"]).expect(0).out.contains("ada@example.org"));
    assert_eq!(world.spawn(["token"]).expect(0).out.trim_end(), TOKEN);
    let kept: Vec<String> = files(&world.path("")).iter().map(|file| text(&fs::read(file).unwrap())).collect();
    assert!(!kept.is_empty() && kept.iter().all(|file| !file.contains(TOKEN)), "{kept:?}");
    world.spawn(["logout", "--deployment", &deployment.url()]).expect(0);
    world.spawn(["token"]).expect(3);
}

#[test]
fn a_verdict_is_cached_and_tls_is_verified() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = Sandbox::new().at(&deployment).with("CODEOCEAN_TOKEN", TOKEN);
    world.spawn(["check", "--verify", "auto"]).expect(0);
    let asked = deployment.seen().len();
    world.spawn(["token"]).expect(0);
    assert_eq!(deployment.seen().len(), asked);
    world.without("SSL_CERT_FILE").spawn(["check"]).expect(5);
    assert_eq!(deployment.seen().len(), asked);
}

#[test]
fn exec_passes_the_token_and_the_exit_code() {
    let (world, _deployment) = world();
    assert_eq!(exec(&world, &[], "echo %CODEOCEAN_TOKEN%").expect(0).out.trim_end(), TOKEN);
    for (code, in_a_byte) in [(0, 0), (7, 7), (255, 255), (256, 1), (3010, 1), (-1, 1), (-1_073_741_819, 1)] {
        exec(&world, &[], &format!("exit {code}")).expect(code);
        exec(&world, &["--mask"], &format!("exit {code}")).expect(in_a_byte);
    }
    world.spawn(["exec", "--", "there-is-no-such-program"]).expect(127);
    world.spawn(["exec", "--mask", "--", "there-is-no-such-program"]).expect(127);
}

#[test]
fn output_is_masked() {
    let (world, _deployment) = world();
    let ran = exec(&world, &["--mask"], "echo out %CODEOCEAN_TOKEN%& echo err %CODEOCEAN_TOKEN%>&2& exit 3").expect(3);
    assert_eq!(ran.out.trim_end(), "out ***");
    assert!(ran.err.starts_with("err ***"), "{ran:?}");
    assert!(!format!("{ran:?}").contains(TOKEN));
    let ran = exec(&world, &["--mask"], "for /L %i in (1,1,500) do @echo %i %CODEOCEAN_TOKEN%").expect(0);
    assert_eq!(ran.out.lines().count(), 500);
    assert!(!ran.out.contains("cop_") && ran.out.trim_end().ends_with("500 ***"));
}

#[test]
fn a_program_behind_the_broker_has_no_token() {
    let (world, deployment) = world();
    let log = world.path("work/audit.log");
    let options = ["--broker", "--audit", log.to_str().unwrap()];
    let ran = exec(&world, &options, "set").expect(0);
    assert!(ran.out.contains("CODEOCEAN_TOKEN=cop_run") && !ran.out.contains(TOKEN), "{ran:?}");
    let args = ["exec", "--broker", "--audit", log.to_str().unwrap(), "--", crate::support::sandbox::bin(), "check"];
    world.spawn(args).expect(0);
    assert!(deployment.latest().unwrap().authorization.is_some());
    let noted = fs::read_to_string(&log).unwrap();
    let noted: Vec<serde_json::Value> = noted.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(noted[0]["path"].is_string() && noted[1]["id"] == noted[0]["id"] && noted[1]["status"] == 200, "{noted:?}");
}

#[test]
fn scan_finds_and_redacts_a_file() {
    let (world, _deployment) = world();
    let world = world.file("work/results/a.txt", format!("leak {TOKEN}\r\n{OTHER}"));
    let ran = world.spawn(["scan", "results"]).expect(9);
    assert!(ran.out.contains("a.txt:1:6: the token at byte 5"), "{ran:?}");
    exec(&world, &["--gate", "results"], "exit 0").expect(9);
    world.spawn(["scan", "--redact", "results"]).expect(9);
    let mended = fs::read_to_string(world.path("work/results/a.txt")).unwrap();
    assert_eq!(mended, format!("leak {}\r\n{OTHER}", "*".repeat(TOKEN.len())));
    assert_eq!(fs::read_dir(world.path("work/results")).unwrap().count(), 1);
    world.spawn(["scan", "results"]).expect(0);
}

#[test]
fn the_output_of_a_program_is_limited() {
    let run = |line: &str, time, limit| child::output(Command::new("cmd").args(["/c", line]), time, limit);
    let long = Duration::from_secs(20);
    assert_eq!(text(&run("echo so", long, 100).unwrap().stdout).trim_end(), "so");
    assert!(!run("exit 3", long, 100).unwrap().status.success());
    assert_eq!(run("for /L %i in (1,1,100) do @echo %i", long, 100).err(), Some(Failure::TooLong));
    let start = Instant::now();
    assert_eq!(run("for /L %i in (1,0,2) do @rem", Duration::from_millis(500), 100).err(), Some(Failure::TimedOut));
    assert!(start.elapsed() < long);
}

#[test]
fn names_of_variables_ignore_case() {
    let (world, _deployment) = world();
    let world = world.without("CODEOCEAN_TOKEN").with("CodeOcean_Token", TOKEN);
    assert_eq!(world.spawn(["token"]).expect(0).out.trim_end(), TOKEN);
    let ran = exec(&world, &["--broker"], "set").expect(0);
    assert!(!ran.out.contains(TOKEN) && ran.out.contains("CODEOCEAN_TOKEN=cop_run"), "{ran:?}");
}

#[test]
fn pipes_and_devices_are_not_waited_for() {
    let (world, _deployment) = world();
    let pipe = format!(r"\\.\pipe\co-cred-{}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let _entered = runtime.enter();
    let _silent = tokio::net::windows::named_pipe::ServerOptions::new().create(&pipe).unwrap();
    for name in ["NUL", &pipe] {
        let mut token = world.command().args(["token", "--token-file", name]).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        while token.try_wait().unwrap().is_none() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = token.kill();
        assert_eq!(token.wait().unwrap().code(), Some(6), "{name}");
    }
}

#[test]
fn there_is_no_agent() {
    let (world, _deployment) = world();
    let said = world.spawn(["agent"]).expect(2).err;
    assert!(said.contains("no agent on Windows") && said.contains("co-cred login"), "{said}");
    world.with("CO_CRED_AGENT_SOCK", "C:\\agent.sock").spawn(["token"]).expect(6);
}

#[test]
fn files_are_kept_in_the_profile() {
    let deployment = Plan::with_token(TOKEN).start();
    let world = Sandbox::new().at(&deployment).with_input(TOKEN);
    let elsewhere = world.path("mount");
    fs::create_dir(&elsewhere).unwrap();
    let names = ["HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"];
    let world = names.into_iter().fold(world, |world, name| world.with(name, &elsewhere));
    world.run(["login", "--insecure-storage", "--deployment", &deployment.url()]).expect(0);
    assert_eq!(world.spawn(["token"]).expect(0).out.trim_end(), TOKEN);
    assert!(!files(&world.path("cache/co-cred")).is_empty());
    assert!(files(&elsewhere).is_empty());
}

/// Any user may create a folder on a drive.
#[test]
fn no_other_folder_is_searched() {
    let (world, deployment) = world();
    let planted = Plan::with_token(TOKEN).start();
    let drive = std::env::current_dir().unwrap().ancestors().last().unwrap().to_path_buf();
    let (capsule, mount) = (drive.join("root/capsule/.git"), drive.join("run/secrets"));
    // It is removed in the end, so it must belong to this test.
    assert!(!drive.join("root/capsule").exists() && !mount.exists());
    fs::create_dir_all(&capsule).unwrap();
    fs::create_dir_all(&mount).unwrap();
    let config = format!("[remote \"origin\"]\n\turl = {}/capsule-1234567.git\n", planted.url());
    fs::write(capsule.join("config"), config).unwrap();
    fs::write(mount.join("CODEOCEAN_TOKEN"), OTHER).unwrap();
    let world = world.without("CODEOCEAN_DOMAIN").without("CO_CAPSULE_PATH").without("CO_CRED_SECRETS_DIR");
    let checked = world.spawn(["check"]);
    let token = world.without("CODEOCEAN_TOKEN").spawn(["token", "--offline"]);
    let _ = (fs::remove_dir_all(drive.join("root/capsule")), fs::remove_dir_all(&mount));
    assert_ne!(checked.code, 0);
    token.expect(3);
    assert!(planted.seen().is_empty() && deployment.seen().is_empty());
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    entries.map(walkdir::DirEntry::into_path).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
