//! What a command leaves running goes on printing through a process of ours that stays for that alone, so that the command's
//! end is ours, and its pipes stay open for as long as they would without us.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;

use rustix::process::setsid;
use rustix::stdio::{dup2_stderr, stderr, stdin};
use zeroize::Zeroizing;

use super::super::mask::{Masker, Rest};
use super::stream::{Left, Pump};

/// The most bytes that are read of what is handed over: some tokens, each written down in many ways.
const LIMIT: u64 = 64 * 1024 * 1024;

/// Leaves a stream to a process that stays until its end. It has the stream's two ends as its standard streams, and the
/// tokens through a pipe in place of standard error, for neither its arguments nor its environment may hold one.
pub(super) fn leave(us: &Path, left: Left) -> io::Result<()> {
    let state = Zeroizing::new(serde_json::to_vec(&left.rest)?);
    let (tokens, mut writer) = io::pipe()?;
    let mut command = Command::new(us);
    command.arg("mask-rest").env_clear().current_dir("/");
    command.stdin(left.from).stdout(left.to.try_clone_to_owned()?).stderr(tokens).spawn()?;
    drop(command);
    writer.write_all(&state)
}

/// Goes on with a stream that [`leave`] has left to us.
///
/// # Errors
/// We were not started by that.
pub fn mask_rest() -> io::Result<()> {
    // Keys and a terminal's end are no business of ours.
    let _ = setsid();
    let mut state = Zeroizing::new(Vec::new());
    File::from(stderr().try_clone_to_owned()?).take(LIMIT).read_to_end(&mut state)?;
    dup2_stderr(File::options().write(true).open("/dev/null")?)?;
    let mut rest: Rest = serde_json::from_slice(&state)?;
    let lookout = rest.lookout().map_err(io::Error::other)?;
    Pump::to_stdout(stdin().try_clone_to_owned()?).run_to_the_end(Masker::resume(&lookout, rest));
    Ok(())
}
