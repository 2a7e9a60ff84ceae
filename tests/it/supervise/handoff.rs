//! A program that a command leaves running goes on printing after the command's exit, masked by another process.

use std::fs::{self, File};
use std::io::{self, Read};
use std::process::{Child, Stdio};
use std::thread;

use super::commands::{masked_script, sandbox};
use crate::support::sandbox::{TOKEN, bin, has};
use crate::support::workstation::wait;

/// The exit code of co-cred, which does not wait for a program that the command left running.
fn code(child: &mut Child) -> Option<i32> {
    child.wait().unwrap().code()
}

/// Output of a background process is masked for as long as there is a reader.
#[test]
fn background_process_keeps_its_pipe() {
    let sandbox = sandbox();
    let late = "(while ! [ -e go ]; do sleep 0.05; done; echo late $CODEOCEAN_TOKEN; echo wrote $? > status) &";
    for (script, silent) in
        [(format!("{late} echo now; exit 3"), true), (format!("yes | head -c 9000000 & {late} exit 3"), false)]
    {
        let _ = (fs::remove_file(sandbox.path("work/go")), fs::remove_file(sandbox.path("work/status")));
        let mut child = masked_script(&sandbox, &script).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let reader = thread::spawn(move || {
            let mut read = String::new();
            stdout.read_to_string(&mut read).map(|_| read)
        });
        assert_eq!(code(&mut child), Some(3));
        assert!(!reader.is_finished(), "the pipe is closed");
        File::create(sandbox.path("work/go")).unwrap();
        wait("the rest", || fs::read_to_string(sandbox.path("work/status")).is_ok_and(|said| said == "wrote 0\n"));
        let read = reader.join().unwrap().unwrap();
        assert!(read.ends_with("late ***\n"), "{}", &read[read.len().saturating_sub(40)..]);
        assert!(!silent || read == "now\nlate ***\n", "{read}");
        assert!(silent || read.len() == 9_000_000 + "late ***\n".len(), "{} bytes", read.len());
    }
}

/// A signal to the process group does not end it, nor the process that masks it.
#[test]
fn background_process_outlives_a_signal_to_the_group() {
    let sandbox = sandbox();
    let script = "(trap '' INT TERM HUP; while ! [ -e go ]; do sleep 0.05; done; echo late) & exit 0";
    let group = format!(
        "set -m; {} exec --offline --mask -- bash -c \"$1\" & wait $!; kill -INT -$! ; kill -HUP -$!; exit 0",
        bin()
    );
    let mut command = sandbox.program("bash");
    let mut child =
        command.args(["-c", &group, "sh", script]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    assert_eq!(code(&mut child), Some(0));
    File::create(sandbox.path("work/go")).unwrap();
    let mut read = String::new();
    stdout.read_to_string(&mut read).unwrap();
    assert_eq!(read, "late\n");
}

/// One process reads the first part, another the second.
#[test]
fn token_cut_by_the_commands_exit_is_masked() {
    let sandbox = sandbox();
    let (first, second) = TOKEN.split_at(9);
    let script = format!("printf 'x {first}'; (while ! [ -e go ]; do sleep 0.05; done; printf '{second} y') & exit 0");
    let mut child = masked_script(&sandbox, &script).stdout(Stdio::piped()).spawn().unwrap();
    assert_eq!(code(&mut child), Some(0));
    File::create(sandbox.path("work/go")).unwrap();
    assert_eq!(io::read_to_string(child.stdout.take().unwrap()).unwrap(), "x *** y");
}

/// A lock on an inherited descriptor is released when the programs that hold it have ended.
#[test]
fn process_that_masks_holds_no_inherited_descriptor() {
    if !has("flock") {
        return;
    }
    let sandbox = sandbox();
    let locked = format!(
        "exec 9> lock; flock 9; {} exec --offline --mask -- bash -c '(exec 9>&-; while ! [ -e go ]; do sleep 0.05; done; echo late) & exit 0'",
        bin()
    );
    let mut command = sandbox.program("bash");
    let mut child = command.args(["-c", &locked]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    assert_eq!(code(&mut child), Some(0));
    let lock = sandbox.program("flock").args(["--nonblock", "lock", "true"]).status().unwrap();
    File::create(sandbox.path("work/go")).unwrap();
    let mut read = String::new();
    stdout.read_to_string(&mut read).unwrap();
    assert!(lock.success(), "the lock is held");
    assert_eq!(read, "late\n");
}

/// Its pipe closes, as without co-cred.
#[test]
fn background_process_ends_with_its_reader() {
    let sandbox = sandbox();
    let script = "(while echo x; do sleep 0.05; done 2>/dev/null; echo ended > status) & exit 0";
    let script = format!("trap '' PIPE; {script}");
    let mut child = masked_script(&sandbox, &script).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(code(&mut child), Some(0));
    drop(child.stdout.take());
    wait("its end", || fs::read_to_string(sandbox.path("work/status")).is_ok());
}
