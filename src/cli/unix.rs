//! The process and its terminal, on Unix.

use std::fs::File;
use std::io;
use std::os::fd::RawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// The most descriptors that are tried where the system does not list those that are open.
const MOST_OPEN: RawFd = 65_536;

/// Prevents core dumps, and debuggers of the same user. If the kernel refuses, there is no other way. After `exec`, the command
/// is dumpable again. Other systems than Linux only have a resource limit, which the command would inherit.
pub(super) fn keep_out_of_cores() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Closes every inherited descriptor except the standard streams: an agent would keep a pipe or a lock for as long as it runs.
/// Only for the start of the process, before it opens any descriptor of its own.
pub(super) fn close_inherited() {
    let listed = |folder| -> Option<Vec<RawFd>> {
        // Read completely first: the folder itself is an open descriptor while it is read.
        let names = std::fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Some(names.filter_map(|name| name.parse().ok()).collect())
    };
    let all = || {
        let limit = getrlimit(Resource::Nofile).current.and_then(|limit| RawFd::try_from(limit).ok());
        (3..limit.map_or(MOST_OPEN, |limit| limit.min(MOST_OPEN))).collect()
    };
    let open = listed("/proc/self/fd").or_else(|| listed("/dev/fd")).unwrap_or_else(all);
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        let _ = nix::unistd::close(descriptor);
    }
}

/// Leaves the current folder, so that its volume can be unmounted.
pub(super) fn leave_the_folder() {
    let _ = std::env::set_current_dir("/");
}

/// Releases the terminal: it may be closed, and a reader of the output gets its end.
pub(super) fn leave_the_terminal() -> io::Result<()> {
    let nowhere = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nowhere)?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    rustix::stdio::dup2_stderr(&nowhere)?;
    // A new session: the terminal sends its signals (Ctrl-C) to the shell's process group.
    let _ = rustix::process::setsid();
    Ok(())
}

/// A descriptor of standard input.
pub(super) fn input() -> io::Result<File> {
    Ok(rustix::stdio::stdin().try_clone_to_owned()?.into())
}

/// A descriptor of standard output.
pub(super) fn output() -> io::Result<File> {
    Ok(rustix::stdio::stdout().try_clone_to_owned()?.into())
}

/// Restores the terminal if a signal ends the process while echo is off.
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

/// Whether any user may execute the file.
pub(super) fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.mode() & 0o111 != 0)
}

/// Whether the system does not execute files of this format (`ENOEXEC`).
pub(super) fn is_no_program(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::NOEXEC)
}
