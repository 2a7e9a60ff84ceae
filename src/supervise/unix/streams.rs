//! The output streams of a child that are masked: which there are, and how they end.

use std::convert::Infallible;
use std::io::{self, PipeReader, PipeWriter};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::isatty;

use super::handoff;
use super::stream::{Stream, StreamReport};
use super::terminal::Terminal;
use crate::supervise::mask::MatcherProvider;
use crate::supervise::report::{Exit, Lost, Report};

/// How long the last output of a child may take to reach our terminal.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

/// The streams of a child that is not yet started.
#[derive(Default)]
pub(super) struct Streams(Vec<Stream>);

impl Streams {
    /// The child has a terminal; where our standard error is none, it has a pipe there.
    pub(super) fn on_terminal(command: &mut Command, terminal: &Terminal) -> io::Result<Streams> {
        let mut streams = Streams::default();
        command.stdout(terminal.child()?);
        if isatty(stdin()) {
            command.stdin(terminal.child()?);
        }
        streams.0.push(Stream::to_terminal(terminal.output()?, terminal.output_lock()));
        match isatty(stderr()) {
            true => command.stderr(terminal.child()?),
            false => command.stderr(streams.pipe_to_stderr()?),
        };
        Ok(streams)
    }

    /// The child has pipes: one where both of our streams go to the same place, so that the order of its output is kept.
    pub(super) fn on_pipes(command: &mut Command) -> io::Result<Streams> {
        let mut streams = Streams::default();
        let (reader, writer) = io::pipe()?;
        streams.0.push(Stream::to_stdout(reader.into()));
        match is_same_file() {
            true => command.stderr(writer.try_clone()?),
            false => command.stderr(streams.pipe_to_stderr()?),
        };
        command.stdout(writer);
        Ok(streams)
    }

    fn pipe_to_stderr(&mut self) -> io::Result<PipeWriter> {
        let (reader, writer) = io::pipe()?;
        self.0.push(Stream::to_stderr(reader.into()));
        Ok(writer)
    }

    /// Masks them, each on a thread. `exit` is closed when the child has exited.
    pub(super) fn start(
        self,
        provider: Option<Arc<dyn MatcherProvider>>,
        exit: &PipeReader,
    ) -> io::Result<RunningStreams> {
        let (done, all_done) = channel();
        let start = |stream: Stream| {
            let provider = provider.clone()?;
            Some(exit.try_clone().map(|exit| stream.start(provider, exit, done.clone())))
        };
        let threads = self.0.into_iter().filter_map(start).collect::<io::Result<_>>()?;
        Ok(RunningStreams { threads, all_done })
    }
}

/// Streams that are being masked.
pub(super) struct RunningStreams {
    threads: Vec<JoinHandle<StreamReport>>,
    /// Disconnected when all of them have ended.
    all_done: Receiver<Infallible>,
}

impl RunningStreams {
    /// Gives the last output a moment to be written, while our terminal still shows it as it is.
    pub(super) fn flush(&self) {
        let _ = self.all_done.recv_timeout(FLUSH_TIMEOUT);
    }

    /// Waits for their ends; one that is still open is handed to another process.
    pub(super) fn finish(self, exit: Exit, co_cred: &Path) -> Report {
        let mut report = Report { exit, masked: 0, lost: Vec::new() };
        for stream in self.threads.into_iter().filter_map(|thread| thread.join().ok()) {
            report.masked += stream.masked;
            let not_handed_off = stream.open.and_then(|open| handoff::hand_off(co_cred, open).err());
            let error = stream.lost.map(io::Error::from).or(not_handed_off);
            report.lost.extend(error.map(|error| Lost { stream: stream.name, error }));
        }
        report
    }
}

/// Whether standard output and standard error go to the same place.
fn is_same_file() -> bool {
    match (rustix::fs::fstat(stdout()), rustix::fs::fstat(stderr())) {
        (Ok(out), Ok(err)) => (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino),
        _ => false,
    }
}
