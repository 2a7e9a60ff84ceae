//! A terminal for the child, of the same size as ours and set as ours was; ours hands every key on meanwhile.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read, write};
use rustix::process::{Pid, Signal, getpgrp, getpid, kill_current_process_group, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{
    OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr, tcsetwinsize,
};
use signal_hook::consts::signal::{SIGINT, SIGQUIT};

use super::super::End;

/// How often it is looked whether the terminal is ours again.
const BEAT: Duration = Duration::from_millis(200);

/// How long what was printed may take to be shown.
const MOMENT: Duration = Duration::from_millis(200);

/// The end of a new terminal that is ours alone.
#[cfg(target_os = "linux")]
fn new_control() -> Result<OwnedFd, Errno> {
    openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
}

#[cfg(not(target_os = "linux"))]
fn new_control() -> Result<OwnedFd, Errno> {
    let control = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    rustix::io::fcntl_setfd(&control, rustix::io::FdFlags::CLOEXEC)?;
    Ok(control)
}

/// Where keys come from: standard input where that is a terminal, else the terminal that controls us, which a program opens
/// by itself (`/dev/tty`) when its standard input is another thing.
struct Keys {
    from: OwnedFd,
    /// How that terminal was set.
    was: Termios,
}

impl Keys {
    fn find() -> io::Result<Option<Keys>> {
        let from = match isatty(stdin()) {
            true => stdin().try_clone_to_owned()?,
            false => match File::options().read(true).write(true).open("/dev/tty") {
                Ok(terminal) => terminal.into(),
                Err(_) => return Ok(None),
            },
        };
        let was = tcgetattr(&from)?;
        Ok(Some(Keys { from, was }))
    }

    fn set(&self, modes: &Termios) {
        if may_read(self.from.as_fd()) {
            let _ = tcsetattr(&self.from, OptionalActions::Now, modes);
        }
    }
}

/// The child's terminal, and the one that is typed into.
pub(super) struct Terminal {
    keys: Option<Keys>,
    /// Every key goes to the child's terminal.
    is_handed_over: Cell<bool>,
    typed: Arc<Typed>,
    on_the_way: Arc<Mutex<()>>,
    control: OwnedFd,
    /// The child's end, until it has it.
    child: Option<File>,
}

/// The keys that stop or end a command, once they were typed: without us the kernel would send their signals to the rest of the
/// pipeline, and to the script around it, as well.
#[derive(Default)]
struct Typed {
    suspend: AtomicBool,
    interrupt: AtomicBool,
    quit: AtomicBool,
}

impl Terminal {
    pub(super) fn open() -> io::Result<Terminal> {
        let keys = Keys::find()?;
        let control = new_control()?;
        grantpt(&control)?;
        unlockpt(&control)?;
        let name = ptsname(&control, Vec::new())?;
        let path = std::ffi::OsStr::from_bytes(name.as_bytes());
        let flags = rustix::fs::OFlags::NOCTTY.bits() as i32;
        let child = std::os::unix::fs::OpenOptionsExt::custom_flags(OpenOptions::new().read(true).write(true), flags)
            .open(path)?;
        let shown = tcgetattr(stdout())?;
        let mut modes = keys.as_ref().map_or_else(|| shown.clone(), |keys| keys.was.clone());
        modes.output_modes = shown.output_modes;
        tcsetattr(&child, OptionalActions::Now, &modes)?;
        let (is_handed_over, typed, on_the_way) = (Cell::new(false), Arc::default(), Arc::default());
        let terminal = Terminal { keys, is_handed_over, typed, on_the_way, control, child: Some(child) };
        terminal.resize();
        Ok(terminal)
    }

    /// One of the child's standard streams.
    pub(super) fn child(&self) -> io::Result<Stdio> {
        self.end()?.try_clone().map(Stdio::from)
    }

    /// The child has its end: when the last that holds it is gone, so is what it prints.
    pub(super) fn handed_over(&mut self) {
        self.child = None;
    }

    fn end(&self) -> io::Result<&File> {
        self.child.as_ref().ok_or(io::ErrorKind::NotConnected.into())
    }

    /// What the child prints.
    pub(super) fn output(&self) -> io::Result<OwnedFd> {
        self.control.try_clone()
    }

    /// Is to be locked while something that the child has printed is on the way.
    pub(super) fn on_the_way(&self) -> Arc<Mutex<()>> {
        Arc::clone(&self.on_the_way)
    }

    /// Waits until all that the child has printed is shown, for a moment at most. Nothing more is shown as long as what is
    /// returned is kept.
    pub(super) fn settle(&self) -> Option<MutexGuard<'_, ()>> {
        let end = Instant::now() + MOMENT;
        while Instant::now() < end {
            let came = poll(&mut [PollFd::new(&self.control, PollFlags::IN)], Some(&Timespec::default()));
            match self.on_the_way.try_lock() {
                Ok(still) if came == Ok(0) => return Some(still),
                _ => thread::sleep(Duration::from_millis(1)),
            }
        }
        None
    }

    /// Asks for the keys as the command would without us: in the background the kernel would stop our group, until a shell puts
    /// it in front. A group that nothing could start again is not stopped.
    pub(super) fn wait_for_keys(&self) {
        if self.keys.as_ref().is_some_and(|keys| !may_read(keys.from.as_fd())) {
            drop(self.settle());
            let _ = kill_current_process_group(Signal::TTIN);
        }
    }

    /// From now on every key goes to the child's terminal, which makes signals of them.
    pub(super) fn hand_over_keys(&self) -> io::Result<()> {
        let Some(keys) = &self.keys else { return Ok(()) };
        self.is_handed_over.set(true);
        let still = self.settle();
        self.raw();
        drop(still);
        let (from, to, typed) = (keys.from.try_clone()?, self.control.try_clone()?, Arc::clone(&self.typed));
        thread::Builder::new().spawn(|| Input { from, to, typed }.run()).map(drop)
    }

    /// Whether the child, which leads the session on its terminal, has put the command in front before it was handed the keys.
    pub(super) fn lacks_keys(&self, child: Pid) -> bool {
        !self.is_handed_over.get() && tcgetpgrp(&self.control).is_ok_and(|group| group != child)
    }

    /// Our terminal leaves keys as they are once they are handed over. In the background no key is for us, and a terminal that
    /// is another's just now is left as it is.
    pub(super) fn raw(&self) {
        if let Some(keys) = self.keys.as_ref().filter(|_| self.is_handed_over.get()) {
            let mut modes = keys.was.clone();
            modes.make_raw();
            keys.set(&modes);
        }
    }

    /// As it was.
    pub(super) fn restore(&self) {
        if let Some(keys) = self.keys.as_ref().filter(|_| self.is_handed_over.get()) {
            keys.set(&keys.was);
        }
    }

    /// Stops us, and our group where a key has stopped the command, as it would have done without us. We take no note of our
    /// own signal. Once we go on, the terminal is the child's again.
    pub(super) fn suspend(&self) {
        let still = self.settle();
        self.restore();
        drop(still);
        if self.typed.suspend.swap(false, Ordering::Relaxed) {
            let _ = kill_current_process_group(Signal::TSTP);
        }
        let _ = kill_process(getpid(), Signal::STOP);
        self.raw();
        self.resize();
    }

    /// The same for a key that has ended the command.
    pub(super) fn end_group(&self, end: End) {
        let signal = match end {
            End::Signal(SIGINT) if self.typed.interrupt.load(Ordering::Relaxed) => Signal::INT,
            End::Signal(SIGQUIT) if self.typed.quit.load(Ordering::Relaxed) => Signal::QUIT,
            _ => return,
        };
        let _ = kill_current_process_group(signal);
    }

    /// The size of ours, which the child is told of.
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

/// What is typed, on its way to the child.
struct Input {
    from: OwnedFd,
    to: OwnedFd,
    typed: Arc<Typed>,
}

impl Input {
    fn run(self) {
        let mut keys = [0; 4096];
        loop {
            // In the background, to read would stop us.
            if !may_read(self.from.as_fd()) {
                thread::sleep(BEAT);
                continue;
            }
            match poll(&mut [PollFd::new(&self.from, PollFlags::IN)], Timespec::try_from(BEAT).ok().as_ref()) {
                Ok(0) | Err(Errno::INTR) => continue,
                _ => {}
            }
            match read(&self.from, &mut keys) {
                Ok(0) | Err(Errno::IO) => return self.end(),
                Ok(count) => {
                    self.note(&keys[..count]);
                    if hand_on(self.to.as_fd(), &keys[..count]).is_err() {
                        return;
                    }
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return,
            }
        }
    }

    /// Notes the keys of which the child's terminal makes signals.
    fn note(&self, keys: &[u8]) {
        let Ok(modes) = tcgetattr(&self.to) else { return };
        for (code, typed) in [
            (SpecialCodeIndex::VSUSP, &self.typed.suspend),
            (SpecialCodeIndex::VINTR, &self.typed.interrupt),
            (SpecialCodeIndex::VQUIT, &self.typed.quit),
        ] {
            if keys.contains(&modes.special_codes[code]) {
                typed.store(true, Ordering::Relaxed);
            }
        }
    }

    /// The terminal is gone: what reads lines from the child's sees their end.
    fn end(&self) {
        if let Ok(modes) = tcgetattr(&self.to) {
            let _ = hand_on(self.to.as_fd(), &[modes.special_codes[SpecialCodeIndex::VEOF]]);
        }
    }
}

/// Whether we may read a terminal: we are in front of it, or it is not the one that controls us, so that the kernel stops no
/// group that reads it. A group of another process namespace has no number here, and counts as ours.
fn may_read(terminal: BorrowedFd) -> bool {
    tcgetpgrp(terminal).map_or(true, |group| group == getpgrp())
}

fn hand_on(to: BorrowedFd, mut keys: &[u8]) -> Result<(), Errno> {
    while !keys.is_empty() {
        match write(to, keys) {
            Ok(written) => keys = &keys[written..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
