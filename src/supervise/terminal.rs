//! A terminal for the child, of the same size as ours and set as ours was; ours hands every key on meanwhile.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use rustix::io::{Errno, read, write};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{OptionalActions, OutputModes, Termios, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};

/// The child's terminal, and how ours was.
pub(super) struct Terminal {
    ours: Termios,
    control: OwnedFd,
    /// The child's end, until it has it.
    child: Option<File>,
}

impl Terminal {
    pub(super) fn open() -> io::Result<Terminal> {
        let ours = tcgetattr(stdout())?;
        let control = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&control)?;
        unlockpt(&control)?;
        let name = ptsname(&control, Vec::new())?;
        let path = std::ffi::OsStr::from_bytes(name.as_bytes());
        let flags = rustix::fs::OFlags::NOCTTY.bits() as i32;
        let child = std::os::unix::fs::OpenOptionsExt::custom_flags(OpenOptions::new().read(true).write(true), flags)
            .open(path)?;
        tcsetattr(&child, OptionalActions::Now, &ours)?;
        let terminal = Terminal { ours, control, child: Some(child) };
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

    /// From now on every key goes to the child's terminal, which makes signals of them.
    pub(super) fn raw(&self) -> io::Result<()> {
        let mut modes = self.ours.clone();
        modes.make_raw();
        Ok(tcsetattr(stdin(), OptionalActions::Now, &modes)?)
    }

    /// As it was.
    pub(super) fn restore(&self) {
        // What is left to be printed is printed first. Where it is gone, there is nothing to restore.
        let _ = tcsetattr(stdout(), OptionalActions::Drain, &self.ours);
    }

    /// Whether somebody types into it.
    pub(super) fn is_typed_into(&self) -> bool {
        rustix::termios::isatty(stdin())
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
