//! How an agent ends, is replaced, and is reported when it does not answer.

use std::fs;
use std::io::Write;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::{Duration, Instant};

use fake_deployment::{Fault, Plan};

use crate::agent::support::{RunningAgent, agent_sandbox, signal, start};
use crate::support::sandbox::{OTHER, Sandbox, TOKEN, bin};
use crate::support::workstation::wait;

/// A response that comes a byte at a time has no more time than none.
#[test]
fn slow_response_times_out() {
    let sandbox = agent_sandbox();
    let socket = sandbox.path("drips");
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
    sandbox.with("CO_CRED_AGENT_SOCK", socket).run(["token", "--offline"]).expect(6);
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
}

#[test]
fn stopped_agent_times_out() {
    let agent = RunningAgent::new(agent_sandbox().file("mount/co", TOKEN));
    signal(&agent.process, "STOP");
    let start = Instant::now();
    let ran = agent.sandbox.run(["token", "--offline"]).expect(6);
    signal(&agent.process, "CONT");
    assert!(ran.err.contains("does not answer"), "{ran:?}");
    assert!(start.elapsed() < Duration::from_millis(3500), "{:?}", start.elapsed());
    assert_eq!(agent.token(), TOKEN);
}

#[test]
fn stopped_agent_is_named_with_its_process() {
    let mut agent = RunningAgent::new(agent_sandbox().file("mount/co", TOKEN));
    signal(&agent.process, "STOP");
    let pid = agent.process.id().to_string();
    for args in [&["agent", "status"][..], &["agent", "stop"], &["token", "--offline"]] {
        let ran = agent.sandbox.run(args).expect(6);
        let words = format!("runs as process {pid}, and does not answer within 2 s");
        assert!(ran.err.contains(&words) && ran.err.contains(&format!("kill -CONT {pid}")), "{args:?} {ran:?}");
    }
    let start = Instant::now();
    let ran = agent.sandbox.spawn(["agent"]).expect(6);
    assert!(ran.err.contains(&pid) && start.elapsed() < Duration::from_secs(15), "{ran:?}");
    // Requests that it got meanwhile are done once it continues.
    signal(&agent.process, "CONT");
    assert!(agent.process.wait().unwrap().success());
}

/// The deployment does not answer for a minute.
#[test]
fn stop_does_not_wait_for_the_deployment() {
    let deployment = Plan::with_token(TOKEN).start();
    let sandbox = agent_sandbox().at(&deployment).file("mount/co", TOKEN);
    let mut agent = RunningAgent::with(sandbox, &["--timeout", "60s"]);
    let before = deployment.connections();
    (0..4).for_each(|_| deployment.fail(Fault::Slow(Duration::from_secs(60))));
    fs::write(agent.sandbox.path("mount/co"), OTHER).unwrap();
    wait("the question", || deployment.connections() > before);
    let start = Instant::now();
    let ran = agent.sandbox.run(["agent", "stop"]).expect(0);
    assert_eq!(ran.out, "unset CO_CRED_AGENT_SOCK CO_CRED_AGENT_PID;\n");
    assert!(!agent.socket().exists());
    assert!(agent.process.wait().unwrap().success());
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn signal_ends_agent_and_removes_socket() {
    for name in ["TERM", "INT", "HUP"] {
        let mut agent = RunningAgent::new(agent_sandbox().file("mount/co", TOKEN));
        signal(&agent.process, name);
        assert_eq!(agent.process.wait().unwrap().code(), Some(0), "{name}");
        assert!(!agent.socket().exists(), "{name}");
    }
}

#[test]
fn ignored_signal_stays_ignored() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN);
    let script = format!("trap '' HUP; exec {} agent --foreground --offline", bin());
    let mut agent = start(sandbox.program("sh").args(["-c", &script]));
    signal(&agent.0, "HUP");
    let client = Sandbox::new().with("CO_CRED_AGENT_SOCK", sandbox.path("run/co-cred/agent.sock"));
    thread::sleep(Duration::from_millis(300));
    assert_eq!(client.run(["token", "--offline"]).expect(0).out.trim_end(), TOKEN);
    signal(&agent.0, "TERM");
    assert!(agent.0.wait().unwrap().success());
}

#[test]
fn end_leaves_the_socket_of_another_program() {
    let mut agent = RunningAgent::new(agent_sandbox().file("mount/co", TOKEN));
    fs::remove_file(agent.socket()).unwrap();
    let _other = UnixListener::bind(agent.socket()).unwrap();
    signal(&agent.process, "TERM");
    assert!(agent.process.wait().unwrap().success());
    assert!(fs::symlink_metadata(agent.socket()).unwrap().file_type().is_socket());
}

#[test]
fn killed_agent_is_replaced() {
    let mut agent = RunningAgent::new(agent_sandbox().file("mount/co", TOKEN));
    // As long as it runs, no other starts.
    let second = agent.sandbox.spawn(["agent", "--foreground"]).expect(2);
    assert!(second.err.contains("already runs"), "{second:?}");
    agent.process.kill().unwrap();
    agent.process.wait().unwrap();
    assert!(agent.socket().exists());
    agent.sandbox.run(["token", "--offline"]).expect(6);
    let sandbox = agent_sandbox().file("mount/co", TOKEN).with("XDG_RUNTIME_DIR", agent.sandbox.path("run"));
    let again = sandbox.shell("sh", "eval \"$(co-cred agent)\"; co-cred token --offline; co-cred agent stop").expect(0);
    assert!(again.out.starts_with(TOKEN), "{again:?}");
}

/// In a container, the agent is the first process, which inherits orphans.
#[test]
fn first_process_reaps_orphans() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN);
    let unshare = |script: &str| {
        let mut unshare = sandbox.program("unshare");
        unshare.args(["--user", "--map-root-user", "--pid", "--fork", "--kill-child", "sh", "-c", script]);
        unshare
    };
    if !unshare("true").status().is_ok_and(|status| status.success()) {
        return;
    }
    // The shell ends before the processes that it has started.
    let noted = sandbox.path("noted").display().to_string();
    let script =
        format!("exec {} agent --foreground --offline --on-change 'sleep 1 & sleep 2 & echo >> {noted}'", bin());
    let container = start(&mut unshare(&script));
    let children = |pid: &str| fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let agent = children(&container.0.id().to_string()).trim().to_owned();
    for (count, token) in [OTHER, TOKEN, OTHER].into_iter().enumerate() {
        fs::write(sandbox.path("mount/co"), token).unwrap();
        wait("the command", || fs::read_to_string(&noted).unwrap_or_default().lines().count() > count);
    }
    wait("the end of all orphans", || children(&agent).trim().is_empty());
}
