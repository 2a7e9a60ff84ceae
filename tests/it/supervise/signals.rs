//! A supervised command ends as it would alone: by the same code, the same signal, with the same processes.

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::commands::{EXEC, MODES, alone, masked, sandbox};
use crate::support::sandbox::{Ran, Sandbox, TOKEN, bin, has};
use crate::support::workstation::wait;

#[test]
fn exit_codes_pass_through() {
    let sandbox = &sandbox();
    thread::scope(|scope| {
        for part in 0..4 {
            scope.spawn(move || {
                for code in (part..256).step_by(4) {
                    for (mode, supervised) in MODES {
                        let status = supervised(sandbox, &["sh", "-c", &format!("exit {code}")]).status().unwrap();
                        assert_eq!(status.code(), Some(code), "{mode}");
                    }
                }
            });
        }
    });
}

/// A script that sends a signal to itself.
#[test]
fn signals_end_it_as_without_co_cred() {
    let sandbox = &sandbox();
    let signals =
        ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "KILL", "SEGV", "PIPE", "ABRT", "ALRM", "VTALRM", "PROF"];
    // STKFLT, IO, PWR, and real-time signals.
    let of_linux = ["16", "29", "30", "34", "40", "64"];
    let signals = signals.into_iter().chain(of_linux.into_iter().filter(|_| cfg!(target_os = "linux")));
    thread::scope(|scope| {
        for signal in signals {
            scope.spawn(move || {
                let script = format!("ulimit -c 0; kill -{signal} $$; sleep 10");
                let expected = alone(sandbox, &["sh", "-c", &script]).status().unwrap();
                for (mode, supervised) in MODES {
                    let actual = supervised(sandbox, &["sh", "-c", &script]).status().unwrap();
                    assert_eq!(
                        actual.signal(),
                        expected.signal(),
                        "{mode}: {signal} to itself: {actual:?}, alone {expected:?}"
                    );
                }
            });
        }
    });
}

/// Starts a script, and sends a signal to the started process once the script prints `ready`. Returns how it ended, how long
/// that took, and what it printed.
fn send(command: &mut Command, sandbox: &Sandbox, name: &str, signal: &str) -> (ExitStatus, Duration, String) {
    let said = sandbox.path(&format!("work/{name}"));
    let child = command.stdout(fs::File::create(&said).unwrap()).stderr(Stdio::null()).spawn().unwrap();
    wait(name, || fs::read_to_string(&said).unwrap().contains("ready"));
    kill(&child, signal);
    let start = Instant::now();
    let status = { child }.wait().unwrap();
    (status, start.elapsed(), fs::read_to_string(&said).unwrap())
}

fn kill(child: &Child, signal: &str) {
    let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn signals_are_forwarded() {
    let sandbox = &sandbox();
    let scripts = [
        ("plain", "echo ready; exec sleep 20"),
        (
            "a handler",
            "trap 'echo caught; exit 7' TERM INT HUP QUIT USR1 USR2 ALRM; echo ready; while :; do sleep 0.02; done",
        ),
        ("ignoring", "trap '' TERM INT HUP USR1; echo ready; sleep 0.4; exit 5"),
        ("grandchildren", "sleep 20 & echo ready; exec sleep 20"),
    ];
    thread::scope(|scope| {
        for (number, (what, script)) in scripts.into_iter().enumerate() {
            scope.spawn(move || {
                for signal in ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "ALRM"] {
                    let args = ["sh", "-c", script];
                    let expected =
                        send(&mut alone(sandbox, &args), sandbox, &format!("alone-{number}-{signal}"), signal);
                    for (mode, supervised) in MODES {
                        let name = format!("{mode}-{number}-{signal}");
                        let actual = send(&mut supervised(sandbox, &args), sandbox, &name, signal);
                        assert_eq!((actual.0, &actual.2), (expected.0, &expected.2), "{mode}: {what} {signal}");
                        assert!(
                            actual.1 < expected.1 + Duration::from_secs(5),
                            "{mode}: {what} {signal}: {:?}",
                            actual.1
                        );
                    }
                }
            });
        }
    });
}

/// Signals that do not end a process.
#[test]
fn resize_and_stop_are_forwarded() {
    for (_, supervised) in MODES {
        resize_and_stop(supervised);
    }
}

fn resize_and_stop(supervised: fn(&Sandbox, &[&str]) -> Command) {
    let sandbox = sandbox();
    let script = "trap 'echo changed' WINCH; trap 'echo continued' CONT; echo ready; for i in 1 2 3 4 5 6 7 8 9; do sleep 0.1; done; echo end";
    let said = sandbox.path("work/said");
    // In a group of its own, as a shell starts a job: the kernel does not stop a group that no parent could continue.
    let mut command = supervised(&sandbox, &["sh", "-c", script]);
    let mut child = command.process_group(0).stdout(fs::File::create(&said).unwrap()).spawn().unwrap();
    let text = || fs::read_to_string(&said).unwrap();
    wait("ready", || text().contains("ready"));
    kill(&child, "WINCH");
    wait("the new size", || text().contains("changed"));
    kill(&child, "TSTP");
    let state = || {
        fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap().split(") ").nth(1).unwrap()[..1].to_owned()
    };
    wait("the stop", || state() == "T");
    let stopped = text();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(text(), stopped, "it printed while it was stopped");
    kill(&child, "CONT");
    wait("the end", || text().contains("end"));
    assert!(text().contains("continued"));
    assert!(child.wait().unwrap().success());
}

/// The kernel sends an alarm to one process only.
#[test]
fn alarm_is_forwarded() {
    if !has("python3") {
        return;
    }
    let sandbox = sandbox();
    let program = "import os, signal, sys\nsignal.alarm(1)\nos.execv(sys.argv[1], sys.argv[1:])\n";
    let args = [&["-c", program, bin()][..], &EXEC, &["sleep", "20"]].concat();
    let start = Instant::now();
    let status = sandbox.program("python3").args(args).status().unwrap();
    assert_eq!(status.signal(), Some(14), "{status:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// As a parent that waits for signals with `sigwait` starts programs.
#[test]
fn command_ends_where_the_parent_blocked_signals() {
    if !has("python3") {
        return;
    }
    let sandbox = sandbox();
    let program = "import os, signal, sys\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD, signal.SIGUSR1])\n\
                   os.execv(sys.argv[1], sys.argv[1:])\n";
    let blocked = |args: &[&str]| {
        let mut command = sandbox.program("timeout");
        command.args(["20", "python3", "-c", program]).args(args).env("CODEOCEAN_TOKEN", TOKEN);
        Ran::from(command.output().unwrap())
    };
    let mask = ["grep", "SigBlk", "/proc/self/status"];
    let expected = blocked(&["/usr/bin/env", "grep", "SigBlk", "/proc/self/status"]).expect(0);
    fs::create_dir_all(sandbox.path("work/kept")).unwrap();
    for options in [&["--mask"][..], &["--gate", "kept"], &["--broker"]] {
        let args = [&[bin(), "exec", "--offline"], options, &["--"], &mask[..]].concat();
        // The command's own mask stays as inherited.
        assert_eq!(blocked(&args).expect(0).out, expected.out, "{options:?}");
    }
}

/// Output of a program that was left running and never pauses is not waited for, and a signal ends co-cred meanwhile.
#[test]
fn signals_end_co_cred_after_the_commands_exit() {
    let sandbox = sandbox();
    let chatty = "(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo x; sleep 0.5; done) & exit 3";
    let start = Instant::now();
    let said = fs::File::create(sandbox.path("work/chat")).unwrap();
    let status = masked(&sandbox, &["sh", "-c", chatty]).stdout(said).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(3));
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    let mut child =
        masked(&sandbox, &["sh", "-c", chatty]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(Duration::from_millis(500));
    kill(&child, "TERM");
    let start = Instant::now();
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

/// As under `nohup`.
#[test]
fn ignored_signals_stay_ignored() {
    let sandbox = sandbox();
    let co_cred = bin();
    let script = format!("trap '' HUP; {co_cred} exec --offline --mask -- sh -c 'kill -HUP $$; echo still here'");
    let ran = sandbox.spawn_program("sh", &["-c", &script]).expect(0);
    assert_eq!(ran.out, "still here\n");
}

/// The command receives TERM.
#[test]
fn command_ends_when_co_cred_is_killed() {
    for (_, supervised) in MODES {
        kill_co_cred(supervised);
    }
}

fn kill_co_cred(supervised: fn(&Sandbox, &[&str]) -> Command) {
    let sandbox = sandbox();
    let said = sandbox.path("work/said");
    let script = format!(
        "trap 'echo asked to end > {}; exit' TERM; echo ready > {0}; while :; do sleep 0.05; done",
        said.display()
    );
    let mut child = supervised(&sandbox, &["sh", "-c", &script]).spawn().unwrap();
    let text = || fs::read_to_string(&said).unwrap_or_default();
    wait("ready", || text().contains("ready"));
    kill(&child, "KILL");
    wait("the end", || text().contains("asked to end"));
    child.wait().unwrap();
}

#[test]
fn orphans_are_reaped_and_not_waited_for() {
    let sandbox = sandbox();
    // A process that writes the rest, as with `exec > >(tee log)`, is read to its end.
    let tee = "exec > >(while read -r line; do sleep 0.1; echo \"$line\"; done); echo one; echo two; echo three";
    assert_eq!(Ran::from(masked(&sandbox, &["bash", "-c", tee]).output().unwrap()).expect(0).out, "one\ntwo\nthree\n");
    // A process that never ends is not waited for.
    let start = Instant::now();
    let said = fs::File::create(sandbox.path("work/said")).unwrap();
    let status =
        masked(&sandbox, &["sh", "-c", "(sleep 20 &) ; exit 3"]).stdout(said).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(3));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    // A double fork leaves no zombie while the command goes on.
    let zombies = "(sh -c 'sleep 0.1 & exit' &); sleep 0.5; ps -o stat= --ppid $PPID | grep -c Z";
    if has("ps") {
        assert_eq!(Ran::from(masked(&sandbox, &["sh", "-c", zombies]).output().unwrap()).out, "0\n");
    }
}

/// It also exits with the code of a signal, which cannot end it.
#[test]
fn first_process_of_a_container_reaps_orphans() {
    let sandbox = sandbox();
    let unshare = ["-pf", "--mount-proc", bin()];
    if !has("unshare") || !sandbox.program("unshare").args(["-pf", "--mount-proc", "true"]).status().unwrap().success()
    {
        return;
    }
    let run = |script: &str| {
        let args = [&unshare[..], &EXEC, &["sh", "-c", script]].concat();
        sandbox.spawn_program("unshare", &args)
    };
    let orphans =
        "for i in 1 2 3 4 5; do (sh -c 'sleep 0.05 & exit' &); done; sleep 0.5; ps -eo stat= | grep -c Z; exit 6";
    let ran = run(orphans).expect(6);
    assert!(!has("ps") || ran.out == "0\n", "{ran:?}");
    // The first process cannot be ended by a signal of its own.
    assert_eq!(run("kill -TERM $$").code, 143);
}
