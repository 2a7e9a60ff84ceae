//! How the options of an agent reach the process that goes to the background.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::agent::support::agent_sandbox;
use crate::support::sandbox::{Ran, Sandbox, TOKEN};
use crate::support::workstation::wait;

/// The options as the daemon reads them.
fn options(sandbox: &Sandbox) -> Value {
    let socket = sandbox.path("run/co-cred/agent.sock");
    json!({
        "socket": { "Unix": socket.as_os_str().as_bytes() }, "keep_file": null, "on_change": null,
        "broker": false, "read_only": false, "allow": [], "rate": null, "audit": null,
        "deployment": null, "token_file": null, "token_env": null, "verify": null, "offline": true, "timeout": null,
        "quiet": false, "verbose": false,
    })
}

/// Arguments can be read by every user of the machine.
#[test]
fn options_do_not_appear_in_its_arguments() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN);
    let args =
        ["agent", "--offline", "--deployment", "https://u:password@co.example.org", "--on-change", "echo changed"];
    let ran = sandbox.spawn(args).expect(0);
    let pid = ran.out.lines().find_map(|line| line.strip_prefix("CO_CRED_AGENT_PID=")).unwrap();
    let pid = pid.split(';').next().unwrap();
    let typed = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    assert!(typed.ends_with(b"\0agent\0--detach\0"), "{}", String::from_utf8_lossy(&typed));
    sandbox.run(["agent", "stop"]).expect(0);
}

/// The options do not fit into a pipe, and paths are bytes.
#[test]
fn long_options_and_odd_paths_reach_the_agent() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN);
    let kept = sandbox.path("work").join(OsStr::from_bytes(b"kept-\xff"));
    let mut agent = sandbox.command();
    agent.args(["agent", "--offline", "--on-change"]).arg("#".repeat(100_000)).arg("--keep-file").arg(&kept);
    Ran::from(agent.output().unwrap()).expect(0);
    assert_eq!(fs::read_to_string(&kept).unwrap(), format!("{TOKEN}\n"));
    sandbox.run(["agent", "stop"]).expect(0);
}

#[test]
fn incomplete_options_are_refused() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN);
    let complete = options(&sandbox);
    let json = complete.to_string();
    let (mut less, mut more) = (complete.clone(), complete.clone());
    less.as_object_mut().unwrap().remove("read_only");
    more["write_only"] = true.into();
    for input in ["", &json[..json.len() - 1], &less.to_string(), &more.to_string(), "[]"] {
        let ran = sandbox.pipe(&["agent", "--detach"], input).expect(1);
        assert!(ran.out.is_empty() && ran.err.contains("its options cannot be read"), "{input}: {ran:?}");
        assert!(!sandbox.path("run/co-cred").exists(), "{input}");
    }
    let mut daemon = sandbox.command();
    daemon.args(["agent", "--detach"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut daemon = daemon.spawn().unwrap();
    daemon.stdin.take().unwrap().write_all(json.as_bytes()).unwrap();
    wait("the socket", || sandbox.path("run/co-cred/agent.sock").exists());
    sandbox.run(["agent", "stop"]).expect(0);
    assert!(daemon.wait().unwrap().success());
}

#[test]
fn options_that_do_not_arrive_time_out() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN);
    let mut daemon = sandbox.command();
    daemon.args(["agent", "--detach"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut daemon = daemon.spawn().unwrap();
    let (_stdin, start) = (daemon.stdin.take(), Instant::now());
    let ran = Ran::from(daemon.wait_with_output().unwrap()).expect(1);
    assert!(ran.err.contains("its options do not arrive on standard input"), "{ran:?}");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}
