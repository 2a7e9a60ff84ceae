//! Interrupted redaction, the temporary files that it may leave, and the permissions of a redacted file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, bin, has, write};
use crate::support::workstation::wait;

fn world() -> Sandbox {
    Sandbox::new().with("CUSTOM_KEY", TOKEN).file("results/a", format!("a {TOKEN} b\n").repeat(100_000))
}

/// The other files in the folder of the file that is redacted.
fn copies(world: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(world.path("results")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| !path.ends_with("a")).collect()
}

fn holds_a_token(path: &Path) -> bool {
    let bytes = fs::read(path).unwrap();
    memchr::memmem::find(&bytes, TOKEN.as_bytes()).is_some()
}

/// Starts a redaction that waits before each write; returns it and its process id.
fn redact_slowly(world: &Sandbox) -> (Child, String) {
    let mut strace = world.program("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", "inject=pwrite64:delay_enter=3000000"]);
    strace.args(["sh", "-c", "echo $$ > pid; exec \"$0\" scan --redact ../results", bin()]);
    let child = strace.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait("the copy", || !copies(world).is_empty());
    (child, fs::read_to_string(world.path("work/pid")).unwrap().trim().to_owned())
}

fn interrupt(signal: &str, number: i32) {
    let world = world();
    let (mut redact, pid) = redact_slowly(&world);
    assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    let status = redact.wait().unwrap();
    assert_eq!(status.signal(), Some(number), "{signal}: {status:?}");
    let left = copies(&world);
    assert!(left.iter().all(|copy| !holds_a_token(copy)), "{signal}");
    assert!(signal == "KILL" || left.is_empty(), "{signal}: {left:?}");
    assert!(holds_a_token(&world.path("results/a")), "{signal}");
    // The next redaction removes what was left.
    world.run(["scan", "--redact", world.path("results").to_str().unwrap()]).expect(9);
    assert_eq!(copies(&world), [] as [PathBuf; 0], "{signal}");
}

#[test]
fn interrupted_redaction_leaves_no_copy_of_the_token() {
    if !has("strace") {
        return;
    }
    std::thread::scope(|scope| {
        for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1), ("QUIT", 3), ("KILL", 9)] {
            scope.spawn(move || interrupt(signal, number));
        }
    });
}

/// As `nohup` does it.
#[test]
fn redaction_under_nohup_continues() {
    if !has("strace") {
        return;
    }
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).file("results/a", TOKEN);
    let mut shell = world.program("sh");
    let script = "trap '' HUP; exec strace -f -qq -o /dev/null -e trace=pwrite64 -e inject=pwrite64:delay_enter=1000000 \
                  sh -c 'echo $$ > pid; exec \"$0\" scan --redact ../results' \"$0\"";
    let mut redact = shell.args(["-c", script, bin()]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait("the copy", || !copies(&world).is_empty());
    let pid = fs::read_to_string(world.path("work/pid")).unwrap();
    assert!(Command::new("kill").args(["-s", "HUP", pid.trim()]).status().unwrap().success());
    assert_eq!(redact.wait().unwrap().code(), Some(9));
    assert_eq!(fs::read_to_string(world.path("results/a")).unwrap(), "*".repeat(TOKEN.len()));
}

#[test]
fn token_across_two_writes_is_overwritten() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN);
    for place in (262_144 - 40..262_144 + 4200).step_by(13) {
        let mut bytes = vec![b'.'; place];
        bytes.extend_from_slice(TOKEN.as_bytes());
        bytes.resize(600_000, b'.');
        write(&world.path("results").join(place.to_string()), &bytes);
    }
    world.run(["scan", "--redact", world.path("results").to_str().unwrap()]).expect(9);
    for entry in fs::read_dir(world.path("results")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let stars = bytes.iter().filter(|byte| **byte == b'*').count();
        assert_eq!((bytes.len(), stars), (600_000, TOKEN.len()));
        assert!(bytes.iter().all(|byte| matches!(byte, b'.' | b'*')));
    }
}

/// Permissions and access lists, also where the folder has a default list for new files.
#[test]
fn redacted_file_keeps_its_permissions() {
    if !has("setfacl") {
        return;
    }
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).file("results/plain", TOKEN).file("results/listed", TOKEN);
    let facl = |program: &str, args: &[&str]| Ran::from(world.program(program).args(args).output().unwrap());
    if facl("setfacl", &["-d", "-m", "u:4321:rwx,g:4321:rwx,o::rwx", "../results"]).code != 0 {
        return;
    }
    for (name, mode) in [("plain", 0o640), ("listed", 0o600)] {
        fs::set_permissions(world.path("results").join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    facl("setfacl", &["-m", "u:99:r", "../results/listed"]).expect(0);
    let lists = || facl("getfacl", &["-n", "../results/plain", "../results/listed"]).expect(0).out;
    let before = lists();
    assert!(!before.contains("4321") && before.contains("user:99:r--"), "{before}");
    world.run(["scan", "--redact", world.path("results").to_str().unwrap()]).expect(9);
    assert_eq!(lists(), before);
    assert_eq!(fs::read_to_string(world.path("results/plain")).unwrap(), "*".repeat(TOKEN.len()));
}

/// Also where it contains another token, half of one, or none.
#[test]
fn left_over_temporary_file_is_found_by_name_and_removed() {
    let half = &TOKEN[..9];
    for (contents, is_suspect) in [(TOKEN, true), (OTHER, true), (half, false), ("", false)] {
        let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).file("results/.co-cred-Ab3dE9.tmp", contents);
        let world = world.file("results/co-cred-Ab3dE9.tmp", "x").file("results/.co-cred-.tmp", "x");
        let results = world.path("results").display().to_string();
        let ran = world.run(["scan", &results]).expect(9);
        assert!(ran.out.contains(".co-cred-Ab3dE9.tmp is a temporary file that co-cred left behind"), "{ran:?}");
        assert!(!ran.out.contains("results/co-cred-Ab3dE9.tmp"), "{ran:?}");
        let json = world.run(["scan", "--json", &results]).expect(9).json();
        let places: Vec<_> = json["found"].as_array().unwrap().iter().map(|found| found["where"].clone()).collect();
        assert!(places.contains(&"left-over".into()), "{json:#}");
        assert_eq!(places.len() > 1 || json["suspected"] != serde_json::json!([]), is_suspect, "{json:#}");
        let ran = world.run(["scan", "--redact", &results]).expect(9);
        assert!(ran.err.contains("removed with its file"), "{ran:?}");
        assert_eq!(fs::read_dir(world.path("results")).unwrap().count(), 2);
        world.run(["scan", "--strict", &results]).expect(0);
    }
}

#[test]
fn left_over_temporary_file_fails_the_gate() {
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).file("results/.co-cred-Ab3dE9.tmp", "");
    let ran = world.spawn(["exec", "--offline", "--gate", "../results", "--", "true"]).expect(9);
    assert!(ran.err.contains("left behind"), "{ran:?}");
}

/// The process that writes it has a lock on it.
#[test]
fn temporary_file_in_use_is_searched_and_not_removed() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).file("results/.co-cred-Ab3dE9.tmp", "x");
    let path = world.path("results/.co-cred-Ab3dE9.tmp");
    let writer = fs::File::open(&path).unwrap();
    writer.lock().unwrap();
    let results = world.path("results").display().to_string();
    world.run(["scan", &results]).expect(0);
    fs::write(&path, TOKEN).unwrap();
    world.run(["scan", &results]).expect(9);
    world.run(["scan", "--redact", &results]).expect(9);
    assert_eq!(fs::read_to_string(&path).unwrap(), TOKEN);
}
