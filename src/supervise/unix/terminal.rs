//! A terminal for the child, of the same size as ours and set as ours was; ours hands every key on meanwhile.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read, write};
use rustix::process::getpgrp;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{
    OptionalActions, OutputModes, Termios, isatty, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr, tcsetwinsize,
};

/// How often it is looked whether the terminal is ours again.
const BEAT: Duration = Duration::from_millis(200);

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

/// The child's terminal, and how ours was.
pub(super) struct Terminal {
    /// How the one that somebody types into was set; none where standard input is no terminal.
    typed_into: Option<Termios>,
    control: OwnedFd,
    /// The child's end, until it has it.
    child: Option<File>,
}

impl Terminal {
    pub(super) fn open() -> io::Result<Terminal> {
        let ours = tcgetattr(stdout())?;
        let typed_into = if isatty(stdin()) { Some(tcgetattr(stdin())?) } else { None };
        let control = new_control()?;
        grantpt(&control)?;
        unlockpt(&control)?;
        let name = ptsname(&control, Vec::new())?;
        let path = std::ffi::OsStr::from_bytes(name.as_bytes());
        let flags = rustix::fs::OFlags::NOCTTY.bits() as i32;
        let child = std::os::unix::fs::OpenOptionsExt::custom_flags(OpenOptions::new().read(true).write(true), flags)
            .open(path)?;
        tcsetattr(&child, OptionalActions::Now, &ours)?;
        let terminal = Terminal { typed_into, control, child: Some(child) };
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

    /// What somebody types.
    pub(super) fn input(&self) -> io::Result<Input> {
        Ok(Input(self.control.try_clone()?))
    }

    /// Line ends are made by our own terminal, which is not set otherwise.
    pub(super) fn leave_output_alone(&self) -> io::Result<()> {
        let mut modes = tcgetattr(self.end()?)?;
        modes.output_modes.remove(OutputModes::OPOST);
        Ok(tcsetattr(self.end()?, OptionalActions::Now, &modes)?)
    }

    /// From now on every key goes to the child's terminal, which makes signals of them. In the background nothing is typed
    /// for us, and a terminal that is another's just now is left as it is.
    pub(super) fn raw(&self) {
        if let Some(mut modes) = self.typed_into.clone().filter(|_| is_in_front()) {
            modes.make_raw();
            let _ = tcsetattr(stdin(), OptionalActions::Now, &modes);
        }
    }

    /// As it was.
    pub(super) fn restore(&self) {
        if let Some(modes) = self.typed_into.as_ref().filter(|_| is_in_front()) {
            let _ = tcsetattr(stdin(), OptionalActions::Now, modes);
        }
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

/// What somebody types, on its way to the child. It is not looked at.
pub(super) struct Input(OwnedFd);

impl Input {
    pub(super) fn run(self) {
        let mut keys = [0; 4096];
        loop {
            // In the background, to read would stop us.
            if !is_in_front() {
                thread::sleep(BEAT);
                continue;
            }
            match poll(&mut [PollFd::from_borrowed_fd(stdin(), PollFlags::IN)], Timespec::try_from(BEAT).ok().as_ref())
            {
                Ok(0) | Err(Errno::INTR) => continue,
                _ => {}
            }
            match read(stdin(), &mut keys) {
                Ok(0) | Err(Errno::IO) => return,
                Ok(typed) => {
                    if hand_on(self.0.as_fd(), &keys[..typed]).is_err() {
                        return;
                    }
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return,
            }
        }
    }
}

/// Whether the terminal is ours just now: we are in front of it.
fn is_in_front() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp())
}

fn hand_on(to: std::os::fd::BorrowedFd, mut keys: &[u8]) -> Result<(), Errno> {
    while !keys.is_empty() {
        match write(to, keys) {
            Ok(written) => keys = &keys[written..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
