//! The process and its terminal, on Unix.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;

use rustix::io::Errno;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// No core dump of ours, and no debugger of the same user's. Where the kernel refuses, there is nothing better to do. A command
/// that takes our place is dumpable again. Elsewhere than on Linux, only a limit could be set, which the command would inherit.
pub(super) fn keep_out_of_cores() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Nothing of the terminal is held any more: it may be closed, and whoever reads our output sees its end.
pub(super) fn leave_the_terminal() -> io::Result<()> {
    let nowhere = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    rustix::stdio::dup2_stderr(&nowhere)?;
    // The group is the shell's, to which a terminal sends what is typed.
    let _ = rustix::process::setsid();
    Ok(())
}

/// Our standard output.
pub(super) fn output() -> io::Result<File> {
    Ok(rustix::stdio::stdout().try_clone_to_owned()?.into())
}

/// Sees to it that a signal which ends us while nothing is echoed leaves the terminal as it was.
pub(super) fn restore_when_stopped() -> io::Result<()> {
    let terminal = File::open("/dev/tty")?;
    let state = tcgetattr(&terminal)?;
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _ = tcsetattr(&terminal, OptionalActions::Now, &state);
            let _ = emulate_default_handler(signal);
        }
    });
    Ok(())
}

/// Whether the file has the right to be executed, for any user.
pub(super) fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.mode() & 0o111 != 0)
}

/// Whether the system refused a file since it is in no form that it executes.
pub(super) fn is_no_program(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::NOEXEC)
}
