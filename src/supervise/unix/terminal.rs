//! The child's terminal. It has the size and modes of our terminal, which passes every key on to it.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, getpid, kill_current_process_group, kill_process};
use rustix::stdio::stdout;
use rustix::termios::{OptionalActions, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr, tcsetwinsize};
use signal_hook::consts::signal::{SIGINT, SIGQUIT};

use super::input::{InputTerminal, TypedKeys};
use super::pty;
use crate::supervise::report::Exit;

/// How long the child's output may take to be written.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(200);

/// The child's terminal, and the one that its input comes from.
pub(super) struct Terminal {
    input: Option<InputTerminal>,
    /// Whether input is forwarded to the child.
    forwards_input: Cell<bool>,
    typed: Arc<TypedKeys>,
    output_lock: Arc<Mutex<()>>,
    control: OwnedFd,
    /// The child's side, until the child has it.
    child: Option<File>,
}

impl Terminal {
    pub(super) fn open() -> io::Result<Terminal> {
        let input = InputTerminal::find()?;
        let (control, child) = pty::open()?;
        let shown = tcgetattr(stdout())?;
        let mut modes = input.as_ref().map_or_else(|| shown.clone(), |input| input.modes.clone());
        modes.output_modes = shown.output_modes;
        tcsetattr(&child, OptionalActions::Now, &modes)?;
        let (forwards_input, typed, output_lock) = (Cell::new(false), Arc::default(), Arc::default());
        let terminal = Terminal { input, forwards_input, typed, output_lock, control, child: Some(child) };
        terminal.resize();
        Ok(terminal)
    }

    /// The child's side, as one of its standard streams.
    pub(super) fn child(&self) -> io::Result<Stdio> {
        let child: io::Result<&File> = self.child.as_ref().ok_or(io::ErrorKind::NotConnected.into());
        child?.try_clone().map(Stdio::from)
    }

    /// The child has its side. Ours is closed, so that its output ends when no program has it open any more.
    pub(super) fn close_child_side(&mut self) {
        self.child = None;
    }

    /// What the child prints.
    pub(super) fn output(&self) -> io::Result<OwnedFd> {
        self.control.try_clone()
    }

    /// To be locked while output of the child is read and written.
    pub(super) fn output_lock(&self) -> Arc<Mutex<()>> {
        Arc::clone(&self.output_lock)
    }

    /// Waits until all output of the child is written, for [`OUTPUT_TIMEOUT`] at most. No more is written while the returned
    /// guard exists.
    fn flush_output(&self) -> Option<MutexGuard<'_, ()>> {
        let end = Instant::now() + OUTPUT_TIMEOUT;
        while Instant::now() < end {
            let readable = poll(&mut [PollFd::new(&self.control, PollFlags::IN)], Some(&Timespec::default()));
            match self.output_lock.try_lock() {
                Ok(guard) if readable == Ok(0) => return Some(guard),
                _ => thread::sleep(Duration::from_millis(1)),
            }
        }
        None
    }

    /// Waits to be in the foreground, as the command would without us: the kernel stops this process group until a shell
    /// puts it there. It does not stop a group that no parent could continue.
    pub(super) fn wait_for_foreground(&self) {
        if self.input.as_ref().is_some_and(|input| !input.is_readable()) {
            drop(self.flush_output());
            let _ = kill_current_process_group(Signal::TTIN);
        }
    }

    /// Forwards every key from now on to the child's terminal, which makes signals of some.
    pub(super) fn start_input(&self) -> io::Result<()> {
        let Some(input) = &self.input else { return Ok(()) };
        self.forwards_input.set(true);
        let flushed = self.flush_output();
        self.set_raw();
        drop(flushed);
        input.forward(self.control.try_clone()?, Arc::clone(&self.typed))
    }

    /// Whether the launcher has put the command in the foreground of its terminal before input was forwarded.
    pub(super) fn wants_input(&self, launcher: Pid) -> bool {
        !self.forwards_input.get() && tcgetpgrp(&self.control).is_ok_and(|group| group != launcher)
    }

    /// Has our terminal pass keys on as they are typed, while they are forwarded.
    pub(super) fn set_raw(&self) {
        if let Some(input) = self.forwarded_input() {
            input.set_raw();
        }
    }

    /// Sets our terminal as it was at the start.
    pub(super) fn restore(&self) {
        if let Some(input) = self.forwarded_input() {
            input.restore();
        }
    }

    fn forwarded_input(&self) -> Option<&InputTerminal> {
        self.input.as_ref().filter(|_| self.forwards_input.get())
    }

    /// The command has stopped: stops this process, and its whole group where a key stopped the command, as that key would
    /// have done without us. Our own handler ignores that signal. Once continued, the terminal is the child's again.
    pub(super) fn suspend(&self) {
        let flushed = self.flush_output();
        self.restore();
        drop(flushed);
        if self.typed.suspend.swap(false, Ordering::Relaxed) {
            let _ = kill_current_process_group(Signal::TSTP);
        }
        let _ = kill_process(getpid(), Signal::STOP);
        self.set_raw();
        self.resize();
    }

    /// Where a key ended the command, sends the key's signal to our process group.
    pub(super) fn signal_group(&self, exit: Exit) {
        let signal = match exit {
            Exit::Signal(SIGINT) if self.typed.interrupt.load(Ordering::Relaxed) => Signal::INT,
            Exit::Signal(SIGQUIT) if self.typed.quit.load(Ordering::Relaxed) => Signal::QUIT,
            _ => return,
        };
        let _ = kill_current_process_group(signal);
    }

    /// Gives the child's terminal the size of ours.
    pub(super) fn resize(&self) {
        if let Ok(size) = tcgetwinsize(stdout()) {
            let _ = tcsetwinsize(&self.control, size);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.restore();
    }
}
