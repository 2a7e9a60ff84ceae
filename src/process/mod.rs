//! Programs that are run for their output: without a shell, with a size limit on the output and a deadline for all of it.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;

use std::io::{self, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use system::Pipe;

#[cfg(unix)]
pub use system::IgnoredSignals;

/// How long to read output after the program's exit, where another program holds the pipe open.
const READ_AFTER_EXIT: Duration = Duration::from_millis(100);

/// How often to look whether the program has exited: while its output is open, and once that is closed.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
const POLL_INTERVAL_CLOSED: Duration = Duration::from_millis(1);

/// The exit status and output of a program.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output, wiped when dropped.
    pub stdout: Zeroizing<Vec<u8>>,
}

/// Why a program gave no output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It could not be started.
    NotStarted(io::ErrorKind),
    /// It did not end before the deadline, and was killed.
    TimedOut,
    /// It printed more than the limit, and was killed.
    TooLong,
}

/// Runs a program until it exits, and returns its standard output. Its standard input is empty, its standard error ours.
/// Programs that it leaves running are not waited for.
///
/// `limit` is the most bytes of output, `timeout` the time for all of it.
///
/// # Errors
/// [`Failure`]. A program that exits with a failure is none: see [`Output::status`].
pub fn output(command: &mut Command, timeout: Duration, limit: usize) -> Result<Output, Failure> {
    let deadline = Instant::now() + timeout;
    let _running = Running::new();
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| Failure::NotStarted(error.kind()))?;
    let output = match child.stdout.take().map(Pipe::new) {
        Some(Ok(pipe)) => Reading { child: &mut child, pipe, limit, deadline }.run(),
        _ => Err(Failure::NotStarted(io::ErrorKind::Other)),
    };
    if output.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    output
}

/// Runs a program on our standard streams until it exits.
///
/// # Errors
/// It cannot be started.
pub fn run(command: &mut Command) -> io::Result<ExitStatus> {
    let _running = Running::new();
    command.status()
}

/// Does `work` if no program of [`output`] or [`run`] is running, and lets none start meanwhile; returns whether it did. For
/// a process that waits for all of its children: it must not take the exit status of these programs.
pub fn if_none_running(work: impl FnOnce()) -> bool {
    let count = Running::count();
    if *count == 0 {
        work();
    }
    *count == 0
}

/// A program that is running or about to start.
struct Running;

impl Running {
    /// How many there are in this process.
    fn count() -> MutexGuard<'static, usize> {
        static COUNT: Mutex<usize> = Mutex::new(0);
        COUNT.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new() -> Running {
        *Running::count() += 1;
        Running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *Running::count() -= 1;
    }
}

/// Reads the output of a program. A read that waits longer than the timeout fails with [`io::ErrorKind::TimedOut`].
#[derive(Debug)]
pub struct TimeoutReader {
    pipe: Pipe,
    timeout: Duration,
}

impl TimeoutReader {
    /// Reads `pipe`.
    ///
    /// # Errors
    /// The pipe cannot be made non-blocking; on Windows, no thread can be started.
    pub fn new(pipe: ChildStdout, timeout: Duration) -> io::Result<TimeoutReader> {
        Ok(TimeoutReader { pipe: Pipe::new(pipe)?, timeout })
    }
}

impl Read for TimeoutReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.pipe.read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            if !self.pipe.wait(self.timeout) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}

/// The output of a running program, being read.
struct Reading<'a> {
    child: &'a mut Child,
    pipe: Pipe,
    limit: usize,
    deadline: Instant,
}

impl Reading<'_> {
    fn run(mut self) -> Result<Output, Failure> {
        // The full capacity at once: a reallocation would leave a copy that is not wiped.
        let mut stdout = Zeroizing::new(Vec::with_capacity(self.limit + 1));
        let (mut is_closed, mut exited) = (false, None);
        loop {
            is_closed |= self.read(&mut stdout);
            if stdout.len() > self.limit {
                return Err(Failure::TooLong);
            }
            let now = Instant::now();
            if exited.is_none() {
                let status = self.child.try_wait().map_err(|_| Failure::TimedOut)?;
                exited = status.map(|status| (status, now + READ_AFTER_EXIT));
            }
            match exited {
                Some((status, end)) if is_closed || now >= end => return Ok(Output { status, stdout }),
                _ if now >= self.deadline => return Err(Failure::TimedOut),
                _ if is_closed => thread::sleep(POLL_INTERVAL_CLOSED),
                _ => drop(self.pipe.wait(POLL_INTERVAL)),
            }
        }
    }

    /// Appends what can be read now, up to one byte over the limit; returns whether the pipe is closed.
    fn read(&mut self, stdout: &mut Vec<u8>) -> bool {
        let room = (self.limit + 1 - stdout.len()) as u64;
        match (&mut self.pipe).take(room).read_to_end(stdout) {
            Err(error) => !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
            Ok(_) => true,
        }
    }
}
