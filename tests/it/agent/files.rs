//! Changes of files that an agent must notice, and what watching costs.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use fake_deployment::Plan;

use crate::agent::support::{RunningAgent, agent_sandbox, command, signal, start};
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, bin};
use crate::support::workstation::wait;

/// Changes as Kubernetes, editors, `mv` and `echo >` make them.
#[test]
fn every_kind_of_file_change_is_noticed() {
    let sandbox = agent_sandbox().file("mount/..1/co", "cop_number00001").file("mount/..2/co", "cop_number00002");
    let mount = sandbox.path("mount");
    symlink("..1", mount.join("..data")).unwrap();
    symlink("..data/co", mount.join("co")).unwrap();
    let agent = RunningAgent::new(sandbox);
    assert_eq!(agent.token(), "cop_number00001");
    symlink("..2", mount.join("..tmp")).unwrap();
    fs::rename(mount.join("..tmp"), mount.join("..data")).unwrap();
    agent.wait_for("cop_number00002");
    // The target of the link is written in place.
    fs::write(mount.join("..2/co"), "cop_number00003").unwrap();
    agent.wait_for("cop_number00003");
    fs::remove_file(mount.join("co")).unwrap();
    fs::write(mount.join("co.new"), "cop_number00004").unwrap();
    fs::rename(mount.join("co.new"), mount.join("co")).unwrap();
    agent.wait_for("cop_number00004");
    // Truncated, and written piece by piece.
    let mut file = fs::File::create(mount.join("co")).unwrap();
    for piece in ["cop_num", "ber00005"] {
        file.write_all(piece.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(4));
    }
    agent.wait_for("cop_number00005");
    // The folder itself is removed and created again.
    fs::remove_dir_all(&mount).unwrap();
    wait("the trouble", || !agent.status()["trouble"].is_null());
    assert_eq!(agent.token(), "cop_number00005");
    crate::support::sandbox::write(&mount.join("co"), b"cop_number00006");
    agent.wait_for("cop_number00006");
    assert!(agent.status()["trouble"].is_null());
}

/// A link to a release is switched, or a folder above the file is replaced by another.
#[test]
fn replaced_parent_folders_are_noticed() {
    let sandbox = agent_sandbox();
    for number in 1..=2 {
        crate::support::sandbox::write(
            &sandbox.path(&format!("x/v{number}/sec/co")),
            format!("cop_release0000{number}").as_bytes(),
        );
        crate::support::sandbox::write(
            &sandbox.path(&format!("y/v{number}/tok")),
            format!("cop_release0001{number}").as_bytes(),
        );
        crate::support::sandbox::write(
            &sandbox.path(&format!("z/p{number}/q/sec/co")),
            format!("cop_release0002{number}").as_bytes(),
        );
    }
    let link = |target: &str, path: &str| symlink(target, sandbox.path(path)).unwrap();
    link("v1", "x/current");
    link("v1", "y/current");
    fs::create_dir(sandbox.path("linked")).unwrap();
    link("../y/current/tok", "linked/co");
    let swap = |target: &str, path: &str| {
        symlink(target, sandbox.path("swapped")).unwrap();
        fs::rename(sandbox.path("swapped"), sandbox.path(path)).unwrap();
    };
    for (mount, first, second) in [
        ("x/current/sec", "cop_release00001", "cop_release00002"),
        ("linked", "cop_release00011", "cop_release00012"),
        ("z/p1/q/sec", "cop_release00021", "cop_release00022"),
    ] {
        let folder = sandbox.path(mount);
        let mut agent = command(&sandbox);
        let mut agent = agent
            .args(["agent", "--foreground"])
            .env("CO_CRED_SECRETS_DIR", folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        BufReader::new(agent.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        let client = Sandbox::new().with("CO_CRED_AGENT_SOCK", sandbox.path("run/co-cred/agent.sock"));
        let token = || client.run(["token", "--offline"]).out.trim_end().to_owned();
        assert_eq!(token(), first);
        match mount {
            "x/current/sec" => swap("v2", "x/current"),
            "linked" => swap("v2", "y/current"),
            _ => {
                fs::rename(sandbox.path("z/p1"), sandbox.path("z/old")).unwrap();
                fs::rename(sandbox.path("z/p2"), sandbox.path("z/p1")).unwrap();
            }
        }
        wait(second, || token() == second);
        if mount == "x/current/sec" {
            // Another file in a folder behind a link.
            fs::rename(sandbox.path("x/v2/sec/co"), sandbox.path("x/v2/old")).unwrap();
            fs::write(sandbox.path("x/v2/sec/another"), "cop_release00003").unwrap();
            wait("the other file", || token() == "cop_release00003");
        }
        client.run(["agent", "stop"]).expect(0);
        agent.wait().unwrap();
    }
}

#[test]
fn relative_path_is_watched() {
    let agent = RunningAgent::with(agent_sandbox().file("work/below/token", TOKEN), &["--token-file", "below/token"]);
    let file = agent.sandbox.path("work/below/token");
    fs::write(&file, OTHER).unwrap();
    agent.wait_for(OTHER);
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
    crate::support::sandbox::write(&file, TOKEN.as_bytes());
    agent.wait_for(TOKEN);
}

#[test]
fn files_of_all_sources_are_watched() {
    let sandbox = agent_sandbox().credentials("https://one.example.org", "cop_number00001");
    let file = sandbox.path("home/.codeocean/credentials.json");
    // No deployment exists that could verify it.
    let agent = RunningAgent::with(sandbox, &["--offline"]);
    assert_eq!(agent.token(), "cop_number00001");
    fs::write(&file, r#"{"domain": "https://one.example.org", "token": "cop_number00002"}"#).unwrap();
    agent.wait_for("cop_number00002");
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
    let config = "[[deployment]]\ndomain = \"one.example.org\"\ndefault = true\ntoken_command = [\"echo\", \"cop_number00003\"]\n";
    crate::support::sandbox::write(&agent.sandbox.path("home/.config/co-cred/config.toml"), config.as_bytes());
    agent.wait_for("cop_number00003");
}

#[test]
fn rotation_under_load_is_in_order_and_leaks_nothing() {
    let sandbox = agent_sandbox().file("mount/co", "cop_rotation0000");
    let mount = sandbox.path("mount");
    let agent = RunningAgent::new(sandbox);
    let pid = agent.process.id();
    // The kernel shows them to root only.
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
                    let answer = agent.ask(b"{\"ask\":\"token\"}\n").unwrap();
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
        agent.wait_for("cop_rotation0999");
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    wait("connections to be closed", || open() <= files + 1);
    assert!(memory() < before + 8 * 1024, "{} KiB, {before} before", memory());
}

/// A file beside the token is written all the time.
#[test]
fn constant_changes_do_not_delay_a_refresh() {
    let agent = RunningAgent::new(agent_sandbox().file("mount/co", TOKEN));
    let mount = agent.sandbox.path("mount");
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
        while agent.token() != OTHER && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(10));
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(agent.token(), OTHER);
    let mut agent = agent;
    signal(&agent.process, "TERM");
    assert!(agent.process.wait().unwrap().success());
}

#[test]
fn idle_agent_does_not_wake_up() {
    let agent = RunningAgent::new(agent_sandbox().file("mount/co", TOKEN));
    let switches = || -> u64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", agent.process.id())).unwrap();
        // A thread may have ended by now.
        let of = |task: fs::DirEntry| {
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            count.trim().parse::<u64>().ok()
        };
        tasks.filter_map(|task| of(task.unwrap())).sum()
    };
    assert_eq!(agent.token(), TOKEN);
    // On a busy machine, the start may take longer.
    wait("the end of the start", || {
        let before = switches();
        thread::sleep(Duration::from_millis(500));
        switches() == before
    });
    // It polls its files twice a minute. On a busy machine, page faults count as well, but not in every window.
    let is_idle = (0..5).any(|_| {
        let before = switches();
        thread::sleep(Duration::from_secs(3));
        switches() <= before + 1
    });
    assert!(is_idle);
}

/// All inotify instances of the user are in use: Linux allows 128.
#[test]
fn files_are_polled_without_inotify() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN);
    let unshare = |script: &str| {
        let mut shell = sandbox.program("unshare");
        let script = format!("echo 0 > /proc/sys/user/max_inotify_instances && {script}");
        shell.args(["--user", "--map-root-user", "sh", "-c", &script]);
        shell
    };
    if !unshare("true").status().is_ok_and(|status| status.success()) {
        return;
    }
    let mut agent = start(&mut unshare(&format!("exec {} agent --foreground --offline", bin())));
    let client = Sandbox::new().with("CO_CRED_AGENT_SOCK", sandbox.path("run/co-cred/agent.sock"));
    let token = || client.run(["token", "--offline"]).out.trim_end().to_owned();
    assert_eq!(token(), TOKEN);
    fs::write(sandbox.path("mount/co"), OTHER).unwrap();
    wait("the new token", || token() == OTHER);
    client.run(["agent", "stop"]).expect(0);
    assert!(agent.0.wait().unwrap().success());
    // A broker works without one as well.
    let deployment = Plan::with_token(OTHER).tls().start();
    let exec = format!("exec {} exec --broker -- sh -c 'echo $CODEOCEAN_DOMAIN'", bin());
    let mut exec = unshare(&exec);
    let ran = Ran::from(
        exec.env("CODEOCEAN_DOMAIN", deployment.url()).env("SSL_CERT_FILE", deployment.authority()).output().unwrap(),
    );
    assert!(ran.code == 0 && ran.out.starts_with("http://127.0.0.1:"), "{ran:?}");
}
