//! What stands between a supervisor and the command: a co-cred that takes its place in the world first. Between `fork` and
//! `exec` nothing but this could be done without `unsafe`.
//!
//! With pipes, it ends with its parent and becomes the command. With a terminal it stays: as the leader of a session of
//! its own it is what makes job control work in there, since the kernel does not stop a group that nobody in its session
//! could start again.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Pid, Signal, getpid, getppid, ioctl_tiocsctty, kill_process, kill_process_group, setsid};
use rustix::stdio::stdout;
use rustix::termios::tcsetpgrp;
use signal_hook::consts::signal::{SIGTTIN, SIGTTOU};

use super::super::End;
use super::replace;
use super::signals::{Keeper, Watch, until_end};

/// The arguments by which we stand between: that, and then the command.
pub(super) fn between(command: &[OsString], terminal: bool) -> Vec<OsString> {
    let parent = std::process::id().to_string();
    let ours = ["supervised", "--parent", &parent].into_iter().chain(terminal.then_some("--terminal")).chain(["--"]);
    ours.map(OsString::from).chain(command.iter().cloned()).collect()
}

/// Becomes the command, which ends with `parent`. Returns only where that fails.
pub fn become_command(command: &[OsString], parent: i32) -> io::Error {
    match end_with(parent) {
        Err(error) => error,
        Ok(()) => match command.split_first() {
            Some((program, args)) => {
                let mut command = Command::new(program);
                command.args(args);
                replace(command)
            }
            None => io::ErrorKind::InvalidInput.into(),
        },
    }
}

/// Runs the command on the terminal that is our standard output, and returns how it ended.
///
/// # Errors
/// The terminal cannot be had, or the command cannot be started.
pub fn lead_command(command: &[OsString], parent: i32) -> io::Result<End> {
    setsid()?;
    ioctl_tiocsctty(stdout())?;
    end_with(parent)?;
    let mut watch = Watch::new()?;
    let (program, args) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let child = Command::new(program).args(args).process_group(0).spawn()?;
    let leader = Leader { group: Pid::from_child(&child) };
    leader.put_in_front();
    Ok(until_end(&mut watch, leader.group, &leader))
}

/// Elsewhere than on Linux, a command outlives a supervisor that is killed.
fn end_with(parent: i32) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
    // It may have died before that.
    if getppid() != Pid::from_raw(parent) {
        kill_process(getpid(), Signal::TERM)?;
    }
    Ok(())
}

/// Whoever leads the session in which the command is a group of its own.
struct Leader {
    group: Pid,
}

impl Leader {
    fn put_in_front(&self) {
        let _ = tcsetpgrp(stdout(), self.group);
    }
}

impl Keeper for Leader {
    fn hand_on(&self, signal: Signal, _: bool) {
        // What a terminal sends, it sends to one group: where that is ours, the command has not got it.
        let _ = kill_process_group(self.group, signal);
    }

    fn stopped(&self, signal: i32) {
        match signal {
            // It read or wrote before it was put in front.
            SIGTTIN | SIGTTOU => {
                self.put_in_front();
                let _ = kill_process_group(self.group, Signal::CONT);
            }
            // The supervisor sees it, and starts us again; we are told, and hand that on.
            _ => drop(kill_process(getpid(), Signal::STOP)),
        }
    }
}
