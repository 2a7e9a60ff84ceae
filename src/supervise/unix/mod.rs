//! Supervision on Unix. Where our standard output is a terminal, the child gets one of its own; elsewhere it gets pipes, and
//! what of ours is no terminal is handed on untouched: standard input always, and standard error together with standard
//! output where both go to the same place, so that their order stays.
//!
//! The child's terminal has the keys from the beginning where our standard input is a terminal. Elsewhere other programs may
//! want them, in the same pipeline or around it: there the command is in the background of its terminal, and is handed the
//! keys once the kernel stops it for reaching for them.

mod launcher;
mod line_ends;
mod rest;
mod signals;
mod stream;
mod terminal;

use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader, PipeWriter};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::isatty;

use super::mask::Lookout;
use super::{End, Failure, Lost, Report};

pub use launcher::{become_command, lead_command};
pub use rest::mask_rest;
pub use signals::{before_end, outlive_file_limit};

use signals::{Behind, Beside, Watch, until_end};
use stream::{Flow, Pump};
use terminal::Terminal;

/// So long the last of what was printed may take.
const DRAIN: Duration = Duration::from_millis(200);

/// Lets a command take our place: `execve`, with nothing left of us. Returns only where that fails.
pub fn replace(mut command: Command) -> io::Error {
    command.exec()
}

/// Ends as a signal would have ended us.
pub fn die_of(signal: i32) {
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

/// Runs a command to its end. `make` makes a program with its arguments into one that can be started, and its standard streams
/// are set here: without tokens to mask it has ours. `us` is this very program, which may have to stand between.
///
/// # Errors
/// [`Failure`].
pub fn run(
    lookout: Option<Arc<dyn Lookout>>,
    us: &Path,
    command: &[OsString],
    make: impl FnOnce(&OsStr, &[OsString]) -> Command,
) -> Result<Report, Failure> {
    let mut watch = Watch::new()?;
    adopt_orphans();
    let on_terminal = lookout.is_some() && isatty(stdout());
    let mut terminal = on_terminal.then(Terminal::open).transpose()?;
    let mut command =
        make(us.as_os_str(), &launcher::between(command, terminal.is_some().then_some(launcher::TERMINAL)));
    let (ended, end) = io::pipe()?;
    let masked = lookout.is_some();
    let pumps = Pumps { lookout, ended, running: Vec::new() };
    let pumps = match &mut terminal {
        Some(terminal) => pumps.with_terminal(&mut command, terminal)?,
        None if masked => pumps.with_pipes(&mut command)?,
        None => pumps,
    };
    let child = command.spawn().map_err(refused)?;
    // The command holds our copies of the child's ends, whose closing is the end of its streams.
    drop(command);
    if let Some(terminal) = &mut terminal {
        terminal.handed_over();
    }
    let child = Pid::from_child(&child);
    if let Some(terminal) = terminal.as_ref().filter(|_| isatty(stdin())) {
        terminal.hand_over_keys()?;
    }
    let pumps = pumps.start()?;
    let how = match &terminal {
        Some(terminal) => until_end(&mut watch, child, &Behind(child, terminal)),
        None => until_end(&mut watch, child, &Beside(child)),
    };
    drop(end);
    if terminal.is_some() {
        drain(&pumps);
    }
    // Keys are the shell's again, whatever is still printed.
    if let Some(terminal) = terminal {
        terminal.restore();
        terminal.end_group(how);
    }
    signals::stand_alone(watch);
    Ok(finish(how, pumps, us))
}

/// Takes the streams to their ends, or leaves them to another process.
fn finish(end: End, pumps: Vec<JoinHandle<Flow>>, us: &Path) -> Report {
    let mut report = Report { end, masked: 0, lost: Vec::new() };
    for flow in pumps.into_iter().filter_map(|pump| pump.join().ok()) {
        report.masked += flow.masked;
        let lost = flow.lost.map(io::Error::from).or(flow.left.and_then(|left| rest::leave(us, left).err()));
        report.lost.extend(lost.map(|error| Lost { stream: flow.name, error }));
    }
    report
}

/// What makes a command too long for the system is the command, not what stands between.
fn refused(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::ArgumentListTooLong => Failure::NotStarted(error),
        _ => Failure::Unable(error),
    }
}

/// Orphans of the command come to us, and are reaped. Where the kernel cannot, they go where they would without us.
fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Pid::from_raw(1));
}

/// Gives what was printed to the end a moment to get through, while the terminal still shows it as it is.
fn drain(pumps: &[JoinHandle<Flow>]) {
    let end = Instant::now() + DRAIN;
    while !pumps.iter().all(JoinHandle::is_finished) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What flows where.
struct Pumps {
    lookout: Option<Arc<dyn Lookout>>,
    /// Closed when the child has ended.
    ended: PipeReader,
    running: Vec<Pump>,
}

impl Pumps {
    fn with_terminal(mut self, command: &mut Command, terminal: &mut Terminal) -> io::Result<Pumps> {
        command.stdout(terminal.child()?);
        if isatty(stdin()) {
            command.stdin(terminal.child()?);
        }
        self.running.push(Pump::to_terminal(terminal.output()?, terminal.on_the_way()));
        match isatty(stderr()) {
            true => command.stderr(terminal.child()?),
            false => command.stderr(self.pipe_to_stderr()?),
        };
        Ok(self)
    }

    fn with_pipes(mut self, command: &mut Command) -> io::Result<Pumps> {
        let (reader, writer) = io::pipe()?;
        self.running.push(Pump::to_stdout(reader.into()));
        match same_file() {
            true => command.stderr(writer.try_clone()?),
            false => command.stderr(self.pipe_to_stderr()?),
        };
        command.stdout(writer);
        Ok(self)
    }

    fn pipe_to_stderr(&mut self) -> io::Result<PipeWriter> {
        let (reader, writer) = io::pipe()?;
        self.running.push(Pump::to_stderr(reader.into()));
        Ok(writer)
    }

    fn start(self) -> io::Result<Vec<JoinHandle<Flow>>> {
        let Some(lookout) = self.lookout else { return Ok(Vec::new()) };
        let start = |pump: Pump| Ok(pump.start(Arc::clone(&lookout), self.ended.try_clone()?));
        self.running.into_iter().map(start).collect()
    }
}

/// Whether standard output and standard error go to the same place.
fn same_file() -> bool {
    match (rustix::fs::fstat(stdout()), rustix::fs::fstat(stderr())) {
        (Ok(out), Ok(err)) => (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino),
        _ => false,
    }
}
