//! The signals that end an agent, and the one that reports children that have ended.

use std::io;
use std::thread;
use std::time::Duration;

use rustix::process::{WaitOptions, getpid, wait};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::process::{IgnoredSignals, if_none_running};

/// How soon to try again to reap children, while a program that the agent waits for runs.
const REAP_RETRY: Duration = Duration::from_secs(1);

/// Calls `end` at the first signal that asks the process to end. A signal that was ignored at the start, as with nohup,
/// stays ignored.
///
/// # Errors
/// The system does not allow it, or has no thread left.
pub(super) fn on_first(end: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let ignored = IgnoredSignals::now();
    let handled = [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| !ignored.contains(*signal));
    let mut signals = Signals::new(handled)?;
    let wait = move || {
        if signals.forever().next().is_some() {
            end();
        }
    };
    thread::Builder::new().spawn(wait)?;
    if getpid().is_init() { reap_orphans() } else { Ok(()) }
}

/// Reaps the children that the first process of a container inherits.
fn reap_orphans() -> io::Result<()> {
    let mut signals = Signals::new([SIGCHLD])?;
    let reap = move || {
        for _ in signals.forever() {
            while !if_none_running(|| while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}) {
                thread::sleep(REAP_RETRY);
            }
        }
    };
    thread::Builder::new().spawn(reap).map(drop)
}
