//! Logins survive killed commands, failed writes, and many commands at once.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, bin, has, is_root};
use crate::support::workstation::{Bus, piped};

const LOGIN: [&str; 6] =
    ["login", "--insecure-storage", "--offline", "--email=ada@example.org", "--deployment", "https://co.example.org"];

/// The system calls that put a new file in place.
const RENAMES: &str = "rename,renameat,renameat2";

/// Runs the real binary; strace injects a signal or an error at its `nth` call of one of these system calls.
fn inject(world: &Sandbox, calls: &str, what: &str, nth: usize, args: &[&str], input: &str) -> Ran {
    let mut strace = world.program("strace");
    strace.args(["-f", "-o", "/dev/null", "-e", &format!("inject={calls}:{what}:when={nth}")]);
    piped(strace.arg(bin()).args(args), input)
}

/// The temporary files in a folder.
fn temporary(folder: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    names.filter(|path| path.file_name().is_some_and(co_cred::files::is_temporary)).collect()
}

#[test]
fn the_next_command_removes_temporary_files_of_killed_ones() {
    if !has("strace") {
        return;
    }
    let world = Sandbox::new();
    let data = world.path("home/.local/share/co-cred");
    for next in [&["list"][..], &["logout", "--all"], &LOGIN] {
        inject(&world, RENAMES, "signal=KILL", 1, &LOGIN, TOKEN);
        let left = temporary(&data);
        assert_eq!(left.len(), 1, "{:?}", fs::read_dir(&data).unwrap().collect::<Vec<_>>());
        assert!(fs::read_to_string(&left[0]).unwrap().contains(TOKEN), "the login was killed before it wrote");
        world.pipe(next, TOKEN).expect(0);
        assert_eq!(temporary(&data), [] as [PathBuf; 0], "{next:?}");
        world.spawn(["logout", "--all"]).expect(0);
    }
}

#[test]
fn logout_removes_temporary_files_in_every_folder_that_is_written_to() {
    if !has("strace") {
        return;
    }
    let auths = r#"{"auths": {"other.example.org": {"auth": "c2VjcmV0"}}}"#;
    let world =
        Sandbox::new().with("CODEOCEAN_DOMAIN", "https://co.example.org").file("home/.docker/config.json", auths);
    inject(&world, RENAMES, "signal=KILL", 1, &["setup", "docker"], "");
    let docker = world.path("home/.docker");
    assert_eq!(temporary(&docker).len(), 1);
    world.spawn(["logout", "--all"]).expect(0);
    assert_eq!(temporary(&docker), [] as [PathBuf; 0]);
}

/// The temporary file of a running command is not removed.
#[test]
fn temporary_files_in_use_are_left_alone() {
    let world = Sandbox::new();
    let folder = world.path("home/.local/share/co-cred");
    fs::create_dir_all(&folder).unwrap();
    let (used, stale) = (folder.join(".co-cred-aaaaaa.tmp"), folder.join(".co-cred-bbbbbb.tmp"));
    let others = [".co-cred-aaaa.tmp", ".co-cred-aaaaaa.tmp.bak", "co-cred-aaaaaa.tmp", ".tmpaaaaaa"]
        .map(|name| folder.join(name));
    let file = fs::File::create(&used).unwrap();
    fs::write(&stale, "x").unwrap();
    for other in &others {
        fs::write(other, "x").unwrap();
    }
    fs::create_dir(folder.join(".co-cred-cccccc.tmp")).unwrap();
    std::os::unix::fs::symlink("/nonexistent", folder.join(".co-cred-dddddd.tmp")).unwrap();
    file.try_lock().unwrap();
    world.spawn(["list"]).expect(0);
    assert!(used.exists() && !stale.exists() && others.iter().all(|other| other.exists()));
    drop(file);
    world.spawn(["list"]).expect(0);
    assert!(!used.exists());
}

/// Every write also removes stale temporary files: concurrent writes must not lose theirs.
#[test]
fn concurrent_writes_keep_their_temporary_files() {
    let world = Sandbox::new();
    let path = world.path("work/state");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..200).for_each(|_| co_cred::files::write(&path, b"whole").unwrap()));
        }
    });
    assert_eq!(fs::read(&path).unwrap(), b"whole");
    assert_eq!(temporary(&world.path("work")), [] as [PathBuf; 0]);
}

/// A login in the real keyring, without a call to the deployment.
fn login(token_expires: &str) -> [&str; 7] {
    [
        "login",
        "--offline",
        "--email=ada@example.org",
        "--deployment",
        "https://co.example.org",
        "--expires",
        token_expires,
    ]
}

const FORMER: &str = "2998-01-01";
const NEW: &str = "2999-01-01";

/// The stored token and its expiry.
fn stored(world: &Sandbox) -> (String, String) {
    let listed = world.spawn(["list", "--json"]).expect(0).json();
    let token = world.spawn(["token", "--offline"]).out;
    (token.trim().to_owned(), listed[0]["expires"].as_str().unwrap_or_default().to_owned())
}

/// Fails unless no token is left in the keyring or in a file.
#[track_caller]
fn assert_no_token_is_left(world: &Sandbox, when: &str) {
    let found = world.spawn_program("secret-tool", &["search", "--all", "--unlock", "application", "co-cred"]);
    assert!(!found.out.contains("cop_"), "{when}: {found:?}");
    let data = world.path("home/.local/share/co-cred");
    for entry in fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()) {
        assert!(!fs::read_to_string(&entry).unwrap().contains("cop_"), "{when}: {}", entry.display());
    }
}

fn with_keyring() -> Option<(Sandbox, Bus)> {
    if !has("strace") || !has("secret-tool") {
        return None;
    }
    let world = Sandbox::new();
    let bus = Bus::with_keyring(&world)?;
    Some((world.with("DBUS_SESSION_BUS_ADDRESS", bus.address()), bus))
}

/// The system calls to inject at: messages to the keyring, and changes of files.
const POINTS: [&str; 5] = ["sendmsg", "fsync", RENAMES, "unlink,unlinkat", "flock"];

/// Injects at the first, second, ... of the calls until there is no such call; returns how many there were.
fn at_each_point(world: &Sandbox, what: &str, args: &[&str], mut check: impl FnMut(&str, Ran)) -> usize {
    let mut injected = 0;
    for calls in POINTS {
        for nth in 1.. {
            let log = world.path("work/strace");
            let mut strace = world.program("strace");
            strace.args(["-f", "-o"]).arg(&log).args(["-e", &format!("trace={calls}")]);
            strace.args(["-e", &format!("inject={calls}:{what}:when={nth}")]);
            let ran = piped(strace.arg(bin()).args(args), OTHER);
            let log = fs::read_to_string(&log).unwrap();
            let was_injected = log.contains("INJECTED") || log.contains("killed by");
            check(&format!("{calls} {nth}"), ran);
            if !was_injected {
                break;
            }
            injected += 1;
        }
    }
    injected
}

#[test]
fn logout_deletes_the_token_of_a_killed_first_login() {
    let Some((world, _bus)) = with_keyring() else { return };
    let injected = at_each_point(&world, "signal=KILL", &login(NEW), |when, _| {
        world.spawn(["logout", "--all"]).expect(0);
        assert_no_token_is_left(&world, when);
    });
    assert!(injected > 15, "{injected}");
}

#[test]
fn a_killed_login_leaves_the_former_one_or_the_new_one() {
    let Some((world, _bus)) = with_keyring() else { return };
    world.pipe(&login(FORMER), TOKEN).expect(0);
    let injected = at_each_point(&world, "signal=KILL", &login(NEW), |when, _| {
        let (token, expires) = stored(&world);
        let pair = (token.as_str(), expires.as_str());
        assert!([(TOKEN, FORMER), (OTHER, NEW)].contains(&pair), "{when}: {pair:?}");
        world.pipe(&login(FORMER), TOKEN).expect(0);
        let found = world.spawn_program("secret-tool", &["search", "--all", "application", "co-cred"]);
        assert_eq!(format!("{}{}", found.out, found.err).matches("label = ").count(), 1, "{when}: {found:?}");
    });
    assert!(injected > 15, "{injected}");
    world.spawn(["logout", "--all"]).expect(0);
    assert_no_token_is_left(&world, "in the end");
}

#[test]
fn a_killed_logout_can_be_repeated() {
    let Some((world, _bus)) = with_keyring() else { return };
    world.pipe(&login(FORMER), TOKEN).expect(0);
    let injected = at_each_point(&world, "signal=KILL", &["logout", "--all"], |when, _| {
        world.spawn(["logout", "--all"]).expect(0);
        assert_no_token_is_left(&world, when);
        world.pipe(&login(FORMER), TOKEN).expect(0);
    });
    assert!(injected > 8, "{injected}");
}

/// A login that reports an error has changed nothing.
#[test]
fn a_failed_login_keeps_the_former_token_and_its_expiry() {
    let Some((world, _bus)) = with_keyring() else { return };
    for insecure in [false, true] {
        let with = |args: [&'static str; 7]| args.into_iter().chain(insecure.then_some("--insecure-storage"));
        let (former, new): (Vec<_>, Vec<_>) = (with(login(FORMER)).collect(), with(login(NEW)).collect());
        world.pipe(&former, TOKEN).expect(0);
        let mut failed = 0;
        at_each_point(&world, "error=EIO", &new, |when, ran| {
            let expected = if ran.code == 0 { (OTHER, NEW) } else { (TOKEN, FORMER) };
            failed += usize::from(ran.code != 0);
            let (token, expires) = stored(&world);
            assert_eq!((token.as_str(), expires.as_str()), expected, "{when}: {ran:?}");
            assert!(ran.code == 0 || ran.code == 6, "{when}: {ran:?}");
            world.pipe(&former, TOKEN).expect(0);
        });
        assert!(failed > 3, "{failed}");
        world.spawn(["logout", "--all"]).expect(0);
        assert_no_token_is_left(&world, "in the end");
    }
}

#[test]
fn a_failed_first_login_is_not_listed() {
    let Some((world, _bus)) = with_keyring() else { return };
    at_each_point(&world, "error=EIO", &login(NEW), |when, ran| {
        let listed = world.spawn(["list", "--json"]).expect(0).json().as_array().unwrap().len();
        assert_eq!(listed, usize::from(ran.code == 0), "{when}: {ran:?}");
        world.spawn(["logout", "--all"]).expect(0);
        assert_no_token_is_left(&world, when);
    });
}

/// While a login moves from one store to another, it is always in at least one.
#[test]
fn a_login_killed_while_it_changes_its_store_is_in_one_of_them() {
    let Some((world, _bus)) = with_keyring() else { return };
    let in_file: Vec<&str> = login(FORMER).into_iter().chain(["--insecure-storage"]).collect();
    world.pipe(&in_file, TOKEN).expect(0);
    at_each_point(&world, "signal=KILL", &login(NEW), |when, _| {
        let (token, expires) = stored(&world);
        let pair = (token.as_str(), expires.as_str());
        assert!([(TOKEN, FORMER), (OTHER, NEW)].contains(&pair), "{when}: {pair:?}");
        world.pipe(&in_file, TOKEN).expect(0);
    });
    world.spawn(["logout", "--all"]).expect(0);
    assert_no_token_is_left(&world, "in the end");
}

#[test]
fn fifty_concurrent_logins_are_all_saved() {
    let world = &Sandbox::new();
    std::thread::scope(|scope| {
        for number in 0..50 {
            scope.spawn(move || {
                let (email, url) = (format!("user{number}@example.org"), format!("https://co{number}.example.org"));
                let args = ["login", "--insecure-storage", "--offline", "--email", &email, "--deployment", &url];
                world.pipe(&args, TOKEN).expect(0);
            });
        }
    });
    assert_eq!(world.spawn(["list", "--json"]).expect(0).json().as_array().unwrap().len(), 50);
}

/// A command waits for the lock of another one, and reports it after a timeout.
#[test]
fn a_held_lock_is_waited_for_and_reported() {
    let world = Sandbox::new();
    let lock = world.path("home/.local/share/co-cred/logins.lock");
    crate::support::sandbox::write(&lock, b"");
    let held = fs::File::open(&lock).unwrap();
    held.lock().unwrap();
    let ran = world.pipe(&LOGIN, TOKEN).expect(6);
    assert!(ran.err.contains("another co-cred") && ran.err.contains(lock.to_str().unwrap()), "{ran:?}");
    assert!(!ran.err.contains("disk"), "{ran:?}");
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| world.pipe(&LOGIN, TOKEN));
        std::thread::sleep(std::time::Duration::from_secs(3));
        drop(held);
        waiting.join().unwrap()
    });
    waiting.expect(0);
}

/// Some network file systems have no locks: login works there, with a warning.
#[test]
fn login_works_on_a_file_system_without_locks() {
    if !has("strace") {
        return;
    }
    for error in ["ENOSYS", "EOPNOTSUPP", "ENOLCK"] {
        let world = Sandbox::new();
        let mut strace = world.program("strace");
        strace.args(["-f", "-o", "/dev/null", "-e", &format!("inject=flock:error={error}")]);
        let ran = piped(strace.arg(bin()).args(LOGIN), TOKEN).expect(0);
        assert!(ran.err.contains("has no locks"), "{error}: {ran:?}");
        assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
        assert_eq!(temporary(&world.path("home/.local/share/co-cred")), [] as [PathBuf; 0]);
    }
}

/// An agent needs a lock.
#[test]
fn an_agent_reports_a_file_system_without_locks() {
    if !has("strace") {
        return;
    }
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN);
    let ran = inject(&world, "flock", "error=ENOSYS", 1, &["agent", "--foreground", "--offline"], "").expect(2);
    assert!(ran.err.contains("its file system has no locks") && ran.err.contains("--socket"), "{ran:?}");
}

/// The error of a disk or network file system is reported with the system's text.
#[test]
fn an_input_output_error_is_reported() {
    let world = Sandbox::new();
    // Reading the memory at address 0 fails in this way. Only root may open it.
    if is_root() {
        let ran = world.spawn(["token", "--offline", "--token-file", "/proc/self/mem"]).expect(6);
        assert!(ran.err.contains("input/output error"), "{ran:?}");
    }
    if has("strace") {
        let ran = inject(&world, RENAMES, "error=EIO", 1, &LOGIN, TOKEN).expect(6);
        assert!(ran.err.contains("cannot be written (input/output error)"), "{ran:?}");
        assert_eq!(temporary(&world.path("home/.local/share/co-cred")), [] as [PathBuf; 0]);
    }
}
