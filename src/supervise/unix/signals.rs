//! Signals: each one that can be forwarded goes to the child, until the child exits.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

use nix::sys::signal::SigSet;
use rustix::process::{Pid, Resource, Signal, WaitOptions, WaitStatus, getpid, getrlimit, wait, waitpid};
use signal_hook::consts::signal::{SIGCHLD, SIGHUP, SIGINT, SIGIO, SIGQUIT, SIGTERM, SIGXCPU, SIGXFSZ};
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::{Signals, SignalsInfo};
use signal_hook::low_level::emulate_default_handler;
use signal_hook::low_level::siginfo::{Cause, Origin};

use crate::process::{IgnoredSignals, if_none_running};
use crate::supervise::report::Exit;

/// The signals that are forwarded. KILL and STOP cannot be caught; ILL, FPE, SEGV, BUS, TRAP, ABRT and PIPE report faults of
/// this process; TTIN and TTOU stop a process that uses a terminal from the background, which each process does by itself.
const FORWARDED: &[Signal] = &[
    Signal::HUP,
    Signal::INT,
    Signal::QUIT,
    Signal::TERM,
    Signal::USR1,
    Signal::USR2,
    Signal::ALARM,
    Signal::VTALARM,
    Signal::PROF,
    Signal::CONT,
    Signal::TSTP,
    Signal::WINCH,
    Signal::URG,
    Signal::IO,
    Signal::XCPU,
    Signal::XFSZ,
    Signal::SYS,
    #[cfg(target_os = "linux")]
    Signal::POWER,
    #[cfg(target_os = "linux")]
    Signal::STKFLT,
];

/// The signals that a terminal sends to its whole foreground process group. The kernel sends others to one process: an alarm,
/// a hang-up to the session's leader.
const SENT_TO_GROUP: [Signal; 4] = [Signal::INT, Signal::QUIT, Signal::TSTP, Signal::WINCH];

/// Job control of a child: how a signal reaches it, and what happens when it stops.
pub(super) trait JobControl {
    /// Forwards a signal. One that came from a terminal went to every process of the foreground group.
    fn forward(&self, signal: Signal, from_terminal: bool);

    /// The child was stopped by this signal.
    fn on_stop(&self, signal: i32);
}

/// The signals to this process, caught from [`CaughtSignals::new`] on. One that was ignored at the start stays ignored, for
/// the child as well.
pub(super) struct CaughtSignals(SignalsInfo<WithOrigin>);

impl CaughtSignals {
    pub(super) fn new() -> io::Result<CaughtSignals> {
        let ignored = IgnoredSignals::now();
        let forwarded = FORWARDED.iter().map(|signal| signal.as_raw()).filter(|signal| !ignored.contains(*signal));
        let caught: Vec<i32> = forwarded.chain([SIGCHLD]).collect();
        let signals = SignalsInfo::new(&caught)?;
        receive_blocked(&caught)?;
        Ok(CaughtSignals(signals))
    }

    /// Forwards signals to the child until it exits.
    pub(super) fn forward_until_exit(&mut self, child: Pid, control: &dyn JobControl) -> Exit {
        for origin in self.0.forever() {
            let is_forwarded = origin.signal != SIGCHLD && !is_about_this_process(&origin);
            if let Some(signal) = Signal::from_named_raw(origin.signal).filter(|_| is_forwarded) {
                control.forward(signal, is_from_kernel(&origin) && SENT_TO_GROUP.contains(&signal));
            }
            if let Some(exit) = reap(child, control) {
                return exit;
            }
        }
        unreachable!("the signals are never closed, and were caught before the child was started")
    }

    /// The child has exited: from now on each signal has its default effect on this process.
    pub(super) fn apply_defaults(mut self) {
        std::thread::spawn(move || {
            let is_ours = |origin: &Origin| origin.signal != SIGCHLD && !is_about_this_process(origin);
            for origin in self.0.forever().filter(is_ours) {
                let _ = emulate_default_handler(origin.signal);
            }
        });
    }
}

/// Receives, on a thread, those of these signals that the parent of this process blocked: a child's exit would go unnoticed.
/// They stay blocked in the other threads, whose mask the child inherits.
fn receive_blocked(caught: &[i32]) -> io::Result<()> {
    let mask = SigSet::thread_get_mask()?;
    let named = caught.iter().filter_map(|signal| nix::sys::signal::Signal::try_from(*signal).ok());
    let blocked: SigSet = named.filter(|signal| mask.contains(*signal)).collect();
    if blocked == SigSet::empty() {
        return Ok(());
    }
    let receive = move || {
        let _ = blocked.thread_unblock();
        loop {
            std::thread::park();
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(receive).map(drop)
}

/// Whether the kernel sent it and no process. Where the kernel does not say so, as on macOS, it names no sender.
fn is_from_kernel(origin: &Origin) -> bool {
    matches!(origin.cause, Cause::Kernel) || (cfg!(not(target_os = "linux")) && origin.process.is_none())
}

/// Whether it is not to be forwarded: this process sent it to its own group because of a key, or reached one of its own
/// limits (the child has limits of its own). Linux reports the limit on file sizes as if the process had signalled itself.
fn is_about_this_process(origin: &Origin) -> bool {
    let is_own = origin.process.is_some_and(|sender| sender.pid == getpid().as_raw_pid());
    is_own || (matches!(origin.signal, SIGXFSZ | SIGXCPU) && is_from_kernel(origin))
}

/// Takes the status of every child that exited or stopped; returns the exit of `child`. While another thread runs a program,
/// only `child` is waited for: the thread needs that program's status itself, and orphans are reaped later.
fn reap(child: Pid, control: &dyn JobControl) -> Option<Exit> {
    let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
    while let Ok(Some((_, status))) = waitpid(Some(child), options) {
        if let Some(exit) = exit_of(status, control) {
            return Some(exit);
        }
    }
    let mut exit = None;
    if_none_running(|| {
        while exit.is_none()
            && let Ok(Some((pid, status))) = wait(options)
        {
            exit = if pid == child { exit_of(status, control) } else { None };
        }
    });
    exit
}

fn exit_of(status: WaitStatus, control: &dyn JobControl) -> Option<Exit> {
    match (status.exit_status(), status.terminating_signal(), status.stopping_signal()) {
        // The kernel keeps eight bits of a code.
        (Some(code), _, _) => return Some(Exit::Code(u8::try_from(code).unwrap_or(u8::MAX))),
        (_, Some(signal), _) => return Some(Exit::Signal(signal)),
        (_, _, Some(signal)) => control.on_stop(signal),
        _ => {}
    }
    None
}

/// Makes writes beyond the limit on file sizes (`ulimit -f`) fail, where the signal would end this process. A handler is not
/// inherited: a command that replaces this process has the default action, and where the signal was ignored it stays ignored.
pub fn fail_writes_over_file_limit() {
    let is_limited = getrlimit(Resource::Fsize).current.is_some();
    if is_limited && !IgnoredSignals::now().contains(SIGXFSZ) {
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    }
}

/// Runs `work` before a signal ends this process, which then ends by that signal. One that was ignored stays ignored.
///
/// # Errors
/// The signals cannot be caught, or no thread can be started.
pub fn on_termination(work: fn()) -> io::Result<()> {
    let ignored = IgnoredSignals::now();
    let caught = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter().filter(|signal| !ignored.contains(*signal));
    let mut signals = Signals::new(caught)?;
    std::thread::Builder::new().spawn(move || {
        for signal in signals.forever() {
            work();
            let _ = emulate_default_handler(signal);
        }
    })?;
    Ok(())
}

/// Ends this process by a signal, as its default action does. Returns where that is not possible.
pub fn terminate_by_signal(signal: i32) {
    // SIGIO ends a process on Linux, where the library takes it for one that is ignored.
    if signal == SIGIO || emulate_default_handler(signal).is_err() {
        terminate_by_shell(signal);
    }
}

/// The library knows the default action of neither this signal nor a real-time one. A program that replaces this process has
/// the default action of every signal that is caught here.
fn terminate_by_shell(signal: i32) {
    let _ = SigSet::all().thread_unblock();
    let (signal, code) = (signal.to_string(), (128 + signal).to_string());
    let mut shell = Command::new("/bin/sh");
    let _ = shell.args(["-c", "kill -\"$1\" $$; exit \"$2\"", "sh", &signal, &code]).env_clear().exec();
}
