//! What a command leaves running goes on printing through a process of ours that stays for that alone, so that the command's
//! end is ours, and its pipes stay open for as long as they would without us.

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

use super::super::mask::{Masker, Rest};
use super::stream::{Left, Pump};

/// The most bytes that are read of what is handed over: some tokens, each written down in many ways.
const LIMIT: u64 = 64 * 1024 * 1024;

/// How long that process may take to begin.
const PATIENCE: Duration = Duration::from_secs(20);

/// Leaves a stream to a process that stays until its end. It has the stream's two ends as its standard streams, and the
/// tokens through a socket in place of standard error, for neither its arguments nor its environment may hold one.
pub(super) fn leave(us: &Path, left: Left) -> io::Result<()> {
    let state = Zeroizing::new(serde_json::to_vec(&left.rest)?);
    let (mut here, there) = UnixStream::pair()?;
    here.set_read_timeout(Some(PATIENCE))?;
    here.set_write_timeout(Some(PATIENCE))?;
    let mut command = Command::new(us);
    command.arg("mask-rest").env_clear().current_dir("/");
    command.stdin(left.from).stdout(left.to.try_clone_to_owned()?).stderr(OwnedFd::from(there)).spawn()?;
    drop(command);
    here.write_all(&state)?;
    here.shutdown(Shutdown::Write)?;
    here.read_exact(&mut [0])
}

/// Goes on with a stream that `leave` has left to us.
///
/// # Errors
/// We were not started by that.
pub fn mask_rest() -> io::Result<()> {
    // Keys and a terminal's end are no business of ours.
    let _ = setsid();
    let mut there = UnixStream::from(stderr().try_clone_to_owned()?);
    let mut state = Zeroizing::new(Vec::new());
    Read::by_ref(&mut there).take(LIMIT).read_to_end(&mut state)?;
    let mut rest: Rest = serde_json::from_slice(&state)?;
    let lookout = rest.lookout().map_err(io::Error::other)?;
    dup2_stderr(File::options().write(true).open("/dev/null")?)?;
    there.write_all(&[1])?;
    drop(there);
    Pump::to_stdout(stdin().try_clone_to_owned()?).run_to_the_end(Masker::resume(&lookout, rest));
    Ok(())
}
