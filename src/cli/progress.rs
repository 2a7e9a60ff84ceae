//! How far a search has come, on a terminal, where it takes longer than a second.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use indicatif::{BinaryBytes, HumanCount, ProgressBar, ProgressStyle};

use crate::scan::Progress;

use super::Invocation;

/// What is over sooner than this needs no progress.
const PATIENCE: Duration = Duration::from_secs(1);

const BEAT: Duration = Duration::from_millis(100);

/// Does the work; whoever looks on sees it go on.
pub(super) fn watched<T>(invocation: &Invocation, progress: &Progress, work: impl FnOnce() -> T) -> T {
    if !invocation.watched || invocation.common.quiet {
        return work();
    }
    thread::scope(|scope| {
        let (done, news) = mpsc::channel::<()>();
        scope.spawn(move || show(progress, &news));
        let result = work();
        drop(done);
        result
    })
}

fn show(progress: &Progress, news: &mpsc::Receiver<()>) {
    if news.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} searched {msg} in {elapsed}") {
        bar.set_style(style);
    }
    while news.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
        let (files, bytes) = progress.so_far();
        bar.set_message(format!("{} files, {}", HumanCount(files), BinaryBytes(bytes)));
        bar.tick();
    }
    bar.finish_and_clear();
}
