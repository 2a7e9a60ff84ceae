//! What stands between a supervisor and the command: a co-cred that takes its place in the world first. Between `fork` and
//! `exec` nothing but this could be done without `unsafe`.
//!
//! With pipes, it ends with its parent and becomes the command. With a terminal it stays: as the leader of a session of
//! its own, with the same below it to become the command in front of the terminal, it is what makes job control work in there, since the kernel does not stop a group that nobody in its session
//! could start again. Where standard input is no terminal, the command is not in front before it reaches for the keys: the
//! kernel stops it then, the leader puts it in front, and stops itself until the supervisor has handed the keys over.

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

use super::super::End;
use super::replace;
use super::signals::{Keeper, Watch, until_end};

/// Where we stand between: as the leader of a session, or below it.
pub(super) const TERMINAL: &str = "--terminal";
const IN_FRONT: &str = "--in-front";

/// How long it takes at most to be put in front, and how often it is looked whether we are.
const AT_MOST: Duration = Duration::from_secs(5);
const BEAT: Duration = Duration::from_micros(200);

/// The arguments by which we stand between: that, where it is, and then the command.
pub(super) fn between(command: &[OsString], place: Option<&str>) -> Vec<OsString> {
    let parent = std::process::id().to_string();
    let ours = ["supervised", "--parent", &parent].into_iter().chain(place).chain(["--"]);
    ours.map(OsString::from).chain(command.iter().cloned()).collect()
}

/// Becomes the command, which ends with `parent`. Returns only where that fails.
///
/// `in_front`: not before we are in front of the terminal that is our standard output.
pub fn become_command(command: &[OsString], parent: i32, in_front: bool) -> io::Error {
    match end_with(parent) {
        Err(error) => error,
        Ok(()) => {
            if in_front {
                wait_to_be_in_front();
            }
            let Some((program, args)) = command.split_first() else { return io::ErrorKind::InvalidInput.into() };
            let mut command = Command::new(program);
            command.args(args);
            replace(command)
        }
    }
}

/// Runs the command on the terminal that is our standard output, and returns how it ended.
///
/// # Errors
/// The terminal cannot be had, or the command cannot be started.
pub fn lead_command(command: &[OsString], parent: i32) -> io::Result<End> {
    let has_keys = isatty(stdin());
    let controls = has_keys || File::open("/dev/tty").is_ok();
    setsid()?;
    if controls {
        ioctl_tiocsctty(stdout())?;
    }
    end_with(parent)?;
    let mut watch = Watch::new()?;
    let command = match has_keys {
        true => [vec![std::env::current_exe()?.into()], between(command, Some(IN_FRONT))].concat(),
        false => command.to_vec(),
    };
    let (program, args) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let child = Command::new(program).args(args).process_group(0).spawn()?;
    let leader = Leader { group: Pid::from_child(&child), has_keys: Cell::new(has_keys) };
    if has_keys {
        leader.put_in_front();
    }
    Ok(until_end(&mut watch, leader.group, &leader))
}

/// The leader of the session puts us in front once we are here. No command is to see its terminal before that: it is stopped for
/// reading it, and may make of that a stop of another kind.
fn wait_to_be_in_front() {
    let end = Instant::now() + AT_MOST;
    while tcgetpgrp(stdout()).is_ok_and(|group| group != getpid()) && Instant::now() < end {
        thread::sleep(BEAT);
    }
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
    has_keys: Cell<bool>,
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
            // It reached for the terminal before it was in front. What starts us again is handed on.
            SIGTTIN | SIGTTOU if !self.has_keys.replace(true) => {
                self.put_in_front();
                let _ = kill_process(getpid(), Signal::STOP);
            }
            SIGTTIN | SIGTTOU => {
                self.put_in_front();
                let _ = kill_process_group(self.group, Signal::CONT);
            }
            // The supervisor sees it, and starts us again; we are told, and hand that on.
            _ => drop(kill_process(getpid(), Signal::STOP)),
        }
    }
}
