//! Supervision on Windows: the command is our child, and we end as it ends. Nothing stands between, and no signal is handed
//! on: the console sends Ctrl-C to all of us. What is masked goes through pipes, on a console as well.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, PipeReader, Read, Write};
use std::os::windows::io::AsHandle;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::mask::{Lookout, Masker};
use super::{End, Failure, Lost, Report};

/// The most bytes that are read at once, and how often that is read ahead.
const PIECE: usize = 128 * 1024;
const AHEAD: usize = 2;

/// How long something is held back that may be let go.
const PATIENCE: Duration = Duration::from_millis(50);

/// How often it is looked whether the child has ended, while nothing comes.
const BEAT: Duration = Duration::from_millis(100);

/// How long the streams of a child that has ended may be silent, and how long they are listened to in all.
const GRACE: Duration = Duration::from_secs(1);
const AT_MOST: Duration = Duration::from_secs(5);

/// Whether the command has ended.
static ENDED: AtomicBool = AtomicBool::new(false);

/// The code of whoever is stopped by Ctrl-C, as shells have it.
const STOPPED: i32 = 130;

/// Runs a command to its end. `make` makes a program with its arguments into one that can be started, and its standard streams
/// are set here: without tokens to mask it has ours. This very program stands nowhere between.
///
/// # Errors
/// [`Failure`].
pub fn run(
    lookout: Option<Arc<dyn Lookout>>,
    _: &Path,
    command: &[OsString],
    make: impl FnOnce(&OsStr, &[OsString]) -> Command,
) -> Result<Report, Failure> {
    let (program, args) = command.split_first().ok_or(io::Error::from(io::ErrorKind::InvalidInput))?;
    let (mut command, ended) = (make(program, args), Arc::new(OnceLock::new()));
    let mut pumps = Vec::new();
    if let Some(lookout) = lookout {
        let mut pump = |to: File, stream| {
            let (reader, writer) = io::pipe()?;
            pumps.push(Pump { from: reader, to, stream, lookout: Arc::clone(&lookout), ended: Arc::clone(&ended) });
            io::Result::Ok(writer)
        };
        // As they are: what a console shows need be no UTF-8, which Rust's own streams ask for there.
        let (out, err) =
            (io::stdout().as_handle().try_clone_to_owned()?, io::stderr().as_handle().try_clone_to_owned()?);
        command.stdout(pump(out.into(), "standard output")?).stderr(pump(err.into(), "standard error")?);
    }
    let pumps: Vec<_> = pumps.into_iter().map(Pump::start).collect();
    let code = to_its_end(command).map_err(Failure::NotStarted)?;
    // Codes have 32 bits, and ours have eight: what does not fit in is a failure, and none of co-cred's own.
    let end = End::Code(u8::try_from(code).unwrap_or(1));
    let _ = ended.set(Instant::now());
    let mut report = Report { end, masked: 0, lost: Vec::new() };
    for (masked, lost) in pumps.into_iter().filter_map(|pump| pump.join().ok()) {
        report.masked += masked;
        report.lost.extend(lost);
    }
    Ok(report)
}

/// Runs a command in our place, since none can take it, and ends as it ended. Returns only where it cannot be started.
pub fn replace(command: Command) -> io::Error {
    match to_its_end(command) {
        Ok(code) => std::process::exit(code),
        Err(error) => error,
    }
}

fn to_its_end(mut command: Command) -> io::Result<i32> {
    // What Ctrl-C does is for the command to say, and once that has ended, it means us.
    let _ = ctrlc::set_handler(|| {
        if ENDED.load(Ordering::Acquire) {
            std::process::exit(STOPPED);
        }
    });
    let mut child = command.spawn()?;
    // It holds our copies of the child's ends, whose closing is the end of its streams.
    drop(command);
    let status = child.wait();
    ENDED.store(true, Ordering::Release);
    Ok(status?.code().unwrap_or(1))
}

/// A stream that is to be masked.
struct Pump {
    from: PipeReader,
    to: File,
    /// The stream's name.
    stream: &'static str,
    lookout: Arc<dyn Lookout>,
    /// When the child ended.
    ended: Arc<OnceLock<Instant>>,
}

impl Pump {
    /// Runs on threads of its own; the one that is returned tells how many traces were masked, and what could not be written.
    fn start(self) -> JoinHandle<(usize, Option<Lost>)> {
        let Pump { mut from, to, stream, lookout, ended } = self;
        let (sender, pieces) = sync_channel(AHEAD);
        thread::spawn(move || {
            let mut piece = vec![0; PIECE];
            while let Ok(read @ 1..) = from.read(&mut piece) {
                if sender.send(piece[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        thread::spawn(move || {
            let (masked, lost) = mask(&*lookout, &pieces, to, &ended);
            (masked, lost.map(|error| Lost { stream, error }))
        })
    }
}

fn mask(
    lookout: &dyn Lookout,
    pieces: &Receiver<Vec<u8>>,
    mut to: File,
    ended: &OnceLock<Instant>,
) -> (usize, Option<io::Error>) {
    let (mut masker, mut out, mut heard, mut lost) = (Masker::new(lookout), Vec::new(), Instant::now(), None);
    // How long whoever reads ours has kept us waiting since the child's end: that is no time of the child's.
    let mut kept = Duration::ZERO;
    loop {
        out.clear();
        let is_late = |ended: &Instant| ended.elapsed().saturating_sub(kept) > AT_MOST;
        let over = |ended: &Instant| is_late(ended) || ended.max(&heard).elapsed() > GRACE;
        match pieces.recv_timeout(if masker.may_let_go() { PATIENCE } else { BEAT }) {
            // What something that was left running goes on printing is left to itself.
            Ok(_) if ended.get().is_some_and(is_late) => break,
            Ok(piece) => {
                heard = Instant::now();
                masker.feed(&piece, &mut out);
            }
            Err(RecvTimeoutError::Timeout) if masker.may_let_go() => masker.let_go(&mut out),
            Err(RecvTimeoutError::Timeout) if ended.get().is_some_and(over) => break,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let start = Instant::now();
        let written = to.write_all(&out);
        kept += ended.get().map(|ended| start.max(*ended).elapsed()).unwrap_or_default();
        match written {
            Ok(()) => {}
            // Nothing reads any more: the child finds that out as it would without us, by the pipe's end.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return (masker.masked, lost),
            // The child is not to blame, and goes on; there may be room for what comes next.
            Err(error) => drop(lost.get_or_insert(error)),
        }
    }
    out.clear();
    let masked = masker.finish(&mut out);
    let unwritten = to.write_all(&out).err().filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
    (masked, lost.or(unwritten))
}

/// There is no such limit.
pub fn outlive_file_limit() {}

/// Does something before Ctrl-C ends this program.
///
/// # Errors
/// Something else is done then.
pub fn before_end(work: fn()) -> io::Result<()> {
    let end = move || {
        work();
        std::process::exit(STOPPED);
    };
    ctrlc::set_handler(end).map_err(io::Error::other)
}

/// Nothing ends by a signal.
pub fn die_of(_: i32) {}

/// Nothing is left to another process.
///
/// # Errors
/// Always.
pub fn mask_rest() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Nothing stands between, and so nothing becomes a command.
pub fn become_command(_: &[OsString], _: i32, _: bool) -> io::Error {
    io::ErrorKind::Unsupported.into()
}

/// There is no terminal to lead.
///
/// # Errors
/// Always.
pub fn lead_command(_: &[OsString], _: i32) -> io::Result<End> {
    Err(io::ErrorKind::Unsupported.into())
}
