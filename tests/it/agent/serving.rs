//! The agent: what it serves is fresh, whichever way a secret changes, and good; and it is for its user alone.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fake_deployment::{Deployment, Fault, Plan};
use serde_json::Value;

use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, bin, has};
use crate::support::workstation::wait;

/// A world with a folder for sockets, whose token is in a mounted file; the agent's environment is another.
pub struct RunningAgent {
    pub world: Sandbox,
    pub agent: Child,
}

impl RunningAgent {
    /// An agent in the foreground that is ready.
    pub fn new(world: Sandbox) -> RunningAgent {
        RunningAgent::with(world, &[])
    }

    pub fn with(world: Sandbox, args: &[&str]) -> RunningAgent {
        let mut agent =
            command(&world).args(["agent", "--foreground"]).args(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(agent.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let socket = world.path("run/co-cred/agent.sock");
        assert_eq!(line, format!("CO_CRED_AGENT_SOCK='{}'; export CO_CRED_AGENT_SOCK;\n", socket.display()));
        RunningAgent {
            world: world
                .with("CO_CRED_AGENT_SOCK", socket)
                .without("CO_CRED_SECRETS_DIR")
                .with("CO_CRED_SECRETS_DIR", "/nowhere"),
            agent,
        }
    }

    pub fn socket(&self) -> PathBuf {
        self.world.path("run/co-cred/agent.sock")
    }

    /// The token that a client is given.
    pub fn token(&self) -> String {
        let ran = self.world.run(["token", "--offline"]);
        if ran.code == 0 { ran.out.trim_end().to_owned() } else { format!("{ran:?}; the agent: {}", said(&self.world)) }
    }

    pub fn status(&self) -> Value {
        self.world.run(["agent", "status", "--json"]).expect(0).json()
    }

    #[track_caller]
    pub fn comes(&self, token: &str) {
        wait(token, || self.token() == token);
    }

    /// What is answered to a line.
    pub fn ask(&self, line: &[u8]) -> Option<Value> {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        let _ = stream.write_all(line);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        serde_json::from_str(answer.lines().next()?).ok()
    }
}

impl Drop for RunningAgent {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

/// With a folder for sockets and no deployment.
pub fn quiet() -> Sandbox {
    let world = Sandbox::new();
    fs::create_dir(world.path("run")).unwrap();
    fs::set_permissions(world.path("run"), fs::Permissions::from_mode(0o700)).unwrap();
    let run = world.path("run");
    world.with("XDG_RUNTIME_DIR", run)
}

pub fn at(deployment: &Deployment) -> Sandbox {
    quiet().at(deployment)
}

pub fn command(world: &Sandbox) -> Command {
    let mut command = world.command();
    command.stderr(fs::File::create(world.path("said")).unwrap());
    command
}

pub fn said(world: &Sandbox) -> String {
    fs::read_to_string(world.path("said")).unwrap()
}

#[test]
fn it_starts_once_serves_and_stops() {
    let world = quiet().file("mount/co", TOKEN);
    let script = "set -e\neval \"$(co-cred agent)\"\necho $CO_CRED_AGENT_PID\neval \"$(co-cred agent)\"\necho $CO_CRED_AGENT_PID\n\
                  rm -r \"$CO_CRED_SECRETS_DIR\"\nco-cred token --offline\nco-cred agent status\n\
                  eval \"$(co-cred agent stop)\"\necho \"<$CO_CRED_AGENT_SOCK>\"\n";
    let ran = world.shell("sh", script).expect(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines[0], lines[1], "{ran:?}");
    assert_eq!((lines[2], *lines.last().unwrap()), (TOKEN, "<>"), "{ran:?}");
    assert!(ran.out.contains("mount/co") && ran.out.contains("sha256:"), "{ran:?}");
    assert!(!world.path("run/co-cred/agent.sock").exists());
    let ran = world.run(["agent", "status"]).expect(3);
    assert!(ran.err.contains("no agent answers") && ran.err.contains("eval"), "{ran:?}");
    world.run(["agent", "stop"]).expect(3);
}

/// Whoever answers a byte at a time is not waited for any longer than whoever does not answer.
#[test]
fn one_that_drips_is_not_waited_for() {
    let world = quiet();
    let socket = world.path("drips");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                while stream.write_all(b" ").is_ok() {
                    thread::sleep(Duration::from_millis(200));
                }
            });
        }
    });
    let start = Instant::now();
    world.with("CO_CRED_AGENT_SOCK", socket).run(["token", "--offline"]).expect(6);
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
}

#[test]
fn of_many_that_start_at_once_there_is_one() {
    let world = &quiet().file("mount/co", TOKEN);
    let started: Vec<Ran> = thread::scope(|scope| {
        let all: Vec<_> = (0..12).map(|_| scope.spawn(|| world.spawn(["agent", "--offline"]))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(started.iter().all(|ran| ran.code == 0 && ran.out == started[0].out && ran.err.is_empty()), "{started:?}");
    world.run(["agent", "stop"]).expect(0);
}

#[test]
fn its_token_comes_before_all_but_what_is_asked_for_by_name() {
    let house = RunningAgent::new(quiet().file("mount/co", TOKEN));
    let world = Sandbox::new().with("CO_CRED_AGENT_SOCK", house.socket()).with("CODEOCEAN_TOKEN", OTHER);
    let status = world.run(["status", "--json", "--offline"]).expect(0).json();
    assert_eq!(status["source"]["kind"], "agent");
    assert_eq!(world.run(["token", "--offline"]).out.trim_end(), TOKEN);
    assert_eq!(world.run(["token", "--offline", "--token-env", "CODEOCEAN_TOKEN"]).out.trim_end(), OTHER);
    // One that is named and does not answer is no reason to take another token in silence.
    let world = world.with("CO_CRED_AGENT_SOCK", "/nowhere/socket");
    let ran = world.run(["token", "--offline"]).expect(6);
    assert!(ran.err.contains("CO_CRED_AGENT_SOCK") && ran.err.contains("unset"), "{ran:?}");
}

#[test]
fn for_another_deployment_it_has_none() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let house = RunningAgent::new(at(&deployment).file("mount/co", TOKEN));
    let world = Sandbox::new().with("CO_CRED_AGENT_SOCK", house.socket());
    world.run(["token", "--offline", "--deployment", "other.example.org"]).expect(3);
    let status = world.run(["status", "--json", "--offline"]).expect(0).json();
    assert_eq!(status["deployment"], deployment.url());
    for (origin, answer) in [(deployment.url(), "token"), ("https://other.example.org".to_owned(), "none")] {
        let asked = house.ask(format!("{{\"ask\":\"token\",\"deployment\":\"{origin}\"}}\n").as_bytes()).unwrap();
        assert_eq!(asked["answer"], answer, "{asked}");
    }
    // Git is answered from it, for its deployment's host.
    let host = deployment.url()["https://".len()..].to_owned();
    let get = |host: &str| -> String {
        let world =
            Sandbox::new().with("CO_CRED_AGENT_SOCK", house.socket()).with("SSL_CERT_FILE", deployment.authority());
        format!("{:?}", world.pipe(&["git-credential", "get"], &format!("protocol=https\nhost={host}\n\n")))
    };
    let (ours, other) = (get(&host), get("other.example.org"));
    assert!(ours.contains(TOKEN) && !other.contains("cop_"), "{ours} {other}");
}

/// Kubernetes, editors, `mv`, `echo >`: each is one change.
#[test]
fn it_follows_every_way_in_which_a_file_changes() {
    let world = quiet().file("mount/..1/co", "cop_number00001").file("mount/..2/co", "cop_number00002");
    let mount = world.path("mount");
    symlink("..1", mount.join("..data")).unwrap();
    symlink("..data/co", mount.join("co")).unwrap();
    let house = RunningAgent::new(world);
    assert_eq!(house.token(), "cop_number00001");
    symlink("..2", mount.join("..tmp")).unwrap();
    fs::rename(mount.join("..tmp"), mount.join("..data")).unwrap();
    house.comes("cop_number00002");
    // What the link points to is written in place.
    fs::write(mount.join("..2/co"), "cop_number00003").unwrap();
    house.comes("cop_number00003");
    fs::remove_file(mount.join("co")).unwrap();
    fs::write(mount.join("co.new"), "cop_number00004").unwrap();
    fs::rename(mount.join("co.new"), mount.join("co")).unwrap();
    house.comes("cop_number00004");
    // Truncated, and written piece by piece.
    let mut file = fs::File::create(mount.join("co")).unwrap();
    for piece in ["cop_num", "ber00005"] {
        file.write_all(piece.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(4));
    }
    house.comes("cop_number00005");
    // The folder itself goes and comes.
    fs::remove_dir_all(&mount).unwrap();
    wait("the trouble", || !house.status()["trouble"].is_null());
    assert_eq!(house.token(), "cop_number00005");
    crate::support::sandbox::write(&mount.join("co"), b"cop_number00006");
    house.comes("cop_number00006");
    assert!(house.status()["trouble"].is_null());
}

/// Releases that are swapped by a link, folders that take another's place: whatever stands above the file.
#[test]
fn it_follows_what_is_swapped_above_a_file() {
    let world = quiet();
    for number in 1..=2 {
        crate::support::sandbox::write(
            &world.path(&format!("x/v{number}/sec/co")),
            format!("cop_release0000{number}").as_bytes(),
        );
        crate::support::sandbox::write(
            &world.path(&format!("y/v{number}/tok")),
            format!("cop_release0001{number}").as_bytes(),
        );
        crate::support::sandbox::write(
            &world.path(&format!("z/p{number}/q/sec/co")),
            format!("cop_release0002{number}").as_bytes(),
        );
    }
    let link = |target: &str, path: &str| symlink(target, world.path(path)).unwrap();
    link("v1", "x/current");
    link("v1", "y/current");
    fs::create_dir(world.path("linked")).unwrap();
    link("../y/current/tok", "linked/co");
    let swap = |target: &str, path: &str| {
        symlink(target, world.path("swapped")).unwrap();
        fs::rename(world.path("swapped"), world.path(path)).unwrap();
    };
    for (mount, first, second) in [
        ("x/current/sec", "cop_release00001", "cop_release00002"),
        ("linked", "cop_release00011", "cop_release00012"),
        ("z/p1/q/sec", "cop_release00021", "cop_release00022"),
    ] {
        let folder = world.path(mount);
        let mut agent = command(&world);
        let mut agent = agent
            .args(["agent", "--foreground"])
            .env("CO_CRED_SECRETS_DIR", folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        BufReader::new(agent.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        let client = Sandbox::new().with("CO_CRED_AGENT_SOCK", world.path("run/co-cred/agent.sock"));
        let token = || client.run(["token", "--offline"]).out.trim_end().to_owned();
        assert_eq!(token(), first);
        match mount {
            "x/current/sec" => swap("v2", "x/current"),
            "linked" => swap("v2", "y/current"),
            _ => {
                fs::rename(world.path("z/p1"), world.path("z/old")).unwrap();
                fs::rename(world.path("z/p2"), world.path("z/p1")).unwrap();
            }
        }
        wait(second, || token() == second);
        if mount == "x/current/sec" {
            // Another file, in a folder that a link leads to.
            fs::rename(world.path("x/v2/sec/co"), world.path("x/v2/old")).unwrap();
            fs::write(world.path("x/v2/sec/another"), "cop_release00003").unwrap();
            wait("the other file", || token() == "cop_release00003");
        }
        client.run(["agent", "stop"]).expect(0);
        agent.wait().unwrap();
    }
}

#[test]
fn a_path_from_where_it_was_started_is_followed() {
    let house = RunningAgent::with(quiet().file("work/below/token", TOKEN), &["--token-file", "below/token"]);
    let file = house.world.path("work/below/token");
    fs::write(&file, OTHER).unwrap();
    house.comes(OTHER);
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
    crate::support::sandbox::write(&file, TOKEN.as_bytes());
    house.comes(TOKEN);
}

#[test]
fn one_that_is_stopped_is_not_waited_for_for_long() {
    let house = RunningAgent::new(quiet().file("mount/co", TOKEN));
    let signal = |name: &str| Command::new("kill").args(["-s", name, &house.agent.id().to_string()]).status().unwrap();
    signal("STOP");
    let start = Instant::now();
    let ran = house.world.run(["token", "--offline"]).expect(6);
    signal("CONT");
    assert!(ran.err.contains("does not answer"), "{ran:?}");
    assert!(start.elapsed() < Duration::from_millis(3500), "{:?}", start.elapsed());
    assert_eq!(house.token(), TOKEN);
}

#[test]
fn it_takes_nobodys_file_for_its_socket() {
    let world = quiet().file("mount/co", TOKEN).file("private/data", "mine");
    fs::set_permissions(world.path("private"), fs::Permissions::from_mode(0o700)).unwrap();
    let socket = |name: &str| world.path(&format!("private/{name}")).display().to_string();
    let ran = world.spawn(["agent", "--foreground", "--socket", &socket("data")]).expect(2);
    assert!(ran.err.contains("not a socket") && ran.err.contains("--socket"), "{ran:?}");
    assert_eq!(fs::read_to_string(socket("data")).unwrap(), "mine");
    // In a folder that others may enter, nothing is made at all.
    fs::set_permissions(world.path("private"), fs::Permissions::from_mode(0o755)).unwrap();
    world.spawn(["agent", "--foreground", "--socket", &socket("s")]).expect(2);
    assert_eq!(
        fs::read_dir(world.path("private"))
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name() == "s.lock")
            .count(),
        0
    );
}

/// A command that hangs is one, however often the token changes meanwhile.
#[test]
fn what_hangs_does_not_pile_up() {
    let world = quiet().file("mount/co", TOKEN).with("REMOTE", format!("https://u:{TOKEN}@h/x"));
    let noted = world.path("noted").display().to_string();
    let house = RunningAgent::with(world, &["--on-change", &format!("env >> {noted}; echo end >> {noted}; sleep 1")]);
    for number in 0..10 {
        let token = format!("cop_number000{number:02}");
        fs::write(house.world.path("mount/co"), &token).unwrap();
        house.comes(&token);
    }
    let read = || fs::read_to_string(&noted).unwrap_or_default();
    wait("both runs", || read().lines().filter(|line| *line == "end").count() == 2);
    assert!(!read().contains("cop_"), "{}", read());
    let threads = fs::read_dir(format!("/proc/{}/task", house.agent.id())).unwrap().count();
    assert!(threads < 10, "{threads}");
}

#[test]
fn other_files_that_a_source_reads_are_watched_as_well() {
    let world = quiet().credentials("https://one.example.org", "cop_number00001");
    let file = world.path("home/.codeocean/credentials.json");
    // There is nobody to prove it.
    let house = RunningAgent::with(world, &["--offline"]);
    assert_eq!(house.token(), "cop_number00001");
    fs::write(&file, r#"{"domain": "https://one.example.org", "token": "cop_number00002"}"#).unwrap();
    house.comes("cop_number00002");
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
    let config = "[[deployment]]\ndomain = \"one.example.org\"\ndefault = true\ntoken_command = [\"echo\", \"cop_number00003\"]\n";
    crate::support::sandbox::write(&house.world.path("home/.config/co-cred/config.toml"), config.as_bytes());
    house.comes("cop_number00003");
}

#[test]
fn a_new_token_is_used_once_it_is_proven_and_the_old_one_until_it_is_not() {
    let deployment = Plan::with_token(TOKEN).start();
    let world = at(&deployment).file("mount/co", TOKEN);
    let secret = world.path("mount/co");
    let house = RunningAgent::new(world);
    assert_eq!(house.token(), TOKEN);
    let trouble =
        |word: &str| wait(word, || house.status()["trouble"].as_str().is_some_and(|said| said.contains(word)));
    fs::write(&secret, OTHER).unwrap();
    trouble("does not accept");
    assert_eq!(house.token(), TOKEN);
    fs::remove_file(&secret).unwrap();
    trouble("no Code Ocean access token");
    assert_eq!(house.token(), TOKEN);
    deployment.issue(OTHER);
    fs::write(&secret, OTHER).unwrap();
    house.comes(OTHER);
    // Neither is good: nothing is served, and why is told.
    deployment.revoke(OTHER);
    fs::write(&secret, "cop_number00007").unwrap();
    wait("the end of both", || house.world.run(["token", "--offline"]).code == 3);
    let ran = house.world.run(["token", "--offline"]).expect(3);
    assert!(ran.err.contains("names has no token") && ran.err.contains("does not accept"), "{ran:?}");
    deployment.issue("cop_number00008");
    fs::write(&secret, "cop_number00008").unwrap();
    house.comes("cop_number00008");
    let said = said(&house.world);
    assert!(said.contains("the token from before is kept") && said.contains("no token is held"), "{said}");
    assert!(!said.contains("cop_n") && !said.contains(&OTHER[4..]), "{said}");
}

#[test]
fn a_deployment_that_is_down_is_asked_again() {
    let faults = vec![Fault::Status(500); 4];
    let down = Plan::with_token(TOKEN).account(fake_deployment::Account::new(OTHER)).faults(faults).start();
    let house = RunningAgent::with(at(&down).file("mount/co", TOKEN), &["--timeout", "300ms"]);
    // What is first found is served unproven, as by any command; another takes its place only once it is proven.
    assert_eq!(house.token(), TOKEN);
    assert!(house.status()["trouble"].as_str().unwrap().contains("could not be asked"));
    wait("the proof", || house.status()["trouble"].is_null());
    fs::write(house.world.path("mount/co"), OTHER).unwrap();
    house.comes(OTHER);
    // What is held and proven is not proven again because something else has changed.
    let asked = down.seen().len();
    fs::write(house.world.path("mount/other"), "x").unwrap();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(down.seen().len(), asked);
}

#[test]
fn it_is_for_its_user_alone() {
    let house = RunningAgent::new(quiet().file("mount/co", TOKEN));
    let meta = |path: &str| fs::metadata(house.world.path(path)).unwrap().mode() & 0o777;
    assert_eq!(
        (meta("run/co-cred"), meta("run/co-cred/agent.sock"), meta("run/co-cred/agent.sock.lock")),
        (0o700, 0o600, 0o600)
    );
    if !has("setpriv") || fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    // Even where the folder is open by mistake.
    for folder in ["", "run", "run/co-cred", "work", "home"] {
        fs::set_permissions(house.world.path(folder), fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(house.socket(), fs::Permissions::from_mode(0o777)).unwrap();
    let mut other = house.world.program("setpriv");
    other.args(["--reuid=65534", "--regid=65534", "--clear-groups", bin(), "token", "--offline"]);
    let ran = Ran::from(other.output().unwrap()).expect(6);
    assert!(!ran.out.contains("cop_"), "{ran:?}");
    // And nobody takes what another user serves.
    let status = Command::new("chown").arg("65534").arg(house.world.path("run/co-cred")).status().unwrap();
    assert!(status.success());
    let other = Sandbox::new().with("XDG_RUNTIME_DIR", house.world.path("run"));
    fs::remove_file(house.socket()).unwrap();
    let ran = other.run(["agent", "--foreground", "--socket", house.socket().to_str().unwrap()]);
    assert_ne!(ran.code, 0, "{ran:?}");
}

#[test]
fn whatever_is_said_to_it_it_goes_on() {
    let house = RunningAgent::new(quiet().file("mount/co", TOKEN));
    for (line, answer) in [
        (&b"{\"ask\":\"token\"}\n"[..], "token"),
        (b"{\"ask\":\"token\",\"more\":[1]}\n{\"ask\":\"status\"}\n", "token"),
        (b"{\"ask\":\"status\"}\n", "status"),
        (b"{\"ask\":\"tokens\"}\n", "error"),
        (b"\n", "error"),
        (b"GET / HTTP/1.1\r\n\r\n", "error"),
        (b"\xff\xfe\0\n", "error"),
        (b"{\"ask\":\"token\"}", "error"),
    ] {
        let shown = String::from_utf8_lossy(line).into_owned();
        let answered = house.ask(line).unwrap_or_else(|| panic!("{shown}: nothing"));
        assert_eq!(answered["answer"], answer, "{shown}: {answered}");
    }
    let nested = [b"[".repeat(100_000), b"\n".to_vec()].concat();
    house.ask(&nested);
    // Silent guests, more than are served at once, hold nobody up for long.
    let silent: Vec<UnixStream> = (0..80).map(|_| UnixStream::connect(house.socket()).unwrap()).collect();
    let start = Instant::now();
    wait("an answer", || house.token() == TOKEN);
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    drop(silent);
    assert_eq!(house.token(), TOKEN);
    // Nor do those who speak very slowly.
    let mut slow: Vec<UnixStream> = (0..64).map(|_| UnixStream::connect(house.socket()).unwrap()).collect();
    let start = Instant::now();
    thread::scope(|scope| {
        let dripping = scope.spawn(move || {
            while start.elapsed() < Duration::from_secs(6) {
                slow.iter_mut().for_each(|stream| drop(stream.write_all(b" ")));
                thread::sleep(Duration::from_millis(500));
            }
        });
        wait("an answer", || house.token() == TOKEN);
        assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
        dripping.join().unwrap();
    });
}

#[test]
fn after_a_kill_another_takes_its_place() {
    let mut house = RunningAgent::new(quiet().file("mount/co", TOKEN));
    // As long as it lives, no other does.
    let twin = house.world.spawn(["agent", "--foreground"]).expect(2);
    assert!(twin.err.contains("runs already"), "{twin:?}");
    house.agent.kill().unwrap();
    house.agent.wait().unwrap();
    assert!(house.socket().exists());
    house.world.run(["token", "--offline"]).expect(6);
    let world = quiet().file("mount/co", TOKEN).with("XDG_RUNTIME_DIR", house.world.path("run"));
    let again = world.shell("sh", "eval \"$(co-cred agent)\"; co-cred token --offline; co-cred agent stop").expect(0);
    assert!(again.out.starts_with(TOKEN), "{again:?}");
}

#[test]
fn rotation_under_load_loses_nothing_and_grows_nothing() {
    let world = quiet().file("mount/co", "cop_rotation0000");
    let mount = world.path("mount");
    let house = RunningAgent::new(world);
    let pid = house.agent.id();
    // The kernel shows that to root alone.
    let open = || fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    let memory = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let (files, before) = (open(), memory());
    let over = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = 0;
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    let answer = house.ask(b"{\"ask\":\"token\"}\n").unwrap();
                    let number: u32 = answer["token"].as_str().unwrap()["cop_rotation".len()..].parse().unwrap();
                    assert!(number >= last, "{number} after {last}");
                    last = number;
                }
            });
        }
        for number in 1..1000 {
            fs::write(mount.join("new"), format!("cop_rotation{number:04}")).unwrap();
            fs::rename(mount.join("new"), mount.join("co")).unwrap();
            thread::sleep(Duration::from_millis(1));
        }
        house.comes("cop_rotation0999");
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    wait("the guests to be gone", || open() <= files + 1);
    assert!(memory() < before + 8 * 1024, "{} KiB, {before} before", memory());
}

/// Another file that never rests does not keep it from seeing this one.
#[test]
fn a_folder_that_never_rests_does_not_hold_it_up() {
    let house = RunningAgent::new(quiet().file("mount/co", TOKEN));
    let mount = house.world.path("mount");
    let over = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                fs::write(mount.join("busy"), "x").unwrap();
            }
        });
        thread::sleep(Duration::from_millis(100));
        fs::write(mount.join("co"), OTHER).unwrap();
        let start = Instant::now();
        while house.token() != OTHER && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(10));
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(house.token(), OTHER);
    let mut house = house;
    Command::new("kill").args(["-s", "TERM", &house.agent.id().to_string()]).status().unwrap();
    assert!(house.agent.wait().unwrap().success());
}

#[test]
fn idle_it_does_nothing() {
    let house = RunningAgent::new(quiet().file("mount/co", TOKEN));
    let switches = || -> u64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", house.agent.id())).unwrap();
        // A thread may be gone by now.
        let of = |task: fs::DirEntry| {
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            count.trim().parse::<u64>().ok()
        };
        tasks.filter_map(|task| of(task.unwrap())).sum()
    };
    assert_eq!(house.token(), TOKEN);
    // On a machine with much to do, the last of the start may take its time.
    wait("the end of the start", || {
        let before = switches();
        thread::sleep(Duration::from_millis(500));
        switches() == before
    });
    let before = switches();
    thread::sleep(Duration::from_secs(3));
    // It looks at its files twice a minute.
    assert!(switches() <= before + 1, "{} and {before} before", switches());
}

#[test]
fn a_file_is_kept_fresh_and_a_command_is_run() {
    let world = quiet().file("mount/co", TOKEN).with("LEFT", TOKEN);
    let (kept, noted) = (world.path("work/private/token"), world.path("noted"));
    let note = format!("env > {0}.new; mv {0}.new {0}", noted.display());
    let house = RunningAgent::with(world, &["--keep-file", kept.to_str().unwrap(), "--on-change", &note]);
    let read = || fs::read_to_string(&kept).unwrap();
    assert_eq!(read(), format!("{TOKEN}\n"));
    assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);
    assert!(!noted.exists(), "nothing has changed yet");
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(house.world.path("mount/co"), OTHER).unwrap();
    wait("the file", || read() == format!("{OTHER}\n"));
    assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);
    wait("the command", || noted.exists());
    let noted = fs::read_to_string(noted).unwrap();
    assert!(noted.contains("CO_CRED_AGENT_SOCK=") && !noted.contains("cop_"), "{noted}");
    // A folder that others may write to is none for it.
    fs::set_permissions(kept.parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(house.world.path("mount/co"), TOKEN).unwrap();
    house.comes(TOKEN);
    wait("the warning", || said(&house.world).contains("cannot be kept fresh"));
    assert_eq!(read(), format!("{OTHER}\n"));
    // Once it may be written again, it is, without another change.
    fs::set_permissions(kept.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    wait("the file again", || read() == format!("{TOKEN}\n"));
}

#[test]
fn the_unit_is_one_that_systemd_understands() {
    if !has("systemd-analyze") {
        return;
    }
    let world = quiet();
    let unit = include_str!("../../../packaging/systemd/co-cred-agent.service");
    let world = world.file("co-cred-agent.service", unit.replace("ExecStart=co-cred", &format!("ExecStart={}", bin())));
    let mut verify = world.program("systemd-analyze");
    let ran = Ran::from(
        verify.args(["verify", "--user", "--man=no"]).arg(world.path("co-cred-agent.service")).output().unwrap(),
    );
    assert!(ran.code == 0 && ran.err.is_empty(), "{ran:?}");
}

#[test]
fn systemd_is_told_that_it_is_ready() {
    let world = quiet().file("mount/co", TOKEN);
    let path = world.path("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let house = RunningAgent::new(world.with("NOTIFY_SOCKET", path));
    let mut told = [0; 64];
    let len = systemd.recv(&mut told).unwrap();
    assert_eq!(&told[..len], b"READY=1");
    assert_eq!(house.token(), TOKEN);
}

#[test]
fn a_signal_ends_it_and_nothing_is_left() {
    for signal in ["TERM", "INT", "HUP"] {
        let mut house = RunningAgent::new(quiet().file("mount/co", TOKEN));
        Command::new("kill").args(["-s", signal, &house.agent.id().to_string()]).status().unwrap();
        assert_eq!(house.agent.wait().unwrap().code(), Some(0), "{signal}");
        assert!(!house.socket().exists(), "{signal}");
    }
}
