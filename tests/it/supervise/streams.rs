//! The output of a command is complete however slowly it is read; output that cannot be written is reported.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::commands::{masked_script, sandbox};
use crate::support::sandbox::{Ran, bin};

/// Longer than co-cred waits for a program that a command has left running.
const PAUSE: Duration = Duration::from_secs(7);

/// The reader pauses for longer than co-cred waits for a silent stream: only the command's own silence counts.
#[test]
fn slow_reader_receives_all_output() {
    let sandbox = &sandbox();
    let numbers: String = (1..=300_000).map(|number| format!("{number}\n")).collect();
    // Printed by the command, by a program that it leaves running, on either stream, and through `tee`.
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
                let mut child =
                    masked_script(sandbox, script).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
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

/// The reader is slow all the time.
#[test]
fn small_reads_receive_all_output() {
    let sandbox = sandbox();
    let mut child = masked_script(&sandbox, "(sleep 0.3; seq 100000) & exit 0").stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdout, mut read, mut piece) = (child.stdout.take().unwrap(), Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stdout.read(&mut piece) {
        read.extend_from_slice(&piece[..count]);
        thread::sleep(Duration::from_millis(50));
    }
    assert!(child.wait().unwrap().success());
    let numbers: String = (1..=100_000).map(|number| format!("{number}\n")).collect();
    assert!(read == numbers.as_bytes(), "{} of {} bytes", read.len(), numbers.len());
}

/// A full disk is an error of the run, and does not end the command.
#[test]
fn full_disk_is_reported_and_does_not_end_the_command() {
    let sandbox = sandbox();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let script = "for i in 1 2 3; do seq 50000; done; echo done > end";
    let run = |script: &str, stdout: Stdio, stderr: Stdio| -> Ran {
        let _ = fs::remove_file(sandbox.path("work/end"));
        let ran = masked_script(&sandbox, script).stdout(stdout).stderr(stderr).output().unwrap().into();
        assert!(sandbox.path("work/end").exists(), "the command did not run to its end: {ran:?}");
        ran
    };
    let ran = run(script, full().into(), Stdio::piped()).expect(125);
    assert!(ran.err.contains("standard output could not be written") && ran.err.contains("No space left"), "{ran:?}");
    assert!(ran.err.contains("\nhint: "), "{ran:?}");
    // A failure of the command itself comes first.
    let ran = run(&format!("{script}; exit 7"), full().into(), Stdio::piped()).expect(7);
    assert!(ran.err.contains("No space left"), "{ran:?}");
    // Where messages are lost, the exit code remains.
    run("echo lost >&2; echo done > end", Stdio::piped(), full().into()).expect(125);
    // Without output, nothing is lost.
    run("echo done > end", full().into(), Stdio::piped()).expect(0);
}

/// A limit on file sizes (`ulimit -f`) is as a full disk.
#[test]
fn output_over_the_file_size_limit_is_reported() {
    let sandbox = sandbox();
    let script = format!("ulimit -f 1; {} exec --offline --mask -- bash -c 'seq 50000; exit 0' > out", bin());
    let ran = sandbox.spawn_program("bash", &["-c", &script]).expect(125);
    assert!(ran.err.contains("File too large") && ran.err.contains("ulimit -f"), "{ran:?}");
}
