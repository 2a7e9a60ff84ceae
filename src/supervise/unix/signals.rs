//! Every signal that can be handed on is; the child's end is ours.

use std::io;
use std::sync::Arc;

use rustix::process::{Pid, Resource, Signal, WaitOptions, WaitStatus, getpid, getrlimit, kill_process, wait, waitpid};
use signal_hook::consts::signal::*;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::{Signals, SignalsInfo};
use signal_hook::low_level::emulate_default_handler;
use signal_hook::low_level::siginfo::{Cause, Origin};

use crate::process::{Ignored, where_none_runs};

use super::super::End;
use super::terminal::Terminal;

/// The signals that are handed on. KILL and STOP cannot be; ILL, FPE, SEGV, BUS, TRAP, ABRT and PIPE are about us, and so
/// are TTIN and TTOU, which stop whoever reaches for a terminal that is not theirs just now.
const HANDED_ON: &[Signal] = &[
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

/// Those that a terminal sends to the whole group in front of it. The kernel sends others to one process: an alarm, a
/// hang-up to a session's leader.
const TO_THE_GROUP: [Signal; 4] = [Signal::INT, Signal::QUIT, Signal::TSTP, Signal::WINCH];

/// Signals that come to us from now on. One that was ignored when we were started stays ignored, for the child as well.
pub(super) struct Watch(SignalsInfo<WithOrigin>);

impl Watch {
    pub(super) fn new() -> io::Result<Watch> {
        let ignored = Ignored::now();
        let heard = HANDED_ON.iter().map(|signal| signal.as_raw()).filter(|signal| !ignored.has(*signal));
        Ok(Watch(SignalsInfo::new(heard.chain([SIGCHLD]))?))
    }
}

/// From now on a write beyond the limit on the size of files (`ulimit -f`) fails, and does not end us. A handler is not
/// handed down: a command that takes our place has the limit as it was, and one that ignores the signal goes on ignoring it.
pub fn outlive_file_limit() {
    let is_limited = getrlimit(Resource::Fsize).current.is_some();
    if is_limited && !Ignored::now().has(SIGXFSZ) {
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    }
}

/// Whoever looks after a child: how a signal reaches it, and what its being stopped means.
pub(super) trait Keeper {
    /// Hands a signal on; one that the terminal made has gone to everybody in front of it.
    fn hand_on(&self, signal: Signal, by_terminal: bool);

    /// The child was stopped, as job control does it, by this signal.
    fn stopped(&self, signal: i32);
}

/// Does something before a signal ends this program, which goes on to end by it. One that was ignored stays ignored.
///
/// # Errors
/// The system lets no signal be waited for.
pub fn before_end(work: fn()) -> io::Result<()> {
    let ignored = Ignored::now();
    let ends = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter().filter(|signal| !ignored.has(*signal));
    let mut signals = Signals::new(ends)?;
    std::thread::Builder::new().spawn(move || {
        for signal in signals.forever() {
            work();
            let _ = emulate_default_handler(signal);
        }
    })?;
    Ok(())
}

/// Hands on what comes until the child has ended.
pub(super) fn until_end(watch: &mut Watch, child: Pid, keeper: &dyn Keeper) -> End {
    for origin in watch.0.forever() {
        let is_news = origin.signal != SIGCHLD && !is_about_us(&origin);
        if let Some(signal) = Signal::from_named_raw(origin.signal).filter(|_| is_news) {
            keeper.hand_on(signal, is_of_kernel(&origin) && TO_THE_GROUP.contains(&signal));
        }
        if let Some(end) = reap(child, keeper) {
            return end;
        }
    }
    unreachable!("nobody closes the watch, which was there before the child")
}

/// Whether nobody sent it. Where the kernel does not say so, as macOS, it names no sender.
fn is_of_kernel(origin: &Origin) -> bool {
    matches!(origin.cause, Cause::Kernel) || (cfg!(not(target_os = "linux")) && origin.process.is_none())
}

/// Whether it is no word to the child, nor an end of ours: a limit of ours was reached, for which the child has its own, or we
/// have told our group of a key. Linux tells of a file's size as if we had sent that to ourselves.
fn is_about_us(origin: &Origin) -> bool {
    let is_ours = origin.process.is_some_and(|sender| sender.pid == getpid().as_raw_pid());
    is_ours || (matches!(origin.signal, SIGXFSZ | SIGXCPU) && is_of_kernel(origin))
}

/// With no child left to hand them to, signals mean us: from now on they do what they do to anybody.
pub(super) fn stand_alone(mut watch: Watch) {
    std::thread::spawn(move || {
        for origin in watch.0.forever().filter(|origin| origin.signal != SIGCHLD && !is_about_us(origin)) {
            let _ = emulate_default_handler(origin.signal);
        }
    });
}

/// Takes note of every process of ours that has ended or stopped; the child's end is returned. A program that another
/// thread runs is its own to wait for: as long as one runs, orphans of the command's are left for later.
fn reap(child: Pid, keeper: &dyn Keeper) -> Option<End> {
    let how = WaitOptions::NOHANG | WaitOptions::UNTRACED;
    while let Ok(Some((_, status))) = waitpid(Some(child), how) {
        if let Some(end) = take_note(status, keeper) {
            return Some(end);
        }
    }
    let mut end = None;
    where_none_runs(|| {
        while end.is_none()
            && let Ok(Some((pid, status))) = wait(how)
        {
            end = if pid == child { take_note(status, keeper) } else { None };
        }
    });
    end
}

fn take_note(status: WaitStatus, keeper: &dyn Keeper) -> Option<End> {
    match (status.exit_status(), status.terminating_signal(), status.stopping_signal()) {
        (Some(code), _, _) => return Some(End::Code(code as u8)),
        (_, Some(signal), _) => return Some(End::Signal(signal)),
        (_, _, Some(signal)) => keeper.stopped(signal),
        _ => {}
    }
    None
}

/// A child in our own group, on pipes.
pub(super) struct Beside(pub(super) Pid);

impl Keeper for Beside {
    fn hand_on(&self, signal: Signal, by_terminal: bool) {
        if !by_terminal {
            let _ = kill_process(self.0, signal);
        }
    }

    fn stopped(&self, signal: i32) {
        // Whoever started us sees us stopped; what starts us again is handed on.
        if matches!(signal, SIGTSTP | SIGTTIN | SIGTTOU) {
            let _ = kill_process(getpid(), Signal::STOP);
        }
    }
}

/// The leader of a session on a terminal of ours.
pub(super) struct Behind<'a>(pub(super) Pid, pub(super) &'a Terminal);

impl Keeper for Behind<'_> {
    fn hand_on(&self, signal: Signal, _: bool) {
        match signal {
            Signal::WINCH => self.1.resize(),
            Signal::CONT => {
                self.1.raw();
                self.1.resize();
                let _ = kill_process(self.0, signal);
            }
            signal => drop(kill_process(self.0, signal)),
        }
    }

    fn stopped(&self, signal: i32) {
        // The leader stops itself, with a signal that works on any process: the command was stopped, or reaches for the keys.
        if signal != SIGSTOP {
            return;
        }
        if self.1.lacks_keys(self.0) {
            self.1.wait_for_keys();
            // Where that fails, the command waits for keys that do not come, and a signal ends it.
            let _ = self.1.hand_over_keys();
        } else {
            self.1.suspend();
        }
        let _ = kill_process(self.0, Signal::CONT);
    }
}
