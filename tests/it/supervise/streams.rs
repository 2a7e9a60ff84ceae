//! What a command prints arrives, masked and whole, whatever reads it; what cannot be written is told.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::sandbox::{Ran, Sandbox, TOKEN, bin};
use crate::support::workstation::wait;

fn world() -> Sandbox {
    Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "https://localhost:9")
}

fn masked(world: &Sandbox, script: &str) -> Command {
    let mut command = world.command();
    command.args(["exec", "--offline", "--mask", "--", "bash", "-c", script]);
    command
}

/// Longer than co-cred waits for what a command has left running.
const PAUSE: Duration = Duration::from_secs(7);

/// A reader that pauses for longer than co-cred would wait for a silent stream gets all of it: what counts is the time that
/// the command takes, not the reader's.
#[test]
fn output_that_is_read_slowly_arrives_whole() {
    let world = &world();
    let numbers: String = (1..=300_000).map(|number| format!("{number}\n")).collect();
    // By the command, and by what it leaves running: on either stream, or through a program that keeps a log.
    let scripts = [
        "seq 300000",
        "(sleep 0.3; seq 300000) &",
        "(sleep 0.3; seq 300000 >&2) &",
        "exec > >(sleep 0.3; tee log); seq 300000",
    ];
    thread::scope(|scope| {
        for script in scripts {
            let numbers = &numbers;
            scope.spawn(move || {
                let mut child = masked(world, script).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
                thread::sleep(PAUSE);
                let mut read = String::new();
                match script.contains(">&2") {
                    true => child.stderr.take().unwrap().read_to_string(&mut read).unwrap(),
                    false => child.stdout.take().unwrap().read_to_string(&mut read).unwrap(),
                };
                assert!(child.wait().unwrap().success(), "{script}");
                assert!(read == *numbers, "{script}: {} of {} bytes", read.len(), numbers.len());
            });
        }
    });
}

/// The same where the reader is slow all the time.
#[test]
fn output_that_is_read_in_drips_arrives_whole() {
    let world = world();
    let mut child = masked(&world, "(sleep 0.3; seq 100000) & exit 0").stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdout, mut read, mut piece) = (child.stdout.take().unwrap(), Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stdout.read(&mut piece) {
        read.extend_from_slice(&piece[..count]);
        thread::sleep(Duration::from_millis(50));
    }
    assert!(child.wait().unwrap().success());
    let numbers: String = (1..=100_000).map(|number| format!("{number}\n")).collect();
    assert!(read == numbers.as_bytes(), "{} of {} bytes", read.len(), numbers.len());
}

/// A full disk is the run's failure, in words; the command is not ended by it.
#[test]
fn a_full_disk_is_told_and_does_not_end_the_command() {
    let world = world();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let script = "for i in 1 2 3; do seq 50000; done; echo done > end";
    let run = |script: &str, stdout: Stdio, stderr: Stdio| -> Ran {
        let _ = fs::remove_file(world.path("work/end"));
        let ran = masked(&world, script).stdout(stdout).stderr(stderr).output().unwrap().into();
        assert!(world.path("work/end").exists(), "the command did not run to its end: {ran:?}");
        ran
    };
    let ran = run(script, full().into(), Stdio::piped()).expect(125);
    assert!(ran.err.contains("standard output could not be written") && ran.err.contains("No space left"), "{ran:?}");
    assert!(ran.err.contains("\nhint: "), "{ran:?}");
    // A failure of the command's own comes first.
    let ran = run(&format!("{script}; exit 7"), full().into(), Stdio::piped()).expect(7);
    assert!(ran.err.contains("No space left"), "{ran:?}");
    // Nothing can be told where words go; the code tells.
    run("echo lost >&2; echo done > end", Stdio::piped(), full().into()).expect(125);
    // What cannot be lost is no failure.
    run("echo done > end", full().into(), Stdio::piped()).expect(0);
}

/// A limit on the size of files, too.
#[test]
fn output_beyond_the_limit_on_file_sizes_is_told() {
    let world = world();
    let script = format!("ulimit -f 1; {} exec --offline --mask -- bash -c 'seq 50000; exit 0' > out", bin());
    let ran = world.spawn_program("bash", &["-c", &script]).expect(125);
    assert!(ran.err.contains("File too large") && ran.err.contains("ulimit -f"), "{ran:?}");
}

/// Waits until the child has ended, and returns the code; nothing that it left running is waited for.
fn code(child: &mut Child) -> Option<i32> {
    child.wait().unwrap().code()
}

/// What a script leaves running goes on printing, masked, for as long as something reads it.
#[test]
fn what_is_left_running_keeps_its_pipe() {
    let world = world();
    let late = "(while ! [ -e go ]; do sleep 0.05; done; echo late $CODEOCEAN_TOKEN; echo wrote $? > status) &";
    for (script, silent) in
        [(format!("{late} echo now; exit 3"), true), (format!("yes | head -c 9000000 & {late} exit 3"), false)]
    {
        let _ = (fs::remove_file(world.path("work/go")), fs::remove_file(world.path("work/status")));
        let mut child = masked(&world, &script).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let reader = thread::spawn(move || {
            let mut read = String::new();
            stdout.read_to_string(&mut read).map(|_| read)
        });
        assert_eq!(code(&mut child), Some(3));
        assert!(!reader.is_finished(), "the pipe is closed");
        File::create(world.path("work/go")).unwrap();
        wait("the rest", || fs::read_to_string(world.path("work/status")).is_ok_and(|said| said == "wrote 0\n"));
        let read = reader.join().unwrap().unwrap();
        assert!(read.ends_with("late ***\n"), "{}", &read[read.len().saturating_sub(40)..]);
        assert!(!silent || read == "now\nlate ***\n", "{read}");
        assert!(silent || read.len() == 9_000_000 + "late ***\n".len(), "{} bytes", read.len());
    }
}

/// It is no part of what a key or a signal ends.
#[test]
fn what_is_left_running_outlives_a_signal_to_the_group() {
    let world = world();
    let script = "(trap '' INT TERM HUP; while ! [ -e go ]; do sleep 0.05; done; echo late) & exit 0";
    let group = format!(
        "set -m; {} exec --offline --mask -- bash -c \"$1\" & wait $!; kill -INT -$! ; kill -HUP -$!; exit 0",
        bin()
    );
    let mut command = world.program("bash");
    let mut child =
        command.args(["-c", &group, "sh", script]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    assert_eq!(code(&mut child), Some(0));
    File::create(world.path("work/go")).unwrap();
    let mut read = String::new();
    stdout.read_to_string(&mut read).unwrap();
    assert_eq!(read, "late\n");
}

/// A part of a token that came before the command's end is no less masked for what comes after it.
#[test]
fn a_token_that_is_cut_by_the_commands_end_is_masked() {
    let world = world();
    let (first, second) = TOKEN.split_at(9);
    let script = format!("printf 'x {first}'; (while ! [ -e go ]; do sleep 0.05; done; printf '{second} y') & exit 0");
    let mut child = masked(&world, &script).stdout(Stdio::piped()).spawn().unwrap();
    assert_eq!(code(&mut child), Some(0));
    File::create(world.path("work/go")).unwrap();
    assert_eq!(io::read_to_string(child.stdout.take().unwrap()).unwrap(), "x *** y");
}

/// Once nothing reads any more, what is left running is told so by its pipe, as without co-cred.
#[test]
fn what_is_left_running_ends_when_its_reader_goes() {
    let world = world();
    let script = "(while echo x; do sleep 0.05; done 2>/dev/null; echo ended > status) & exit 0";
    let script = format!("trap '' PIPE; {script}");
    let mut child = masked(&world, &script).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(code(&mut child), Some(0));
    drop(child.stdout.take());
    wait("its end", || fs::read_to_string(world.path("work/status")).is_ok());
}
