//! A program that is run for what it prints: without a shell, with an end to what is read and to how long it may take.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;

use std::io::{self, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use system::Pipe;

#[cfg(unix)]
pub use system::Ignored;

/// How long what a program left running may go on printing after its own end.
const GRACE: Duration = Duration::from_millis(100);

/// How often it is looked whether the program has ended, while its output is still open.
const BEAT: Duration = Duration::from_millis(5);

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

/// Runs a program, with nothing on standard input and our own standard error, and waits for its end. What it leaves running
/// is not waited for.
///
/// # Errors
/// [`Failure`]. That it ended badly is not one.
pub fn output(command: &mut Command, time: Duration, limit: usize) -> Result<Output, Failure> {
    let end = Instant::now() + time;
    let _running = Running::new();
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| Failure::NotStarted(error.kind()))?;
    let outcome = match child.stdout.take().map(Pipe::new) {
        Some(Ok(pipe)) => Reading { child: &mut child, pipe, limit, end }.run(),
        _ => Err(Failure::NotStarted(io::ErrorKind::Other)),
    };
    if outcome.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    outcome
}

/// How many programs run, or are about to.
static RUNNING: Mutex<usize> = Mutex::new(0);

fn running() -> MutexGuard<'static, usize> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something while none of these programs runs, and while none can be started; returns false, and does nothing, where
/// one runs. A process that waits for all of its children must not take the end of one of ours.
pub fn where_none_runs(work: impl FnOnce()) -> bool {
    let running = running();
    if *running == 0 {
        work();
    }
    *running == 0
}

/// Runs a program with the streams that it has, and waits for its end.
///
/// # Errors
/// It cannot be started.
pub fn run(command: &mut Command) -> io::Result<ExitStatus> {
    let _running = Running::new();
    command.status()
}

/// A program runs, or is about to.
struct Running;

impl Running {
    fn new() -> Running {
        *running() += 1;
        Running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *running() -= 1;
    }
}

/// What a program prints, which is not waited for without end.
#[derive(Debug)]
pub struct Patient {
    pipe: Pipe,
    patience: Duration,
}

impl Patient {
    /// # Errors
    /// The system does not let it.
    pub fn new(pipe: ChildStdout, patience: Duration) -> io::Result<Patient> {
        Ok(Patient { pipe: Pipe::new(pipe)?, patience })
    }
}

impl Read for Patient {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.pipe.read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            if !self.pipe.wait(self.patience) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}

struct Reading<'a> {
    child: &'a mut Child,
    pipe: Pipe,
    limit: usize,
    end: Instant,
}

impl Reading<'_> {
    fn run(mut self) -> Result<Output, Failure> {
        // Room for all that may come, so that no half-filled buffer is left behind unwiped by a reallocation.
        let mut stdout = Zeroizing::new(Vec::with_capacity(self.limit + 1));
        let (mut closed, mut ended) = (false, None);
        loop {
            let room = (self.limit + 1 - stdout.len()) as u64;
            match (&mut self.pipe).take(room).read_to_end(&mut stdout) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => closed = true,
            }
            if stdout.len() > self.limit {
                return Err(Failure::TooLong);
            }
            let now = Instant::now();
            if ended.is_none() {
                let status = self.child.try_wait().map_err(|_| Failure::Late)?;
                ended = status.map(|status| (status, now + GRACE));
            }
            match ended {
                Some((status, grace)) if closed || now >= grace => return Ok(Output { status, stdout }),
                _ if now >= self.end => return Err(Failure::Late),
                _ if closed => std::thread::sleep(Duration::from_millis(1)),
                _ => drop(self.pipe.wait(BEAT)),
            }
        }
    }
}
