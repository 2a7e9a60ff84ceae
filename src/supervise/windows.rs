//! Supervision on Windows: the command is a child of this process, which exits as it does. There is no launcher, and no
//! signal is forwarded: the console sends Ctrl-C to every process. Masked output goes through pipes, on a console as well.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::windows::io::AsHandle;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::mask::{Masker, MatcherProvider};
use super::report::{Exit, Lost, Report, SuperviseError};

/// The most bytes that are read at once, and how many such pieces are read ahead.
const READ_SIZE: usize = 128 * 1024;
const READ_AHEAD: usize = 2;

/// How long bytes are held back that may be released.
const HOLD_TIME: Duration = Duration::from_millis(50);

/// How often to look whether the child has exited, while a stream is silent.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How long after the child's exit a stream may be silent, and how long it is read in all.
const IDLE_AFTER_EXIT: Duration = Duration::from_secs(1);
const MAX_AFTER_EXIT: Duration = Duration::from_secs(5);

/// The exit code after Ctrl-C, as shells have it.
const INTERRUPTED: i32 = 130;

/// Runs a command to its end, and masks its output with the matcher of `provider`; without one, its output is ours.
///
/// `make` turns a program and its arguments into the `Command` to start.
///
/// # Errors
/// [`SuperviseError`].
pub fn run(
    provider: Option<Arc<dyn MatcherProvider>>,
    _: &Path,
    command: &[OsString],
    make: impl FnOnce(&OsStr, &[OsString]) -> Command,
) -> Result<Report, SuperviseError> {
    let (program, args) = command.split_first().ok_or(io::Error::from(io::ErrorKind::InvalidInput))?;
    let (mut command, exited) = (make(program, args), Arc::new(OnceLock::new()));
    let streams = match provider {
        Some(provider) => mask_streams(&mut command, &provider, &exited)?,
        None => Vec::new(),
    };
    let code = run_to_end(command).map_err(SuperviseError::NotStarted)?;
    // Codes have 32 bits, and ours have eight: one that does not fit is a failure, and none of co-cred's own.
    let exit = Exit::Code(u8::try_from(code).unwrap_or(1));
    let _ = exited.set(Instant::now());
    let mut report = Report { exit, masked: 0, lost: Vec::new() };
    for (masked, lost) in streams.into_iter().filter_map(|stream| stream.join().ok()) {
        report.masked += masked;
        report.lost.extend(lost);
    }
    Ok(report)
}

/// Runs a command in place of this process, which Windows cannot replace, and exits as it does. Returns only where the
/// command cannot be started.
pub fn replace(command: Command) -> io::Error {
    match run_to_end(command) {
        Ok(code) => std::process::exit(code),
        Err(error) => error,
    }
}

fn run_to_end(mut command: Command) -> io::Result<i32> {
    // Ctrl-C is the command's to handle. Once that has exited, it ends this process.
    let exited = Arc::new(AtomicBool::new(false));
    let has_exited = Arc::clone(&exited);
    let _ = ctrlc::set_handler(move || {
        if has_exited.load(Ordering::Acquire) {
            std::process::exit(INTERRUPTED);
        }
    });
    let mut child = command.spawn()?;
    // `command` holds copies of the child's pipe ends: a stream ends only once every copy is closed.
    drop(command);
    let status = child.wait();
    exited.store(true, Ordering::Release);
    Ok(status?.code().unwrap_or(1))
}

type Masked = (usize, Option<Lost>);

/// Gives the command pipes, and masks what comes through them.
fn mask_streams(
    command: &mut Command,
    provider: &Arc<dyn MatcherProvider>,
    exited: &Arc<OnceLock<Instant>>,
) -> io::Result<Vec<JoinHandle<Masked>>> {
    // As handles: Rust's own streams accept only UTF-8 on a console, and the output need not be.
    let stdout = File::from(io::stdout().as_handle().try_clone_to_owned()?);
    let stderr = File::from(io::stderr().as_handle().try_clone_to_owned()?);
    let stream = |to, name| -> io::Result<(Stream, PipeWriter)> {
        let (from, writer) = io::pipe()?;
        Ok((Stream { from, to, name, provider: Arc::clone(provider), exited: Arc::clone(exited) }, writer))
    };
    let (out, out_writer) = stream(stdout, "standard output")?;
    let (err, err_writer) = stream(stderr, "standard error")?;
    command.stdout(out_writer).stderr(err_writer);
    Ok(vec![out.start(), err.start()])
}

/// An output stream of the child, and where it goes.
struct Stream {
    from: PipeReader,
    to: File,
    name: &'static str,
    provider: Arc<dyn MatcherProvider>,
    /// When the child exited.
    exited: Arc<OnceLock<Instant>>,
}

impl Stream {
    /// Reads and masks it on two threads. The one returned gives how many matches were masked, and the first write error.
    fn start(self) -> JoinHandle<Masked> {
        let Stream { mut from, to, name, provider, exited } = self;
        let (sender, pieces) = sync_channel(READ_AHEAD);
        thread::spawn(move || {
            let mut piece = vec![0; READ_SIZE];
            while let Ok(read @ 1..) = from.read(&mut piece) {
                if sender.send(piece[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        thread::spawn(move || {
            let masking = Masking { to, exited, last_output: Instant::now(), blocked: Duration::ZERO, lost: None };
            let (masked, lost) = masking.run(Masker::new(&*provider), &pieces);
            (masked, lost.map(|error| Lost { stream: name, error }))
        })
    }
}

/// A stream while it is masked.
struct Masking {
    to: File,
    exited: Arc<OnceLock<Instant>>,
    last_output: Instant,
    /// How long writing has taken since the child's exit: the time limits do not count it.
    blocked: Duration,
    lost: Option<io::Error>,
}

impl Masking {
    fn run(mut self, mut masker: Masker, pieces: &Receiver<Vec<u8>>) -> (usize, Option<io::Error>) {
        let mut out = Vec::new();
        loop {
            out.clear();
            match pieces.recv_timeout(if masker.can_release() { HOLD_TIME } else { POLL_INTERVAL }) {
                // A program that the command left running goes on printing: that is read no longer.
                Ok(_) if self.is_late() => break,
                Ok(piece) => {
                    self.last_output = Instant::now();
                    masker.feed(&piece, &mut out);
                }
                Err(RecvTimeoutError::Timeout) if masker.can_release() => masker.release(&mut out),
                Err(RecvTimeoutError::Timeout) if self.is_late() || self.is_idle() => break,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            }
            match self.write(&out) {
                Ok(()) => {}
                // The reader has ended. This closes the pipe, so that the child's next write fails as it would without co-cred.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return (masker.masked, self.lost),
                // Not an error of the child, which goes on; later output may be written again.
                Err(error) => drop(self.lost.get_or_insert(error)),
            }
        }
        out.clear();
        let masked = masker.finish(&mut out);
        let unwritten = self.to.write_all(&out).err().filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
        (masked, self.lost.or(unwritten))
    }

    fn is_late(&self) -> bool {
        self.exited.get().is_some_and(|exited| exited.elapsed().saturating_sub(self.blocked) > MAX_AFTER_EXIT)
    }

    fn is_idle(&self) -> bool {
        self.exited.get().is_some_and(|exited| exited.max(&self.last_output).elapsed() > IDLE_AFTER_EXIT)
    }

    fn write(&mut self, out: &[u8]) -> io::Result<()> {
        let start = Instant::now();
        let written = self.to.write_all(out);
        self.blocked += self.exited.get().map(|exited| start.max(*exited).elapsed()).unwrap_or_default();
        written
    }
}

/// Windows has no such limit.
pub fn fail_writes_over_file_limit() {}

/// Runs `work` before Ctrl-C ends this process.
///
/// # Errors
/// Ctrl-C is handled already.
pub fn on_termination(work: fn()) -> io::Result<()> {
    let end = move || {
        work();
        std::process::exit(INTERRUPTED);
    };
    ctrlc::set_handler(end).map_err(io::Error::other)
}

/// No process ends by a signal on Windows.
pub fn terminate_by_signal(_: i32) {}

/// No stream is handed to another process on Windows.
///
/// # Errors
/// Always.
pub fn resume_masking() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// There is no launcher on Windows.
pub fn become_command(_: &[OsString], _: i32, _: bool) -> io::Error {
    io::ErrorKind::Unsupported.into()
}

/// There is no launcher on Windows.
///
/// # Errors
/// Always.
pub fn lead_session(_: &[OsString], _: i32) -> io::Result<Exit> {
    Err(io::ErrorKind::Unsupported.into())
}
