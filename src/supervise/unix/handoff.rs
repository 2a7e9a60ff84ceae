//! A program that the command left running goes on printing: another co-cred process masks its output then, so that co-cred
//! exits with the command, and the pipe stays open for as long as it would without co-cred.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::setsid;
use rustix::stdio::{dup2_stderr, stderr, stdin};
use zeroize::Zeroizing;

use super::stream::{OpenStream, Stream};
use crate::supervise::mask::{Masker, MaskerState};

/// The most bytes of state that are read: some tokens, each in many encodings.
const LIMIT: u64 = 64 * 1024 * 1024;

/// How long the other process may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Hands a stream to another process, `co-cred resume-masking`. It has the stream's two ends as its standard input and output, and
/// the tokens through a socket in place of standard error: neither its arguments nor its environment may hold one.
pub(super) fn hand_off(co_cred: &Path, stream: OpenStream) -> io::Result<()> {
    let state = Zeroizing::new(serde_json::to_vec(&stream.state)?);
    let (mut ours, theirs) = UnixStream::pair()?;
    ours.set_read_timeout(Some(START_TIMEOUT))?;
    ours.set_write_timeout(Some(START_TIMEOUT))?;
    let mut command = Command::new(co_cred);
    command.arg("resume-masking").env_clear().current_dir("/");
    command.stdin(stream.from).stdout(stream.to.try_clone_to_owned()?).stderr(OwnedFd::from(theirs)).spawn()?;
    drop(command);
    ours.write_all(&state)?;
    ours.shutdown(Shutdown::Write)?;
    ours.read_exact(&mut [0])
}

/// Masks to its end the stream that a supervisor has handed to this process.
///
/// # Errors
/// No supervisor started this process.
pub fn resume_masking() -> io::Result<()> {
    // Neither a key nor the end of the terminal ends it.
    let _ = setsid();
    let mut supervisor = UnixStream::from(stderr().try_clone_to_owned()?);
    let mut state = Zeroizing::new(Vec::new());
    Read::by_ref(&mut supervisor).take(LIMIT).read_to_end(&mut state)?;
    let mut state: MaskerState = serde_json::from_slice(&state)?;
    let matcher = state.take_matcher();
    dup2_stderr(File::options().write(true).open("/dev/null")?)?;
    supervisor.write_all(&[1])?;
    drop(supervisor);
    Stream::to_stdout(stdin().try_clone_to_owned()?).run_to_end(Masker::resume(&matcher, state));
    Ok(())
}
