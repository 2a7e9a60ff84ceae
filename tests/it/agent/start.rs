//! How an agent starts: its socket, its folder, its open files, systemd.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use fake_deployment::{Fault, Plan};

use crate::agent::support::{RunningAgent, agent_sandbox, start};
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, bin, has, is_root};
use crate::support::workstation::wait;

/// Runs a script that calls co-cred, and kills it after some seconds.
fn within(sandbox: Sandbox, seconds: u32, script: &str) -> (Sandbox, Ran) {
    let sandbox = sandbox.with("SCRIPT", script);
    let ran = sandbox.shell("sh", &format!("timeout -k 1 {seconds} sh -c \"$SCRIPT\"; echo \"code $?\""));
    (sandbox, ran)
}

/// The open files of a process, and its working directory. The kernel shows those of an agent to root only.
fn open_files(pid: &str) -> Vec<PathBuf> {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        assert!(!is_root(), "{pid} is gone");
        return Vec::new();
    };
    let folder = fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
    descriptors.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok()).chain([folder]).collect()
}

/// Otherwise a pipe to the script stays open, its lock stays held, and its folder cannot be removed.
#[test]
fn inherited_descriptors_are_closed() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN).file("work/folder/lock", "");
    let script = "cd folder; exec 3>&1 4>&2 9>lock; eval \"$(co-cred agent --offline)\"; echo $CO_CRED_AGENT_PID";
    let (sandbox, ran) = within(sandbox, 15, script);
    assert!(ran.out.ends_with("code 0\n"), "{ran:?}");
    let pid = ran.out.lines().next().unwrap();
    for file in open_files(pid) {
        assert!(!file.starts_with(sandbox.path("work")), "{}", file.display());
    }
    sandbox.run(["agent", "stop"]).expect(0);
}

#[test]
fn foreground_agent_keeps_standard_streams_only() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN);
    let mut shell = sandbox.program("sh");
    let script = format!("exec 5>\"$HOME/lock\" 8>&5; exec {} agent --foreground --offline", bin());
    let mut agent = start(shell.args(["-c", &script]));
    let pid = agent.0.id().to_string();
    assert!(
        open_files(&pid)
            .iter()
            .all(|file| !["home", "work"].iter().any(|folder| file.starts_with(sandbox.path(folder)))),
        "{:?}",
        open_files(&pid)
    );
    sandbox.run(["agent", "stop"]).expect(0);
    agent.0.wait().unwrap();
}

/// The agent leaves the folder in which it was started. Relative paths keep their meaning.
#[test]
fn relative_paths_resolve_in_the_start_folder() {
    let sandbox = agent_sandbox().file("work/below/token", TOKEN).file("work/mount/co", TOKEN);
    for (variables, args) in [
        (&[][..], &["--token-file", "below/token", "--keep-file", "kept/file", "--on-change", "pwd > changed"][..]),
        (&[("CO_CRED_TOKEN_FILE", "below/token")], &["--keep-file", "kept/file", "--on-change", "pwd > changed"]),
        (&[("CO_CRED_SECRETS_DIR", "mount")], &["--keep-file", "kept/file", "--on-change", "pwd > changed"]),
    ] {
        for file in ["work/below/token", "work/mount/co"] {
            fs::write(sandbox.path(file), TOKEN).unwrap();
        }
        let mut agent = sandbox.command();
        let started = agent.args(["agent", "--offline"]).args(args).envs(variables.iter().copied()).output().unwrap();
        assert!(started.status.success(), "{started:?}");
        let kept = || fs::read_to_string(sandbox.path("work/kept/file")).unwrap_or_default();
        assert_eq!(kept().trim_end(), TOKEN);
        for file in ["work/below/token", "work/mount/co"] {
            fs::write(sandbox.path(file), OTHER).unwrap();
        }
        wait("the new token", || kept().trim_end() == OTHER);
        let changed = sandbox.path("work/changed");
        let work = fs::canonicalize(sandbox.path("work")).unwrap();
        wait("the command", || fs::read_to_string(&changed).is_ok_and(|text| Path::new(text.trim_end()) == work));
        fs::remove_file(&changed).unwrap();
        sandbox.run(["agent", "stop"]).expect(0);
    }
}

/// The agent leaves the Git clone in which it was started. That clone still chooses between the logins.
#[test]
fn git_clone_of_the_start_folder_chooses_the_login() {
    let sandbox = agent_sandbox();
    for (host, token) in [("one.example.org", TOKEN), ("two.example.org", OTHER)] {
        let args = ["login", "--insecure-storage", "--offline", "--email", "ada@example.org", "--deployment", host];
        sandbox.pipe(&args, token).expect(0);
    }
    let remote = "[remote \"origin\"]\n\turl = https://two.example.org/capsule-1234567.git\n";
    let sandbox = sandbox.file("work/clone/.git/config", remote);
    let mut agent = sandbox.command();
    agent.args(["agent", "--offline"]).current_dir(sandbox.path("work/clone"));
    assert!(agent.output().unwrap().status.success());
    let client = Sandbox::new().with("CO_CRED_AGENT_SOCK", sandbox.path("run/co-cred/agent.sock"));
    let token = || client.run(["token", "--offline"]).out.trim_end().to_owned();
    assert_eq!(token(), OTHER);
    let renewed = "cop_number00003";
    let args = ["login", "--insecure-storage", "--offline", "--email", "ada@example.org", "--deployment"];
    sandbox.pipe(&[&args[..], &["two.example.org"]].concat(), renewed).expect(0);
    wait("the new token", || token() == renewed);
    client.run(["agent", "stop"]).expect(0);
}

/// Another agent holds the lock, and is killed before it is ready.
#[test]
fn lock_of_a_killed_process_is_taken_at_once() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN);
    let lock = sandbox.path("run/co-cred/agent.sock.lock");
    crate::support::sandbox::write(&lock, b"");
    fs::set_permissions(lock.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    let lock_holder = fs::File::open(&lock).unwrap();
    lock_holder.lock().unwrap();
    let start = Instant::now();
    let started = thread::scope(|scope| {
        let started = scope.spawn(|| sandbox.spawn(["agent", "--offline"]));
        thread::sleep(Duration::from_secs(1));
        drop(lock_holder);
        started.join().unwrap()
    });
    assert!(started.code == 0 && start.elapsed() < Duration::from_secs(15), "{:?} {started:?}", start.elapsed());
    sandbox.run(["agent", "stop"]).expect(0);
}

#[test]
fn existing_file_is_not_replaced_by_a_socket() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN).file("private/data", "mine");
    fs::set_permissions(sandbox.path("private"), fs::Permissions::from_mode(0o700)).unwrap();
    let socket = |name: &str| sandbox.path(&format!("private/{name}")).display().to_string();
    let ran = sandbox.spawn(["agent", "--foreground", "--socket", &socket("data")]).expect(2);
    assert!(ran.err.contains("not a socket") && ran.err.contains("--socket"), "{ran:?}");
    assert_eq!(fs::read_to_string(socket("data")).unwrap(), "mine");
    // In a folder that others may enter, no file is created.
    fs::set_permissions(sandbox.path("private"), fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.spawn(["agent", "--foreground", "--socket", &socket("s")]).expect(2);
    assert_eq!(
        fs::read_dir(sandbox.path("private"))
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name() == "s.lock")
            .count(),
        0
    );
}

/// Another program listens at the socket, and no agent holds the lock.
#[test]
fn socket_of_another_program_is_not_taken() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN);
    fs::create_dir(sandbox.path("run/co-cred")).unwrap();
    fs::set_permissions(sandbox.path("run/co-cred"), fs::Permissions::from_mode(0o700)).unwrap();
    let socket = sandbox.path("run/co-cred/agent.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let _ = stream.read_line(&mut String::new());
            let _ = stream.get_mut().write_all(b"SSH-2.0-another\n");
        }
    });
    let ran = sandbox.spawn(["agent", "--foreground", "--offline"]).expect(2);
    assert!(ran.err.contains("another program listens there") && ran.err.contains("--socket"), "{ran:?}");
    assert!(socket.exists());
    let ran = sandbox.run(["agent", "status"]).expect(3);
    assert!(ran.err.contains("is not an agent"), "{ran:?}");
}

/// The parent waits as long as `--timeout` allows.
#[test]
fn slow_deployment_may_use_its_timeout() {
    let deployment = Plan::with_token(TOKEN).faults(vec![Fault::Slow(Duration::from_secs(22))]).start();
    let sandbox = agent_sandbox().at(&deployment).file("mount/co", TOKEN);
    let ran = sandbox.spawn(["agent", "--timeout", "25s"]).expect(0);
    assert!(ran.out.starts_with("CO_CRED_AGENT_SOCK="), "{ran:?}");
    sandbox.run(["agent", "stop"]).expect(0);
}

/// A socket leads to an agent on one host only.
#[test]
fn shared_home_has_one_socket_per_host() {
    let sandbox = Sandbox::new().file("mount/co", TOKEN);
    let socket_on = |host: &str| {
        let mut unshare = sandbox.program("unshare");
        let script = format!("hostname {host} && {} agent --offline && {} agent stop >&2", bin(), bin());
        unshare.args(["--user", "--map-root-user", "--uts", "sh", "-c", &script]);
        Ran::from(unshare.output().unwrap())
    };
    let (one, other) = (socket_on("one.example"), socket_on("other"));
    if one.err.contains("unshare") {
        return;
    }
    let place = |ran: &Ran| ran.out.lines().next().unwrap().to_owned();
    assert!(place(&one).contains("/cache/co-cred/agent-one.example.sock"), "{one:?}");
    assert!(place(&other).contains("/cache/co-cred/agent-other.sock"), "{other:?}");
}

#[test]
fn systemd_unit_is_valid() {
    if !has("systemd-analyze") {
        return;
    }
    let sandbox = agent_sandbox();
    let unit = include_str!("../../../packaging/systemd/co-cred-agent.service");
    let sandbox =
        sandbox.file("co-cred-agent.service", unit.replace("ExecStart=co-cred", &format!("ExecStart={}", bin())));
    let mut verify = sandbox.program("systemd-analyze");
    let ran = Ran::from(
        verify.args(["verify", "--user", "--man=no"]).arg(sandbox.path("co-cred-agent.service")).output().unwrap(),
    );
    assert!(ran.code == 0 && ran.err.is_empty(), "{ran:?}");
}

#[test]
fn systemd_is_notified_when_ready() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN);
    let path = sandbox.path("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let agent = RunningAgent::new(sandbox.with("NOTIFY_SOCKET", path));
    let mut message = [0; 64];
    let len = systemd.recv(&mut message).unwrap();
    assert_eq!(&message[..len], b"READY=1");
    assert_eq!(agent.token(), TOKEN);
}
