//! Signals to an agent: those that end it, and those that tell of children that have ended.

use std::io;
use std::thread;
use std::time::Duration;

use rustix::process::{WaitOptions, getpid, wait};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::process::{IgnoredSignals, if_none_running};

/// How soon children are reaped that had to wait for a program of ours.
const LATER: Duration = Duration::from_secs(1);

/// Does something when the first signal asks for the end. One that was ignored at the start, as with nohup, stays ignored.
///
/// # Errors
/// The system does not let it, or has no thread left.
pub(super) fn on_the_first(end: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let ignored = IgnoredSignals::now();
    let heard = [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| !ignored.contains(*signal));
    let mut signals = Signals::new(heard)?;
    let wait = move || {
        if signals.forever().next().is_some() {
            end();
        }
    };
    thread::Builder::new().spawn(wait)?;
    if getpid().is_init() { reap_orphans() } else { Ok(()) }
}

/// The first process of a container inherits every orphan there, and must take note of its end.
fn reap_orphans() -> io::Result<()> {
    let mut signals = Signals::new([SIGCHLD])?;
    let reap = move || {
        for _ in signals.forever() {
            while !if_none_running(|| while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}) {
                thread::sleep(LATER);
            }
        }
    };
    thread::Builder::new().spawn(reap).map(drop)
}
