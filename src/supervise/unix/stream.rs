//! One output stream of the child, masked on its way to ours.

use std::convert::Infallible;
use std::io::PipeReader;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read, write};
use rustix::stdio::{stderr, stdout};
use rustix::termios::isatty;

use super::line_ends::LineEnds;
use crate::supervise::mask::{Masker, MaskerState, MatcherProvider};

/// The most bytes that are read at once.
const READ_SIZE: usize = 128 * 1024;

/// How long bytes are held back that may be released.
const HOLD_TIME: Duration = Duration::from_millis(50);

/// How long a stream may be silent after the child's exit, where a program that the child left running holds it open: it may
/// have more to print, as `tee` does, or never print again.
const IDLE_AFTER_EXIT: Duration = Duration::from_secs(1);

/// How long after the child's exit a stream is read that is held open and never silent.
const MAX_AFTER_EXIT: Duration = Duration::from_secs(5);

/// An output stream of the child, and where it goes.
pub(super) struct Stream {
    from: OwnedFd,
    to: BorrowedFd<'static>,
    name: &'static str,
    /// From the child's terminal to ours.
    line_ends: Option<LineEnds>,
    /// Locked while output is read and written.
    output_lock: Arc<Mutex<()>>,
}

/// What became of a stream.
pub(super) struct StreamReport {
    pub(super) name: &'static str,
    /// How many matches were masked.
    pub(super) masked: usize,
    /// The first error of writing it: some of it is lost.
    pub(super) lost: Option<Errno>,
    /// The stream, where a program that the child left running still holds it open.
    pub(super) open: Option<OpenStream>,
}

/// A stream that another process goes on masking.
pub(super) struct OpenStream {
    pub(super) from: OwnedFd,
    pub(super) to: BorrowedFd<'static>,
    pub(super) state: MaskerState,
}

impl Stream {
    pub(super) fn to_stdout(from: OwnedFd) -> Stream {
        Stream { from, to: stdout(), name: "standard output", line_ends: None, output_lock: Arc::default() }
    }

    pub(super) fn to_stderr(from: OwnedFd) -> Stream {
        Stream { to: stderr(), name: "standard error", ..Stream::to_stdout(from) }
    }

    /// From the child's terminal to ours.
    pub(super) fn to_terminal(from: OwnedFd, output_lock: Arc<Mutex<()>>) -> Stream {
        Stream { line_ends: Some(LineEnds::default()), output_lock, ..Stream::to_stdout(from) }
    }

    /// Masks the stream on a thread, which drops `done` at its end. `exit` is closed when the child has exited.
    pub(super) fn start(
        self,
        provider: Arc<dyn MatcherProvider>,
        exit: PipeReader,
        done: Sender<Infallible>,
    ) -> JoinHandle<StreamReport> {
        thread::spawn(move || {
            let report = Masking::new(self, Masker::new(&*provider), Phase::Running(exit)).run();
            drop(done);
            report
        })
    }

    /// Masks the stream to its end, however long that takes.
    pub(super) fn run_to_end(self, masker: Masker) -> StreamReport {
        Masking::new(self, masker, Phase::Unlimited).run()
    }

    /// Writes `out`. With `flush`, also what was held back of a line end: the stream pauses.
    fn write(&mut self, out: &mut Vec<u8>, flush: bool) -> Result<(), Errno> {
        if let Some(line_ends) = self.line_ends.as_mut().filter(|_| flush || !out.is_empty()) {
            line_ends.convert(out, flush, self.to);
        }
        write_all(self.to, out)
    }
}

/// How long a stream is read.
enum Phase {
    /// The child runs; the pipe is closed when it has exited.
    Running(PipeReader),
    /// The child has exited: until this moment at most.
    Exited(Instant),
    /// To the stream's end.
    Unlimited,
}

impl Phase {
    fn is_over(&self) -> bool {
        matches!(self, Phase::Exited(last) if Instant::now() > *last)
    }
}

/// What waiting for a stream gave.
enum Event {
    Data {
        /// No process holds the stream open any more: what can be read now is the rest.
        is_closed: bool,
    },
    /// A signal interrupted it.
    Interrupted,
    /// The time is over.
    Idle,
    /// The child has exited.
    Exit,
}

/// Why a stream is read no longer.
enum End {
    /// It was read to its end.
    Closed,
    /// Its reader is gone.
    NoReader,
    /// A program that the child left running holds it open.
    StillOpen,
}

/// A stream while it is masked.
struct Masking<'a> {
    stream: Stream,
    masker: Masker<'a>,
    phase: Phase,
    piece: Vec<u8>,
    out: Vec<u8>,
    lost: Option<Errno>,
}

impl<'a> Masking<'a> {
    fn new(stream: Stream, masker: Masker<'a>, phase: Phase) -> Masking<'a> {
        Masking { stream, masker, phase, piece: vec![0; READ_SIZE], out: Vec::with_capacity(READ_SIZE), lost: None }
    }

    fn run(mut self) -> StreamReport {
        let output_lock = Arc::clone(&self.stream.output_lock);
        let end = loop {
            let event = wait(&self.stream.from, &self.phase, self.timeout());
            let _writing = output_lock.lock();
            let is_idle = matches!(event, Event::Idle);
            if let Some(end) = self.handle(event).or_else(|| self.write(is_idle)) {
                break end;
            }
        };
        self.finish(end)
    }

    fn timeout(&self) -> Option<Duration> {
        match self.phase {
            _ if self.masker.can_release() || self.holds_line_end() => Some(HOLD_TIME),
            Phase::Exited(_) => Some(IDLE_AFTER_EXIT),
            Phase::Running(_) | Phase::Unlimited => None,
        }
    }

    fn holds_line_end(&self) -> bool {
        self.stream.line_ends.as_ref().is_some_and(LineEnds::is_held)
    }

    /// Puts into `out` what may be written after this event.
    fn handle(&mut self, event: Event) -> Option<End> {
        self.out.clear();
        match event {
            Event::Exit => self.phase = Phase::Exited(Instant::now() + MAX_AFTER_EXIT),
            Event::Interrupted => {}
            Event::Idle if self.masker.can_release() => self.masker.release(&mut self.out),
            Event::Idle if self.holds_line_end() => {}
            Event::Idle => return Some(End::StillOpen),
            Event::Data { is_closed } if !is_closed && self.phase.is_over() => return Some(End::StillOpen),
            Event::Data { .. } => return self.read(),
        }
        None
    }

    fn read(&mut self) -> Option<End> {
        match read(&self.stream.from, &mut self.piece) {
            Err(Errno::INTR | Errno::AGAIN) => {}
            // A terminal that no process has open any more gives an error.
            Ok(0) | Err(_) => return Some(End::Closed),
            Ok(count) => self.masker.feed(&self.piece[..count], &mut self.out),
        }
        None
    }

    fn write(&mut self, flush: bool) -> Option<End> {
        match self.stream.write(&mut self.out, flush) {
            Ok(()) => {}
            // The reader has ended. This closes the pipe, so that the child's next write fails as it would without co-cred.
            Err(Errno::PIPE | Errno::CONNRESET) => return Some(End::NoReader),
            // Not an error of the child, which goes on; later output may be written again.
            Err(error) => drop(self.lost.get_or_insert(error)),
        }
        None
    }

    fn finish(self, end: End) -> StreamReport {
        let Masking { mut stream, masker, mut out, lost, .. } = self;
        let mut report = StreamReport { name: stream.name, masked: masker.masked, lost, open: None };
        match end {
            End::NoReader => {}
            // A pipe can be handed on. The child's terminal cannot: it is closed when this process ends.
            End::StillOpen if !isatty(&stream.from) => {
                report.open = Some(OpenStream { from: stream.from, to: stream.to, state: masker.into_state() });
            }
            End::StillOpen | End::Closed => {
                out.clear();
                report.masked = masker.finish(&mut out);
                let unwritten = stream.write(&mut out, true).err().filter(|error| *error != Errno::PIPE);
                report.lost = report.lost.or(unwritten);
            }
        }
        report
    }
}

/// Waits for data or the child's exit. The exit goes first: there may always be data.
fn wait(from: &OwnedFd, phase: &Phase, timeout: Option<Duration>) -> Event {
    let mut fds = vec![PollFd::new(from, PollFlags::IN)];
    if let Phase::Running(exit) = phase {
        fds.push(PollFd::from_borrowed_fd(exit.as_fd(), PollFlags::IN));
    }
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    match poll(&mut fds, timeout.as_ref()) {
        Ok(0) => Event::Idle,
        Ok(_) if fds.get(1).is_some_and(|exit| !exit.revents().is_empty()) => Event::Exit,
        Ok(_) => Event::Data { is_closed: fds[0].revents().contains(PollFlags::HUP) },
        Err(Errno::INTR) => Event::Interrupted,
        // Reading gives the error.
        Err(_) => Event::Data { is_closed: true },
    }
}

fn write_all(to: BorrowedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match write(to, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Another program has made it non-blocking.
            Err(Errno::AGAIN) => drop(poll(&mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)], None)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
