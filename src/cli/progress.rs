//! The progress of a search, shown on a terminal where it takes longer than a second.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use indicatif::{BinaryBytes, HumanCount, ProgressBar, ProgressStyle};

use crate::scan::Progress;

use super::Invocation;

/// A shorter search shows no progress.
const DELAY: Duration = Duration::from_secs(1);

/// How often the line is updated.
const INTERVAL: Duration = Duration::from_millis(100);

/// Does the work, and shows its progress meanwhile.
pub(super) fn watched<T>(invocation: &Invocation, progress: &Progress, work: impl FnOnce() -> T) -> T {
    if !invocation.watched || invocation.common.quiet {
        return work();
    }
    thread::scope(|scope| {
        let (running, ended) = mpsc::channel::<()>();
        scope.spawn(move || show(progress, &ended));
        let result = work();
        drop(running);
        result
    })
}

/// Shows the progress until the other end of the channel is dropped.
fn show(progress: &Progress, ended: &mpsc::Receiver<()>) {
    if ended.recv_timeout(DELAY) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} searched {msg} in {elapsed}") {
        bar.set_style(style);
    }
    while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
        let (files, bytes) = progress.so_far();
        bar.set_message(format!("{} files, {}", HumanCount(files), BinaryBytes(bytes)));
        bar.tick();
    }
    bar.finish_and_clear();
}
