//! A program that is run for what it prints: without a shell, with an end to what is read and to how long it may take.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

/// What a program gave.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed on standard output, wiped when dropped.
    pub stdout: Zeroizing<Vec<u8>>,
}

/// Why it gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It could not be started.
    NotStarted(io::ErrorKind),
    /// It was not done in time, and was stopped.
    Late,
    /// It printed more than it may.
    TooLong,
}

/// Runs a program, with nothing on standard input and our own standard error, and waits for its end.
///
/// # Errors
/// [`Failure`]. That it ended badly is not one.
pub fn output(command: &mut Command, time: Duration, limit: usize) -> Result<Output, Failure> {
    let end = Instant::now() + time;
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| Failure::NotStarted(error.kind()))?;
    let (done, output) = mpsc::channel();
    let stdout = child.stdout.take();
    // On a thread: a grandchild may hold the pipe open for good.
    thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 1));
        let read = stdout.map(|pipe| pipe.take(limit as u64 + 1).read_to_end(&mut bytes));
        // Nobody waits any more where this cannot be sent.
        let _ = done.send(read.transpose().map(|_| bytes));
    });
    let printed = output.recv_timeout(end.saturating_duration_since(Instant::now()));
    let outcome = match printed {
        Ok(Ok(stdout)) if stdout.len() > limit => Err(Failure::TooLong),
        Ok(Ok(stdout)) => wait(&mut child, end).map(|status| Output { status, stdout }).ok_or(Failure::Late),
        _ => Err(Failure::Late),
    };
    if outcome.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    outcome
}

/// How the child ended, once its output has.
fn wait(child: &mut Child, end: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(1)),
            _ => return None,
        }
    }
}
