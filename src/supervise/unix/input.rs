//! What is typed: the terminal it is read from, and its way to the child's terminal.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read, write};
use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr};

/// How often to look whether this process is in the foreground again.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// The terminal that input comes from: standard input where that is a terminal, else the controlling terminal, which a
/// program opens by itself (`/dev/tty`) when its standard input is something else.
pub(super) struct InputTerminal {
    from: OwnedFd,
    /// Its modes at the start.
    pub(super) modes: Termios,
}

impl InputTerminal {
    pub(super) fn find() -> io::Result<Option<InputTerminal>> {
        let from = match isatty(stdin()) {
            true => stdin().try_clone_to_owned()?,
            false => match File::options().read(true).write(true).open("/dev/tty") {
                Ok(terminal) => terminal.into(),
                Err(_) => return Ok(None),
            },
        };
        let modes = tcgetattr(&from)?;
        Ok(Some(InputTerminal { from, modes }))
    }

    /// Whether this process may read it.
    pub(super) fn is_readable(&self) -> bool {
        in_foreground(self.from.as_fd())
    }

    /// Has it pass every key on as it is typed.
    pub(super) fn set_raw(&self) {
        let mut modes = self.modes.clone();
        modes.make_raw();
        self.set(&modes);
    }

    /// Sets it as it was at the start.
    pub(super) fn restore(&self) {
        self.set(&self.modes);
    }

    /// In the background, another program is using the terminal: its modes are left alone.
    fn set(&self, modes: &Termios) {
        if self.is_readable() {
            let _ = tcsetattr(&self.from, OptionalActions::Now, modes);
        }
    }

    /// Forwards everything typed to the child's terminal, from a thread.
    pub(super) fn forward(&self, to: OwnedFd, typed: Arc<TypedKeys>) -> io::Result<()> {
        let forwarding = Forwarding { from: self.from.try_clone()?, to, typed };
        thread::Builder::new().spawn(|| forwarding.run()).map(drop)
    }
}

/// The keys typed that stop or end a command. The child's terminal makes signals of them for the command alone; without
/// co-cred, the rest of the pipeline and the script around it would receive them too.
#[derive(Default)]
pub(super) struct TypedKeys {
    pub(super) suspend: AtomicBool,
    pub(super) interrupt: AtomicBool,
    pub(super) quit: AtomicBool,
}

impl TypedKeys {
    /// Records the keys of which a terminal in these modes makes signals.
    fn record(&self, keys: &[u8], modes: &Termios) {
        for (code, typed) in [
            (SpecialCodeIndex::VSUSP, &self.suspend),
            (SpecialCodeIndex::VINTR, &self.interrupt),
            (SpecialCodeIndex::VQUIT, &self.quit),
        ] {
            if keys.contains(&modes.special_codes[code]) {
                typed.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// Input on its way to the child's terminal.
struct Forwarding {
    from: OwnedFd,
    to: OwnedFd,
    typed: Arc<TypedKeys>,
}

impl Forwarding {
    fn run(self) {
        let mut keys = [0; 4096];
        loop {
            // In the background, reading would stop this process.
            if !in_foreground(self.from.as_fd()) {
                thread::sleep(POLL_INTERVAL);
                continue;
            }
            // Not without a timeout: another group may come to the foreground meanwhile.
            let timeout = Timespec::try_from(POLL_INTERVAL).ok();
            if let Ok(0) | Err(Errno::INTR) = poll(&mut [PollFd::new(&self.from, PollFlags::IN)], timeout.as_ref()) {
                continue;
            }
            match read(&self.from, &mut keys) {
                Ok(0) | Err(Errno::IO) => return self.send_end(),
                Ok(count) => {
                    if let Ok(modes) = tcgetattr(&self.to) {
                        self.typed.record(&keys[..count], &modes);
                    }
                    if write_all(self.to.as_fd(), &keys[..count]).is_err() {
                        return;
                    }
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return,
            }
        }
    }

    /// The terminal has closed: types end-of-file, so that a program that reads lines from the child's sees the end.
    fn send_end(&self) {
        if let Ok(modes) = tcgetattr(&self.to) {
            let _ = write_all(self.to.as_fd(), &[modes.special_codes[SpecialCodeIndex::VEOF]]);
        }
    }
}

/// Whether this process is in the foreground of a terminal, or the terminal is not its controlling one, so that the kernel
/// does not stop it for reading. A group of another process namespace has no number here, and counts as the foreground.
fn in_foreground(terminal: BorrowedFd) -> bool {
    tcgetpgrp(terminal).map_or(true, |group| group == getpgrp())
}

fn write_all(to: BorrowedFd, mut keys: &[u8]) -> Result<(), Errno> {
    while !keys.is_empty() {
        match write(to, keys) {
            Ok(written) => keys = &keys[written..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
