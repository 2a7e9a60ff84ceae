//! The launcher: the process between supervisor and command. It is co-cred itself, and prepares what can only be done
//! between `fork` and `exec`, where Rust code would need `unsafe`.
//!
//! On pipes, the launcher arranges to end with its parent, and becomes the command. On a terminal, it stays: it leads a
//! session of its own, and starts a second launcher that becomes the command in the terminal's foreground group. So job
//! control works there, since the kernel does not stop a group without a parent in the same session that could continue it.
//! Where standard input is no terminal, the command starts in the background: the kernel stops it when it first uses the
//! terminal; the leader then puts it in the foreground, and stops itself until the supervisor forwards input.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpid, getppid, ioctl_tiocsctty, kill_process, kill_process_group, setsid};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{isatty, tcgetpgrp, tcsetpgrp};
use signal_hook::consts::signal::{SIGTTIN, SIGTTOU};

use super::signals::{CaughtSignals, JobControl};
use crate::supervise::report::Exit;

/// The launcher's options: lead a session on a terminal, or wait there for the foreground.
pub(super) const TERMINAL: &str = "--terminal";
const FOREGROUND: &str = "--foreground";

/// How long to wait for the foreground, and how often to look.
const FOREGROUND_TIMEOUT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// The launcher's arguments for a command.
pub(super) fn arguments(command: &[OsString], option: Option<&str>) -> Vec<OsString> {
    let parent = std::process::id().to_string();
    let ours = ["supervised", "--parent", &parent].into_iter().chain(option).chain(["--"]);
    ours.map(OsString::from).chain(command.iter().cloned()).collect()
}

/// Becomes the command, which ends with `parent`. With `foreground`, only once it is in the foreground of the terminal on
/// standard output. Returns only on failure.
pub fn become_command(command: &[OsString], parent: i32, foreground: bool) -> io::Error {
    if let Err(error) = end_with(parent) {
        return error;
    }
    if foreground {
        wait_for_foreground();
    }
    let Some((program, args)) = command.split_first() else { return io::ErrorKind::InvalidInput.into() };
    Command::new(program).args(args).exec()
}

/// Leads a session on the terminal that is standard output, runs the command there, and returns how it ended.
///
/// # Errors
/// The terminal cannot be made the session's, or the command cannot be started.
pub fn lead_session(command: &[OsString], parent: i32) -> io::Result<Exit> {
    let has_input = isatty(stdin());
    let has_terminal = has_input || File::open("/dev/tty").is_ok();
    setsid()?;
    if has_terminal {
        ioctl_tiocsctty(stdout())?;
    }
    end_with(parent)?;
    let mut signals = CaughtSignals::new()?;
    let command = match has_input {
        true => [vec![std::env::current_exe()?.into()], arguments(command, Some(FOREGROUND))].concat(),
        false => command.to_vec(),
    };
    let (program, args) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let child = Command::new(program).args(args).process_group(0).spawn()?;
    let leader = SessionLeader { group: Pid::from_child(&child), has_input: Cell::new(has_input) };
    if has_input {
        leader.put_in_foreground();
    }
    Ok(signals.forward_until_exit(leader.group, &leader))
}

/// Waits until the session's leader has put this process in the foreground. A command that used its terminal earlier would
/// be stopped, and might handle that as a stop of another kind.
fn wait_for_foreground() {
    let end = Instant::now() + FOREGROUND_TIMEOUT;
    while tcgetpgrp(stdout()).is_ok_and(|group| group != getpid()) && Instant::now() < end {
        thread::sleep(POLL_INTERVAL);
    }
}

/// Has this process end with its parent. Only Linux has that: elsewhere a command outlives a supervisor that is killed.
fn end_with(parent: i32) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
    // The parent may have ended before that.
    if getppid() != Pid::from_raw(parent) {
        kill_process(getpid(), Signal::TERM)?;
    }
    Ok(())
}

/// The leader of the session in which the command is a process group of its own.
struct SessionLeader {
    group: Pid,
    /// Whether the command may read the terminal.
    has_input: Cell<bool>,
}

impl SessionLeader {
    fn put_in_foreground(&self) {
        let _ = tcsetpgrp(stdout(), self.group);
    }
}

impl JobControl for SessionLeader {
    fn forward(&self, signal: Signal, _: bool) {
        // The command has a process group of its own: a signal that reached this process has not reached it.
        let _ = kill_process_group(self.group, signal);
    }

    fn on_stop(&self, signal: i32) {
        match signal {
            // The command used the terminal from the background. The signal that continues this process is forwarded.
            SIGTTIN | SIGTTOU if !self.has_input.replace(true) => {
                self.put_in_foreground();
                let _ = kill_process(getpid(), Signal::STOP);
            }
            SIGTTIN | SIGTTOU => {
                self.put_in_foreground();
                let _ = kill_process_group(self.group, Signal::CONT);
            }
            // The supervisor sees this stop, and continues this process, which forwards the signal.
            _ => drop(kill_process(getpid(), Signal::STOP)),
        }
    }
}
