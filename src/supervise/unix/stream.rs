//! One stream of the child's, masked on its way to one of ours.

use std::io::PipeReader;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read, write};

use crate::traces::search::Patterns;

use super::super::mask::Masker;

/// The most bytes that are read at once.
const PIECE: usize = 128 * 1024;

/// How long something is held back that may be let go.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long the streams of a child that has ended may be silent, where something that it left running holds them open: it
/// may have more to say, as `tee` does, or hold them for good.
const GRACE: Duration = Duration::from_secs(1);

/// How long they are listened to in all: what never falls silent is left to itself.
const AT_MOST: Duration = Duration::from_secs(5);

/// A stream that is to be masked.
pub(super) struct Pump {
    from: OwnedFd,
    to: BorrowedFd<'static>,
}

/// What came of waiting.
enum Came {
    Data,
    /// A signal, which is others' business.
    Nothing,
    Silence,
    End,
}

impl Pump {
    pub(super) fn new(from: OwnedFd, to: BorrowedFd<'static>) -> Pump {
        Pump { from, to }
    }

    /// Runs on a thread of its own, which returns how many traces were masked. `ended` is closed when the child has ended.
    pub(super) fn start(self, patterns: Arc<Patterns>, ended: PipeReader) -> JoinHandle<usize> {
        thread::spawn(move || self.run(&patterns, ended))
    }

    fn run(self, patterns: &Patterns, ended: PipeReader) -> usize {
        let mut masker = Masker::new(patterns);
        let (mut piece, mut out) = (vec![0; PIECE], Vec::with_capacity(PIECE));
        let (mut ended, mut last) = (Some(ended), None);
        loop {
            let patience = match (masker.may_let_go(), &ended) {
                (true, _) => Some(PATIENCE),
                (false, None) => Some(GRACE),
                (false, Some(_)) => None,
            };
            out.clear();
            match wait(&self.from, ended.as_ref(), patience) {
                Came::End => {
                    ended = None;
                    last = Some(Instant::now() + AT_MOST);
                    continue;
                }
                Came::Nothing => continue,
                Came::Data if last.is_some_and(|last| Instant::now() > last) => break,
                Came::Silence if masker.may_let_go() => masker.let_go(&mut out),
                Came::Silence => break,
                Came::Data => match read(&self.from, &mut piece) {
                    // A terminal that nobody has open any more answers with an error.
                    Ok(0) | Err(Errno::IO) => break,
                    Ok(read) => masker.feed(&piece[..read], &mut out),
                    Err(Errno::INTR | Errno::AGAIN) => continue,
                    Err(_) => break,
                },
            }
            if write_all(self.to, &out).is_err() {
                // Nobody reads any more: the child is to find that out as it would without us, by the pipe's end.
                return masker.masked;
            }
        }
        out.clear();
        let masked = masker.finish(&mut out);
        let _ = write_all(self.to, &out);
        masked
    }
}

/// Waits for data, or for the child's end.
fn wait(from: &OwnedFd, ended: Option<&PipeReader>, patience: Option<Duration>) -> Came {
    let mut fds = vec![PollFd::new(from, PollFlags::IN)];
    fds.extend(ended.map(|ended| PollFd::from_borrowed_fd(ended.as_fd(), PollFlags::IN)));
    let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
    match poll(&mut fds, patience.as_ref()) {
        Ok(0) => Came::Silence,
        Ok(_) if !fds[0].revents().is_empty() => Came::Data,
        Ok(_) => Came::End,
        Err(Errno::INTR) => Came::Nothing,
        // Looked at once more by reading.
        Err(_) => Came::Data,
    }
}

fn write_all(to: BorrowedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match write(to, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Somebody made it one that does not wait.
            Err(Errno::AGAIN) => drop(poll(&mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)], None)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
