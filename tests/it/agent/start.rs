//! How an agent starts, what it holds on to meanwhile, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fake_deployment::{Fault, Plan};

use crate::agent::serving::{RunningAgent, quiet};
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, bin};
use crate::support::workstation::wait;

/// Runs a script that calls co-cred; it is killed after so many seconds.
fn within(world: Sandbox, seconds: u32, script: &str) -> (Sandbox, Ran) {
    let world = world.with("SCRIPT", script);
    let ran = world.shell("sh", &format!("timeout -k 1 {seconds} sh -c \"$SCRIPT\"; echo \"code $?\""));
    (world, ran)
}

/// What a process has open, and its folder. The kernel shows that of an agent to root alone.
fn open_files(pid: &str) -> Vec<PathBuf> {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        assert!(!is_root(), "{pid} is gone");
        return Vec::new();
    };
    let folder = fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
    descriptors.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok()).chain([folder]).collect()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn signal(process: &Child, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &process.id().to_string()]).status().unwrap().success());
}

/// A process that is killed in the end.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An agent in the foreground, by whatever program starts it, that is ready.
fn ready(command: &mut Command) -> Ended {
    let mut agent = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(agent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("CO_CRED_AGENT_SOCK="), "{line}");
    Ended(agent)
}

/// A script whose output is read by a pipe ends, its lock is released, its folder can be removed.
#[test]
fn it_keeps_nothing_open_that_it_was_started_with() {
    let world = quiet().file("mount/co", TOKEN).file("work/folder/lock", "");
    let script = "cd folder; exec 3>&1 4>&2 9>lock; eval \"$(co-cred agent --offline)\"; echo $CO_CRED_AGENT_PID";
    let (world, ran) = within(world, 15, script);
    assert!(ran.out.ends_with("code 0\n"), "{ran:?}");
    let pid = ran.out.lines().next().unwrap();
    for file in open_files(pid) {
        assert!(!file.starts_with(world.path("work")), "{}", file.display());
    }
    world.run(["agent", "stop"]).expect(0);
}

#[test]
fn in_the_foreground_it_keeps_its_standard_streams_alone() {
    let world = quiet().file("mount/co", TOKEN);
    let mut shell = world.program("sh");
    let script = format!("exec 5>\"$HOME/lock\" 8>&5; exec {} agent --foreground --offline", bin());
    let mut agent = ready(shell.args(["-c", &script]));
    let pid = agent.0.id().to_string();
    assert!(
        open_files(&pid).iter().all(|file| !["home", "work"].iter().any(|folder| file.starts_with(world.path(folder)))),
        "{:?}",
        open_files(&pid)
    );
    world.run(["agent", "stop"]).expect(0);
    agent.0.wait().unwrap();
}

/// It leaves the folder in which it was started; paths from there go on meaning the same.
#[test]
fn relative_paths_are_those_of_the_folder_it_was_started_in() {
    let world = quiet().file("work/below/token", TOKEN).file("work/mount/co", TOKEN);
    for (variables, args) in [
        (&[][..], &["--token-file", "below/token", "--keep-file", "kept/file", "--on-change", "pwd > changed"][..]),
        (&[("CO_CRED_TOKEN_FILE", "below/token")], &["--keep-file", "kept/file", "--on-change", "pwd > changed"]),
        (&[("CO_CRED_SECRETS_DIR", "mount")], &["--keep-file", "kept/file", "--on-change", "pwd > changed"]),
    ] {
        for file in ["work/below/token", "work/mount/co"] {
            fs::write(world.path(file), TOKEN).unwrap();
        }
        let mut agent = world.command();
        let started = agent.args(["agent", "--offline"]).args(args).envs(variables.iter().copied()).output().unwrap();
        assert!(started.status.success(), "{started:?}");
        let kept = || fs::read_to_string(world.path("work/kept/file")).unwrap_or_default();
        assert_eq!(kept().trim_end(), TOKEN);
        for file in ["work/below/token", "work/mount/co"] {
            fs::write(world.path(file), OTHER).unwrap();
        }
        wait("the new token", || kept().trim_end() == OTHER);
        let changed = world.path("work/changed");
        let work = fs::canonicalize(world.path("work")).unwrap();
        wait("the command", || fs::read_to_string(&changed).is_ok_and(|text| Path::new(text.trim_end()) == work));
        fs::remove_file(&changed).unwrap();
        world.run(["agent", "stop"]).expect(0);
    }
}

/// It leaves the clone in which it was started, which chose between the logins.
#[test]
fn the_clone_that_it_was_started_in_goes_on_choosing() {
    let world = quiet();
    for (host, token) in [("one.example.org", TOKEN), ("two.example.org", OTHER)] {
        let args = ["login", "--insecure-storage", "--offline", "--email", "ada@example.org", "--deployment", host];
        world.pipe(&args, token).expect(0);
    }
    let remote = "[remote \"origin\"]\n\turl = https://two.example.org/capsule-1234567.git\n";
    let world = world.file("work/clone/.git/config", remote);
    let mut agent = world.command();
    agent.args(["agent", "--offline"]).current_dir(world.path("work/clone"));
    assert!(agent.output().unwrap().status.success());
    let client = Sandbox::new().with("CO_CRED_AGENT_SOCK", world.path("run/co-cred/agent.sock"));
    let token = || client.run(["token", "--offline"]).out.trim_end().to_owned();
    assert_eq!(token(), OTHER);
    let renewed = "cop_number00003";
    let args = ["login", "--insecure-storage", "--offline", "--email", "ada@example.org", "--deployment"];
    world.pipe(&[&args[..], &["two.example.org"]].concat(), renewed).expect(0);
    wait("the new token", || token() == renewed);
    client.run(["agent", "stop"]).expect(0);
}

/// A user's watchers are used up: 128 are all there are.
#[test]
fn without_a_watcher_the_files_are_looked_at() {
    let world = quiet().file("mount/co", TOKEN);
    let unshare = |script: &str| {
        let mut shell = world.program("unshare");
        let script = format!("echo 0 > /proc/sys/user/max_inotify_instances && {script}");
        shell.args(["--user", "--map-root-user", "sh", "-c", &script]);
        shell
    };
    if !unshare("true").status().is_ok_and(|status| status.success()) {
        return;
    }
    let mut agent = ready(&mut unshare(&format!("exec {} agent --foreground --offline", bin())));
    let client = Sandbox::new().with("CO_CRED_AGENT_SOCK", world.path("run/co-cred/agent.sock"));
    let token = || client.run(["token", "--offline"]).out.trim_end().to_owned();
    assert_eq!(token(), TOKEN);
    fs::write(world.path("mount/co"), OTHER).unwrap();
    wait("the new token", || token() == OTHER);
    client.run(["agent", "stop"]).expect(0);
    assert!(agent.0.wait().unwrap().success());
    // Nor does a broker need one.
    let deployment = Plan::with_token(OTHER).tls().start();
    let exec = format!("exec {} exec --broker -- sh -c 'echo $CODEOCEAN_DOMAIN'", bin());
    let mut exec = unshare(&exec);
    let ran = Ran::from(
        exec.env("CODEOCEAN_DOMAIN", deployment.url()).env("SSL_CERT_FILE", deployment.authority()).output().unwrap(),
    );
    assert!(ran.code == 0 && ran.out.starts_with("http://127.0.0.1:"), "{ran:?}");
}

/// Another one has claimed the place, and is killed before it is ready.
#[test]
fn a_place_whose_holder_dies_is_taken_at_once() {
    let world = quiet().file("mount/co", TOKEN);
    let lock = world.path("run/co-cred/agent.sock.lock");
    crate::support::sandbox::write(&lock, b"");
    fs::set_permissions(lock.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    let holder = fs::File::open(&lock).unwrap();
    holder.lock().unwrap();
    let start = Instant::now();
    let started = thread::scope(|scope| {
        let started = scope.spawn(|| world.spawn(["agent", "--offline"]));
        thread::sleep(Duration::from_secs(1));
        drop(holder);
        started.join().unwrap()
    });
    assert!(started.code == 0 && start.elapsed() < Duration::from_secs(15), "{:?} {started:?}", start.elapsed());
    world.run(["agent", "stop"]).expect(0);
}

#[test]
fn one_that_is_stopped_is_named_with_its_process() {
    let mut house = RunningAgent::new(quiet().file("mount/co", TOKEN));
    signal(&house.agent, "STOP");
    let pid = house.agent.id().to_string();
    for args in [&["agent", "status"][..], &["agent", "stop"], &["token", "--offline"]] {
        let ran = house.world.run(args).expect(6);
        let words = format!("runs as process {pid}, and does not answer within 2 s");
        assert!(ran.err.contains(&words) && ran.err.contains(&format!("kill -CONT {pid}")), "{args:?} {ran:?}");
    }
    let start = Instant::now();
    let ran = house.world.spawn(["agent"]).expect(6);
    assert!(ran.err.contains(&pid) && start.elapsed() < Duration::from_secs(15), "{ran:?}");
    // What it was told meanwhile is done once it goes on.
    signal(&house.agent, "CONT");
    assert!(house.agent.wait().unwrap().success());
}

/// A deployment that does not answer for a minute does not keep it.
#[test]
fn it_ends_at_once_while_a_deployment_is_asked() {
    let deployment = Plan::with_token(TOKEN).start();
    let world = quiet().at(&deployment).file("mount/co", TOKEN);
    let mut house = RunningAgent::with(world, &["--timeout", "60s"]);
    let before = deployment.connections();
    (0..4).for_each(|_| deployment.fail(Fault::Slow(Duration::from_secs(60))));
    fs::write(house.world.path("mount/co"), OTHER).unwrap();
    wait("the question", || deployment.connections() > before);
    let start = Instant::now();
    let ran = house.world.run(["agent", "stop"]).expect(0);
    assert_eq!(ran.out, "unset CO_CRED_AGENT_SOCK CO_CRED_AGENT_PID;\n");
    assert!(!house.socket().exists());
    assert!(house.agent.wait().unwrap().success());
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn its_end_leaves_the_socket_of_another() {
    let mut house = RunningAgent::new(quiet().file("mount/co", TOKEN));
    fs::remove_file(house.socket()).unwrap();
    let _other = UnixListener::bind(house.socket()).unwrap();
    signal(&house.agent, "TERM");
    assert!(house.agent.wait().unwrap().success());
    assert!(fs::symlink_metadata(house.socket()).unwrap().file_type().is_socket());
}

/// A socket at which another program listens is no place for an agent, though no agent holds the lock.
#[test]
fn it_takes_the_place_of_no_other_program() {
    let world = quiet().file("mount/co", TOKEN);
    fs::create_dir(world.path("run/co-cred")).unwrap();
    fs::set_permissions(world.path("run/co-cred"), fs::Permissions::from_mode(0o700)).unwrap();
    let socket = world.path("run/co-cred/agent.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let _ = stream.read_line(&mut String::new());
            let _ = stream.get_mut().write_all(b"SSH-2.0-another\n");
        }
    });
    let ran = world.spawn(["agent", "--foreground", "--offline"]).expect(2);
    assert!(ran.err.contains("another program listens there") && ran.err.contains("--socket"), "{ran:?}");
    assert!(socket.exists());
    let ran = world.run(["agent", "status"]).expect(3);
    assert!(ran.err.contains("is no agent"), "{ran:?}");
}

/// The deployment may take as long as it was given.
#[test]
fn a_slow_deployment_may_take_the_time_it_is_given() {
    let deployment = Plan::with_token(TOKEN).faults(vec![Fault::Slow(Duration::from_secs(22))]).start();
    let world = quiet().at(&deployment).file("mount/co", TOKEN);
    let ran = world.spawn(["agent", "--timeout", "25s"]).expect(0);
    assert!(ran.out.starts_with("CO_CRED_AGENT_SOCK="), "{ran:?}");
    world.run(["agent", "stop"]).expect(0);
}

#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let world = quiet().file("mount/co", TOKEN);
    let script = format!("trap '' HUP; exec {} agent --foreground --offline", bin());
    let mut agent = ready(world.program("sh").args(["-c", &script]));
    signal(&agent.0, "HUP");
    let client = Sandbox::new().with("CO_CRED_AGENT_SOCK", world.path("run/co-cred/agent.sock"));
    thread::sleep(Duration::from_millis(300));
    assert_eq!(client.run(["token", "--offline"]).expect(0).out.trim_end(), TOKEN);
    signal(&agent.0, "TERM");
    assert!(agent.0.wait().unwrap().success());
}

/// In a container it is the first process, and inherits every orphan.
#[test]
fn as_the_first_process_it_reaps_orphans() {
    let world = quiet().file("mount/co", TOKEN);
    let unshare = |script: &str| {
        let mut unshare = world.program("unshare");
        unshare.args(["--user", "--map-root-user", "--pid", "--fork", "--kill-child", "sh", "-c", script]);
        unshare
    };
    if !unshare("true").status().is_ok_and(|status| status.success()) {
        return;
    }
    // The shell ends, and what it leaves running ends later.
    let noted = world.path("noted").display().to_string();
    let script =
        format!("exec {} agent --foreground --offline --on-change 'sleep 1 & sleep 2 & echo >> {noted}'", bin());
    let container = ready(&mut unshare(&script));
    let children = |pid: &str| fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let agent = children(&container.0.id().to_string()).trim().to_owned();
    for (count, token) in [OTHER, TOKEN, OTHER].into_iter().enumerate() {
        fs::write(world.path("mount/co"), token).unwrap();
        wait("the command", || fs::read_to_string(&noted).unwrap_or_default().lines().count() > count);
    }
    wait("the end of all orphans", || children(&agent).trim().is_empty());
}

/// A socket leads to an agent on one host.
#[test]
fn a_home_that_hosts_share_has_a_socket_for_each() {
    let world = Sandbox::new().file("mount/co", TOKEN);
    let socket_on = |host: &str| {
        let mut unshare = world.program("unshare");
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
