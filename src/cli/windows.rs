//! The process and its console, on Windows.

use std::fs::File;
use std::io;
use std::os::windows::io::AsHandle;
use std::path::Path;

/// Does nothing: without `unsafe`, small dumps of a crash and debuggers of the same user cannot be prevented. A panic is not a
/// crash: it ends the process with an exit code.
pub(super) fn keep_out_of_cores() {}

/// Does nothing: Windows has no agent.
pub(super) fn close_inherited() {}

/// Does nothing: Windows has no agent.
pub(super) fn leave_the_folder() {}

/// Does nothing: Windows has no agent.
pub(super) fn leave_the_terminal() -> io::Result<()> {
    Ok(())
}

/// A handle of standard input.
pub(super) fn input() -> io::Result<File> {
    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}

/// A handle of standard output.
pub(super) fn output() -> io::Result<File> {
    Ok(io::stdout().as_handle().try_clone_to_owned()?.into())
}

/// Does nothing: the shell resets the console when it reads from it again.
pub(super) fn restore_when_stopped() -> io::Result<()> {
    Ok(())
}

/// True: Windows has no such permission.
pub(super) fn is_executable(_: &Path) -> bool {
    true
}

/// Whether the system does not execute files of this format (`ERROR_BAD_EXE_FORMAT`).
pub(super) fn is_no_program(error: &io::Error) -> bool {
    error.raw_os_error() == Some(193)
}
