//! A supervised child ends as it would if nothing stood between, and what it prints is masked and otherwise the same.

use std::fs;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, bin, has};
use crate::support::workstation::wait;

fn world() -> Sandbox {
    Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "https://localhost:9")
}

const EXEC: [&str; 4] = ["exec", "--offline", "--mask", "--"];

/// The command under `exec --mask`.
fn masked(world: &Sandbox, args: &[&str]) -> Command {
    let mut command = world.command();
    command.args(EXEC).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The command under `exec --gate`, its streams its own.
fn gated(world: &Sandbox, args: &[&str]) -> Command {
    fs::create_dir_all(world.path("work/kept")).unwrap();
    let mut command = world.command();
    command.args(["exec", "--offline", "--gate", "kept", "--"]).args(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The command under `exec --broker`, its streams its own.
fn brokered(world: &Sandbox, args: &[&str]) -> Command {
    let mut command = world.command();
    command.args(["exec", "--offline", "--broker", "--"]).args(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Every way to be supervised.
const WAYS: [(&str, fn(&Sandbox, &[&str]) -> Command); 3] =
    [("--mask", masked), ("--gate", gated), ("--broker", brokered)];

/// The command alone.
fn alone(world: &Sandbox, args: &[&str]) -> Command {
    let mut command = world.program(args[0]);
    command.args(&args[1..]).env("CODEOCEAN_TOKEN", TOKEN).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn every_exit_code_is_the_commands() {
    let world = &world();
    thread::scope(|scope| {
        for part in 0..4 {
            scope.spawn(move || {
                for code in (part..256).step_by(4) {
                    for (way, supervised) in WAYS {
                        let status = supervised(world, &["sh", "-c", &format!("exit {code}")]).status().unwrap();
                        assert_eq!(status.code(), Some(code), "{way}");
                    }
                }
            });
        }
    });
}

/// How a script ends that sends itself a signal, or is sent one once it is ready.
#[test]
fn every_signal_ends_it_as_it_would_alone() {
    let world = &world();
    let signals =
        ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "KILL", "SEGV", "PIPE", "ABRT", "ALRM", "VTALRM", "PROF"];
    thread::scope(|scope| {
        for signal in signals {
            scope.spawn(move || {
                let script = format!("ulimit -c 0; kill -{signal} $$; sleep 10");
                let theirs = alone(world, &["sh", "-c", &script]).status().unwrap();
                for (way, supervised) in WAYS {
                    let ours = supervised(world, &["sh", "-c", &script]).status().unwrap();
                    assert_eq!(ours.signal(), theirs.signal(), "{way}: {signal} to itself: {ours:?}, alone {theirs:?}");
                }
            });
        }
    });
}

/// Starts a script, and once it says that it is ready, sends a signal to the process that was started.
fn send(command: &mut Command, world: &Sandbox, name: &str, signal: &str) -> (ExitStatus, Duration, String) {
    let said = world.path(&format!("work/{name}"));
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
fn every_signal_is_handed_on() {
    let world = &world();
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
                    let theirs = send(&mut alone(world, &args), world, &format!("theirs-{number}-{signal}"), signal);
                    for (way, supervised) in WAYS {
                        let name = format!("ours-{way}-{number}-{signal}");
                        let ours = send(&mut supervised(world, &args), world, &name, signal);
                        assert_eq!((ours.0, &ours.2), (theirs.0, &theirs.2), "{way}: {what} {signal}");
                        assert!(ours.1 < theirs.1 + Duration::from_secs(5), "{way}: {what} {signal}: {:?}", ours.1);
                    }
                }
            });
        }
    });
}

/// Signals that end nothing reach it too.
#[test]
fn a_window_that_changes_and_a_stop_are_handed_on() {
    WAYS.iter().for_each(|(_, supervised)| a_window_and_a_stop(*supervised));
}

fn a_window_and_a_stop(supervised: fn(&Sandbox, &[&str]) -> Command) {
    let world = world();
    let script = "trap 'echo changed' WINCH; trap 'echo continued' CONT; echo ready; for i in 1 2 3 4 5 6 7 8 9; do sleep 0.1; done; echo end";
    let said = world.path("work/said");
    // In a group of its own, as a shell starts a job: the kernel stops no group that nobody could start again.
    let mut command = supervised(&world, &["sh", "-c", script]);
    let mut child = command.process_group(0).stdout(fs::File::create(&said).unwrap()).spawn().unwrap();
    let text = || fs::read_to_string(&said).unwrap();
    wait("ready", || text().contains("ready"));
    kill(&child, "WINCH");
    wait("the window", || text().contains("changed"));
    kill(&child, "TSTP");
    let state = || {
        fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap().split(") ").nth(1).unwrap()[..1].to_owned()
    };
    wait("the stop", || state() == "T");
    let stopped = text();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(text(), stopped, "it goes on while it is stopped");
    kill(&child, "CONT");
    wait("the end", || text().contains("end"));
    assert!(text().contains("continued"));
    assert!(child.wait().unwrap().success());
}

/// An alarm that was set for us is ours to hand on: nobody else gets it.
#[test]
fn an_alarm_is_handed_on() {
    if !has("python3") {
        return;
    }
    let world = world();
    let program = "import os, signal, sys\nsignal.alarm(1)\nos.execv(sys.argv[1], sys.argv[1:])\n";
    let args = [&["-c", program, bin()][..], &EXEC, &["sleep", "20"]].concat();
    let start = Instant::now();
    let status = world.program("python3").args(args).status().unwrap();
    assert_eq!(status.signal(), Some(14), "{status:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// What stays behind and never falls silent is left to itself, and a signal ends us meanwhile.
#[test]
fn after_the_commands_end_signals_are_ours() {
    let world = world();
    let chatty = "(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo x; sleep 0.5; done) & exit 3";
    let start = Instant::now();
    let said = fs::File::create(world.path("work/chat")).unwrap();
    let status = masked(&world, &["sh", "-c", chatty]).stdout(said).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(3));
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    let mut child = masked(&world, &["sh", "-c", chatty]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(Duration::from_millis(500));
    kill(&child, "TERM");
    let start = Instant::now();
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

/// A signal that whoever started us ignores stays ignored.
#[test]
fn what_was_ignored_stays_ignored() {
    let world = world();
    let co_cred = bin();
    let script = format!("trap '' HUP; {co_cred} exec --offline --mask -- sh -c 'kill -HUP $$; echo still here'");
    let ran = world.spawn_program("sh", &["-c", &script]).expect(0);
    assert_eq!(ran.out, "still here\n");
}

/// Should co-cred be killed, the command is told to end.
#[test]
fn the_command_does_not_outlive_a_killed_co_cred() {
    WAYS.iter().for_each(|(_, supervised)| killed(*supervised));
}

fn killed(supervised: fn(&Sandbox, &[&str]) -> Command) {
    let world = world();
    let said = world.path("work/said");
    let script = format!(
        "trap 'echo told to end > {}; exit' TERM; echo ready > {0}; while :; do sleep 0.05; done",
        said.display()
    );
    let mut child = supervised(&world, &["sh", "-c", &script]).spawn().unwrap();
    let text = || fs::read_to_string(&said).unwrap_or_default();
    wait("ready", || text().contains("ready"));
    kill(&child, "KILL");
    wait("the end", || text().contains("told to end"));
    child.wait().unwrap();
}

#[test]
fn orphans_are_reaped_and_hold_nobody_up() {
    let world = world();
    // What a shell leaves behind to write the rest, as `exec > >(tee log)` does, is heard to its end.
    let tee = "exec > >(while read -r line; do sleep 0.1; echo \"$line\"; done); echo one; echo two; echo three";
    assert_eq!(Ran::from(masked(&world, &["bash", "-c", tee]).output().unwrap()).expect(0).out, "one\ntwo\nthree\n");
    // What stays for good is not waited for.
    let start = Instant::now();
    let said = fs::File::create(world.path("work/said")).unwrap();
    let status =
        masked(&world, &["sh", "-c", "(sleep 20 &) ; exit 3"]).stdout(said).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(3));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    // A double fork leaves no zombie while the command goes on.
    let zombies = "(sh -c 'sleep 0.1 & exit' &); sleep 0.5; ps -o stat= --ppid $PPID | grep -c Z";
    if has("ps") {
        assert_eq!(Ran::from(masked(&world, &["sh", "-c", zombies]).output().unwrap()).out, "0\n");
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_as_it_would_alone() {
    let world = world();
    let start = Instant::now();
    for command in ["yes", "exec yes", "while :; do echo y; done"] {
        let pipe =
            format!("{} exec --offline --mask -- sh -c '{command}' | head -1; echo \"${{PIPESTATUS[0]}}\"", bin());
        let ran = world.spawn_program("bash", &["-c", &pipe]).expect(0);
        let alone =
            world.spawn_program("bash", &["-c", &format!("sh -c '{command}' | head -1; echo \"${{PIPESTATUS[0]}}\"")]);
        assert_eq!(ran.out, alone.out, "{command}");
    }
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn standard_input_is_not_touched() {
    let world = world();
    let input: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
    let mut child = masked(&world, &["cat"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let sent = input.clone();
    let writer = thread::spawn(move || stdin.write_all(&sent).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success() && output.stdout == input && output.stderr.is_empty());
    // Not a byte of it is read that the command leaves for others.
    let script = format!("printf 'a\\nb\\n' | {{ {} exec --offline --mask -- head -c 2; cat; }}", bin());
    assert_eq!(world.spawn_program("sh", &["-c", &script]).expect(0).out, "a\nb\n");
}

#[test]
fn both_streams_are_masked_and_kept_apart() {
    let world = world().with("ANOTHER", OTHER);
    let script = "echo out $CODEOCEAN_TOKEN; echo err $CODEOCEAN_TOKEN >&2; echo other $ANOTHER; printf %s $CODEOCEAN_TOKEN: | base64 >&2";
    let ran = Ran::from(masked(&world, &["sh", "-c", script]).output().unwrap()).expect(0);
    assert_eq!(ran.out, "out ***\nother ***\n");
    assert!(ran.err.contains("\nerr ***\n***"), "{ran:?}");
    assert!(ran.err.contains("4 traces of the token were masked"), "{ran:?}");
    // Where both go to one place, their order stays.
    let lines = "for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i >&2; done";
    let both = format!("{} exec --quiet --offline --mask -- sh -c '{lines}' 2>&1", bin());
    let alone = world.spawn_program("sh", &["-c", &format!("({lines}) 2>&1")]);
    assert_eq!(world.spawn_program("sh", &["-c", &both]).expect(0).out, alone.out);
}

/// Nothing is held back for long.
#[test]
fn a_prompt_is_seen_while_the_command_waits() {
    let world = world();
    let said = world.path("work/said");
    let mut command = masked(&world, &["sh", "-c", "printf 'Enter your topic'; read -r answer; echo got $answer"]);
    let mut child = command.stdin(Stdio::piped()).stdout(fs::File::create(&said).unwrap()).spawn().unwrap();
    wait("the prompt", || fs::read_to_string(&said).unwrap() == "Enter your topic");
    child.stdin.take().unwrap().write_all(b"x\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(fs::read_to_string(&said).unwrap(), "Enter your topicgot x\n");
}

#[test]
fn a_command_that_cannot_start_is_told_as_ever() {
    let world = world().file("work/script", "#!/bin/sh\n");
    for (program, code) in [("no-such-command", 127), ("./nowhere", 127), ("./script", 126)] {
        let ran = Ran::from(masked(&world, &[program]).output().unwrap());
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.err.contains("co-cred: error:"), "{ran:?}");
    }
    // Our own failures are 125, and nothing is run.
    let ran = Sandbox::new().spawn(["exec", "--mask", "--", "touch", "ran"]);
    assert_eq!(ran.code, 125, "{ran:?}");
}

/// A terminal: its size, its keys, its modes.
#[test]
fn in_a_terminal_the_command_has_a_terminal() {
    if !["python3", "ps"].iter().all(|program| has(program)) {
        return;
    }
    let program = r#"
import fcntl, os, pty, select, signal, struct, sys, termios, time

def start(*command):
    pid, fd = pty.fork()
    if pid == 0:
        resize(0, 33, 77)
        os.execv(sys.argv[1], [sys.argv[1], "exec", "--offline", "--mask", "--", *command])
    return pid, fd

def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

def until(fd, word, limit=10):
    seen, end = b"", time.time() + limit
    while word not in seen and time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                seen += os.read(fd, 4096)
            except OSError:
                break
    assert word in seen, (word, seen)
    return seen

# Sizes, before and after a change; what is typed is echoed once; the token is masked.
pid, fd = start("sh", "-c", "echo waiting; read x; stty size; trap 'stty size; exit 4' WINCH; echo $CODEOCEAN_TOKEN; echo ready; while :; do sleep 0.05; done")
until(fd, b"waiting")
os.write(fd, b"go\n")
seen = until(fd, b"ready")
assert b"33 77" in seen and b"***" in seen and seen.count(b"go") == 1, seen
resize(fd, 44, 99)
until(fd, b"44 99")
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 4

# Ctrl-C ends it, and us, by the signal.
pid, fd = start("sh", "-c", "tty; echo ready; exec sleep 20")
until(fd, b"ready")
os.write(fd, b"\x03")
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGINT

# Ctrl-Z stops both; both go on.
# Not a shell that forks: stopped between vfork and exec, its child would never let it go on, with us or without.
waits = """
import os, signal, time
signal.signal(signal.SIGCONT, lambda *_: os.write(1, b"continued\\n"))
print("ready", flush=True)
while not os.path.exists("go"):
    time.sleep(0.05)
print("over")
"""
pid, fd = start(sys.executable, "-c", waits)
until(fd, b"ready")
os.write(fd, b"\x1a")
assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
os.kill(pid, signal.SIGCONT)
until(fd, b"continued")
open("go", "w").close()
until(fd, b"over")
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

# A command that is done is done at once.
began = time.time()
for _ in range(5):
    pid, fd = start("echo", "done")
    until(fd, b"done")
    os.waitpid(pid, 0)
assert time.time() - began < 4, time.time() - began

# Under a shell with jobs: in the background it runs to its end and leaves the terminal alone; stopped, it goes on there.
pid, fd = pty.fork()
if pid == 0:
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
def line(text):
    os.write(fd, text.encode() + b"\n")
masked = sys.argv[1] + " exec --offline --mask -- "
line("PS1='$ '; set +o history")
line(masked + "sh -c 'sleep 0.3; echo in the back''ground' & wait; echo wai''ted $?")
until(fd, b"waited 0")
line(masked + "python3 -c \"import time; print('star' + 'ted', flush=True); time.sleep(1); print('at the ' + 'end')\"")
until(fd, b"started")
os.write(fd, b"\x1a")
until(fd, b"Stopped")
line("bg; wait; echo wai''ted again")
until(fd, b"waited again")
line(masked + "sh -c 'kill -STOP $$; echo res''umed'")
until(fd, b"Stopped")
line("fg")
if b"$ " not in until(fd, b"resumed").split(b"resumed")[1]:
    until(fd, b"$ ")
line("exit")
os.waitpid(pid, 0)

# A program that draws the whole screen.
pid, fd = start("top", "-n", "1")
until(fd, b"load average")
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

# A progress bar with carriage returns, and colours, pass as they are.
pid, fd = start("sh", "-c", r"printf '10%%\r\033[32m20%%\033[0m\r'; printf 'done\n'")
seen = until(fd, b"done")
assert b"10%\r\x1b[32m20%\x1b[0m\rdone\r\n" in seen, seen
os.waitpid(pid, 0)
print("fine")
"#;
    let world = world().file("work/terminal.py", program).with("TERM", "xterm");
    let ran = world.spawn_program("python3", &["terminal.py", bin()]);
    assert_eq!(ran.out, "fine\n", "{ran:?}");
}

/// As the first process of a container: orphans are ours to reap, and a signal ends us by its code.
#[test]
fn as_the_first_process_it_reaps_orphans() {
    let world = world();
    let unshare = ["-pf", "--mount-proc", bin()];
    if !has("unshare") || !world.program("unshare").args(["-pf", "--mount-proc", "true"]).status().unwrap().success() {
        return;
    }
    let run = |script: &str| {
        let args = [&unshare[..], &EXEC, &["sh", "-c", script]].concat();
        world.spawn_program("unshare", &args)
    };
    let orphans =
        "for i in 1 2 3 4 5; do (sh -c 'sleep 0.05 & exit' &); done; sleep 0.5; ps -eo stat= | grep -c Z; exit 6";
    let ran = run(orphans).expect(6);
    assert!(!has("ps") || ran.out == "0\n", "{ran:?}");
    // The first process cannot be ended by a signal of its own.
    assert_eq!(run("kill -TERM $$").code, 143);
}

/// A notebook prints what it holds; so does the program that runs it.
#[test]
fn a_notebook_that_prints_its_headers_is_masked() {
    let Some(python) = crate::deliver::clients::python() else { return };
    let cell = "import os, base64\nt = os.environ['CODEOCEAN_TOKEN']\n\
                print({'Authorization': 'Basic ' + base64.b64encode((t + ':').encode()).decode()})\nt";
    let notebook = serde_json::json!({
        "cells": [{"cell_type": "code", "execution_count": null, "id": "a", "metadata": {}, "outputs": [], "source": cell}],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4, "nbformat_minor": 5,
    });
    let world = world().file("work/notebook.ipynb", notebook.to_string());
    let convert = ["-m", "nbconvert", "--to", "markdown", "--execute", "--stdout", "notebook.ipynb"];
    let args = [&[python.to_str().unwrap()], &convert[..]].concat();
    let ran = Ran::from(masked(&world, &args).output().unwrap()).expect(0);
    assert!(ran.out.contains("'Basic ***") && ran.out.contains("'***'"), "{ran:?}");
    assert!(!ran.out.contains(&TOKEN[4..]), "{ran:?}");
}

/// Real programs that say too much.
#[test]
fn programs_that_say_too_much_are_masked() {
    let deployment = fake_deployment::Plan::with_token(TOKEN).tls().git().start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).with_git(&[&deployment]).on_path();
    let world = world.with("CURL_CA_BUNDLE", deployment.authority()).with("URL", deployment.clone_url());
    let mut scripts = vec![
        "set -x; echo $CODEOCEAN_TOKEN",
        "curl -sv -u \"$CODEOCEAN_TOKEN:\" \"$CODEOCEAN_DOMAIN/api/v1/capsules/search\"",
        "env",
        "cat /proc/self/environ",
    ];
    if has("git") {
        scripts.push("GIT_TRACE_REDACT=0 GIT_CURL_VERBOSE=1 GIT_TRACE_CURL=1 git clone \"$URL\" clone");
    }
    for script in scripts {
        let mut command = world.command();
        command.args(["exec", "--git", "--mask", "--", "bash", "-c", script]);
        let ran = Ran::from(command.output().unwrap());
        let traces = co_cred::patterns::Encodings::of(&co_cred::token::Token::parse(TOKEN.as_bytes()).unwrap().token);
        assert_eq!(traces.found_in(ran.out.as_bytes()), None, "{script}: {ran:?}");
        assert_eq!(traces.found_in(ran.err.as_bytes()), None, "{script}: {ran:?}");
        assert!(ran.err.contains("masked in what the command printed"), "{script}: {ran:?}");
    }
    if let Some(python) = crate::deliver::clients::python() {
        let program = "import os\nfrom codeocean import CodeOcean\n\
                       client = CodeOcean(domain=os.environ['CODEOCEAN_DOMAIN'], token=os.environ['CODEOCEAN_TOKEN'])\n\
                       print(client.session.headers, client.session.auth, client.token)\nraise ValueError(client.token)\n";
        let world = world.file("work/run.py", program);
        let mut command = world.command();
        command.args(["exec", "--mask", "--"]).arg(python).arg("run.py");
        let ran = Ran::from(command.output().unwrap());
        assert!(ran.code == 1 && ran.err.contains("ValueError: ***"), "{ran:?}");
        assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "{ran:?}");
    }
}
