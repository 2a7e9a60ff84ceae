//! Supervision on Unix. Where our standard output is a terminal, the child has a terminal of its own; elsewhere it has pipes.
//! The child inherits our standard input, unless that and our standard output are both terminals.
//!
//! Input is forwarded to the child's terminal from the start where our standard input is a terminal. Elsewhere other programs
//! may want to read the terminal, in the same pipeline or around it: the command is in the background of its terminal then,
//! and receives input once the kernel has stopped it for reading.

mod children;
mod handoff;
mod input;
mod launcher;
mod line_ends;
mod pty;
mod signals;
mod stream;
mod streams;
mod terminal;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustix::process::Pid;
use rustix::stdio::{stdin, stdout};
use rustix::termios::isatty;

use super::mask::MatcherProvider;
use super::report::{Report, SuperviseError};
use children::{PipeChild, PtyChild};
use signals::CaughtSignals;
use streams::Streams;
use terminal::Terminal;

pub use handoff::resume_masking;
pub use launcher::{become_command, lead_session};
pub use signals::{fail_writes_over_file_limit, on_termination, terminate_by_signal};

/// Replaces this process with a command (`execve`). Returns only on failure.
pub fn replace(mut command: Command) -> io::Error {
    command.exec()
}

/// Runs a command to its end, and masks its output with the matcher of `provider`; without one, its output is ours.
///
/// `make` turns a program and its arguments into the `Command` to start. `co_cred` is this very program, which is started as
/// the launcher.
///
/// # Errors
/// [`SuperviseError`].
pub fn run(
    provider: Option<Arc<dyn MatcherProvider>>,
    co_cred: &Path,
    command: &[OsString],
    make: impl FnOnce(&OsStr, &[OsString]) -> Command,
) -> Result<Report, SuperviseError> {
    let mut signals = CaughtSignals::new()?;
    adopt_orphans();
    let mut terminal = (provider.is_some() && isatty(stdout())).then(Terminal::open).transpose()?;
    let option = terminal.is_some().then_some(launcher::TERMINAL);
    let mut command = make(co_cred.as_os_str(), &launcher::arguments(command, option));
    let streams = match &terminal {
        Some(terminal) => Streams::on_terminal(&mut command, terminal)?,
        None if provider.is_some() => Streams::on_pipes(&mut command)?,
        None => Streams::default(),
    };
    let (exit_reader, exit_writer) = io::pipe()?;
    let child = Pid::from_child(&command.spawn().map_err(spawn_error)?);
    // `command` holds copies of the child's pipe ends: a stream ends only once every copy is closed.
    drop(command);
    if let Some(terminal) = &mut terminal {
        terminal.close_child_side();
        if isatty(stdin()) {
            terminal.start_input()?;
        }
    }
    let streams = streams.start(provider, &exit_reader)?;
    let exit = match &terminal {
        Some(terminal) => signals.forward_until_exit(child, &PtyChild { launcher: child, terminal }),
        None => signals.forward_until_exit(child, &PipeChild(child)),
    };
    drop(exit_writer);
    if let Some(terminal) = terminal {
        streams.flush();
        // The shell reads the terminal again, even where output is still to come.
        terminal.restore();
        terminal.signal_group(exit);
    }
    signals.apply_defaults();
    Ok(streams.finish(exit, co_cred))
}

/// A command line that is too long for the system is the command's fault, not the launcher's.
fn spawn_error(error: io::Error) -> SuperviseError {
    match error.kind() {
        io::ErrorKind::ArgumentListTooLong => SuperviseError::NotStarted(error),
        _ => SuperviseError::Setup(error),
    }
}

/// Makes orphans of the command children of this process, which reaps them. Only Linux has that.
fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Pid::from_raw(1));
}
