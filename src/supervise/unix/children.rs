//! Job control of the two kinds of children: one on pipes, and one on a terminal of its own.

use rustix::process::{Pid, Signal, getpid, kill_process};
use signal_hook::consts::signal::{SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};

use super::signals::JobControl;
use super::terminal::Terminal;

/// A child on pipes, in the process group of this process.
pub(super) struct PipeChild(pub(super) Pid);

impl JobControl for PipeChild {
    fn forward(&self, signal: Signal, from_terminal: bool) {
        // The terminal has sent it to the child as well.
        if !from_terminal {
            let _ = kill_process(self.0, signal);
        }
    }

    fn on_stop(&self, signal: i32) {
        // Stops this process too, which its parent sees. The signal that continues it is forwarded.
        if matches!(signal, SIGTSTP | SIGTTIN | SIGTTOU) {
            let _ = kill_process(getpid(), Signal::STOP);
        }
    }
}

/// A child on a terminal of its own: the launcher, which leads the session there.
pub(super) struct PtyChild<'a> {
    pub(super) launcher: Pid,
    pub(super) terminal: &'a Terminal,
}

impl JobControl for PtyChild<'_> {
    fn forward(&self, signal: Signal, _: bool) {
        match signal {
            Signal::WINCH => self.terminal.resize(),
            Signal::CONT => {
                self.terminal.set_raw();
                self.terminal.resize();
                let _ = kill_process(self.launcher, signal);
            }
            signal => drop(kill_process(self.launcher, signal)),
        }
    }

    fn on_stop(&self, signal: i32) {
        // The launcher stops itself, by the one signal that stops any process, when the command stopped or asks for input.
        if signal != SIGSTOP {
            return;
        }
        if self.terminal.wants_input(self.launcher) {
            self.terminal.wait_for_foreground();
            // Where this fails, the command waits for input that does not come, until a signal ends it.
            let _ = self.terminal.start_input();
        } else {
            self.terminal.suspend();
        }
        let _ = kill_process(self.launcher, Signal::CONT);
    }
}
