//! One stream of the child's, masked on its way to one of ours.

use std::io::PipeReader;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read, write};
use rustix::stdio::{stderr, stdout};
use rustix::termios::isatty;

use super::super::mask::{Lookout, Masker, Rest};
use super::line_ends::LineEnds;

/// The most bytes that are read at once.
const PIECE: usize = 128 * 1024;

/// How long something is held back that may be let go.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long the streams of a child that has ended may be silent, where something that it left running holds them open: it
/// may have more to say, as `tee` does, or hold them for good.
const GRACE: Duration = Duration::from_secs(1);

/// How long we stay for a stream that something holds open and that never falls silent.
const AT_MOST: Duration = Duration::from_secs(5);

/// A stream that is to be masked.
pub(super) struct Pump {
    from: OwnedFd,
    to: BorrowedFd<'static>,
    /// The stream's name.
    name: &'static str,
    /// Where it goes from the child's terminal to ours.
    line_ends: Option<LineEnds>,
    /// Locked while something is on the way.
    on_the_way: Arc<Mutex<()>>,
}

/// What came of a stream.
pub(super) struct Flow {
    /// The stream's name.
    pub(super) name: &'static str,
    /// How many traces were masked.
    pub(super) masked: usize,
    /// Why some of it could not be written.
    pub(super) lost: Option<Errno>,
    /// Something that the child left running still holds the stream open.
    pub(super) left: Option<Left>,
}

/// A stream whose end is not waited for.
pub(super) struct Left {
    pub(super) from: OwnedFd,
    pub(super) to: BorrowedFd<'static>,
    pub(super) rest: Rest,
}

/// What came of waiting.
enum Came {
    /// Whether nothing holds the stream open any more, so that what is in it is all there is.
    Data(bool),
    /// A signal, which is others' business.
    Nothing,
    Silence,
    /// The child has ended.
    End,
}

/// How it ends.
enum Outcome {
    /// That was all.
    Over,
    /// Nothing reads any more.
    Unread,
    /// Something that the child left running holds it open.
    Left,
}

/// Where a stream is on its way.
enum Stage {
    /// The child runs; this is closed when it has ended.
    Running(PipeReader),
    /// It has ended: what comes later than that is not waited for.
    Ended(Instant),
    /// It is waited for whatever comes.
    Open,
}

impl Stage {
    fn is_over(&self) -> bool {
        matches!(self, Stage::Ended(last) if Instant::now() > *last)
    }
}

impl Pump {
    pub(super) fn to_stdout(from: OwnedFd) -> Pump {
        Pump { from, to: stdout(), name: "standard output", line_ends: None, on_the_way: Arc::default() }
    }

    pub(super) fn to_stderr(from: OwnedFd) -> Pump {
        Pump { to: stderr(), name: "standard error", ..Pump::to_stdout(from) }
    }

    /// From the child's terminal to ours. The mutex is locked while something is on the way.
    pub(super) fn to_terminal(from: OwnedFd, on_the_way: Arc<Mutex<()>>) -> Pump {
        Pump { line_ends: Some(LineEnds::default()), on_the_way, ..Pump::to_stdout(from) }
    }

    /// Runs on a thread of its own. `ended` is closed when the child has ended.
    pub(super) fn start(self, lookout: Arc<dyn Lookout>, ended: PipeReader) -> JoinHandle<Flow> {
        thread::spawn(move || self.run(Masker::new(&*lookout), Stage::Running(ended)))
    }

    /// Goes on to the stream's end.
    pub(super) fn run_to_the_end(self, masker: Masker) -> Flow {
        self.run(masker, Stage::Open)
    }

    fn run(mut self, mut masker: Masker, mut stage: Stage) -> Flow {
        let (mut piece, mut out, mut lost) = (vec![0; PIECE], Vec::with_capacity(PIECE), None);
        let on_the_way = Arc::clone(&self.on_the_way);
        let outcome = loop {
            let is_held = masker.may_let_go() || self.line_ends.as_ref().is_some_and(LineEnds::is_held);
            let patience = match (is_held, &stage) {
                (true, _) => Some(PATIENCE),
                (false, Stage::Ended(_)) => Some(GRACE),
                (false, Stage::Running(_) | Stage::Open) => None,
            };
            out.clear();
            let came = wait(&self.from, &stage, patience);
            let _locked = on_the_way.lock();
            match came {
                Came::End => stage = Stage::Ended(Instant::now() + AT_MOST),
                Came::Nothing => {}
                Came::Silence if masker.may_let_go() => masker.let_go(&mut out),
                Came::Silence if is_held => {}
                Came::Silence => break Outcome::Left,
                Came::Data(is_all) if !is_all && stage.is_over() => break Outcome::Left,
                Came::Data(_) => match read(&self.from, &mut piece) {
                    // A terminal that nothing has open any more answers with an error.
                    Ok(0) | Err(Errno::IO) => break Outcome::Over,
                    Ok(read) => masker.feed(&piece[..read], &mut out),
                    Err(Errno::INTR | Errno::AGAIN) => {}
                    Err(_) => break Outcome::Over,
                },
            }
            match self.write(&mut out, matches!(came, Came::Silence)) {
                Ok(()) => {}
                // The child finds that out as it would without us, by the pipe's end.
                Err(Errno::PIPE | Errno::CONNRESET) => break Outcome::Unread,
                // The child is not to blame, and goes on; there may be room for what comes next.
                Err(error) => drop(lost.get_or_insert(error)),
            }
        };
        let mut flow = Flow { name: self.name, masked: masker.masked, lost, left: None };
        match outcome {
            Outcome::Unread => {}
            // A terminal goes away with us, whatever is left on it.
            Outcome::Left if !isatty(&self.from) => {
                flow.left = Some(Left { from: self.from, to: self.to, rest: masker.rest() });
            }
            Outcome::Left | Outcome::Over => {
                out.clear();
                flow.masked = masker.finish(&mut out);
                let unwritten = self.write(&mut out, true).err().filter(|error| *error != Errno::PIPE);
                flow.lost = flow.lost.or(unwritten);
            }
        }
        flow
    }

    /// Writes what may pass; where nothing comes next for a while, with what was held back of a line end.
    fn write(&mut self, out: &mut Vec<u8>, is_all: bool) -> Result<(), Errno> {
        if let Some(line_ends) = self.line_ends.as_mut().filter(|_| is_all || !out.is_empty()) {
            line_ends.once(out, is_all, self.to);
        }
        write_all(self.to, out)
    }
}

/// Waits for data, or for the child's end, which goes first: data may come without a pause.
fn wait(from: &OwnedFd, stage: &Stage, patience: Option<Duration>) -> Came {
    let mut fds = vec![PollFd::new(from, PollFlags::IN)];
    if let Stage::Running(ended) = stage {
        fds.push(PollFd::from_borrowed_fd(ended.as_fd(), PollFlags::IN));
    }
    let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
    match poll(&mut fds, patience.as_ref()) {
        Ok(0) => Came::Silence,
        Ok(_) if fds.get(1).is_some_and(|ended| !ended.revents().is_empty()) => Came::End,
        Ok(_) => Came::Data(fds[0].revents().contains(PollFlags::HUP)),
        Err(Errno::INTR) => Came::Nothing,
        // Looked at once more by reading.
        Err(_) => Came::Data(true),
    }
}

fn write_all(to: BorrowedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match write(to, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Another program made it one that does not wait.
            Err(Errno::AGAIN) => drop(poll(&mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)], None)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
