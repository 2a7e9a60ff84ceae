//! The process and its console, on Windows.

use std::fs::File;
use std::io;
use std::os::windows::io::AsHandle;
use std::path::Path;

/// Nothing can be done without `unsafe`: Windows may keep a small dump of a process that crashes, and a debugger of the same
/// user's cannot be refused. A panic is no crash here: it ends us with a code.
pub(super) fn keep_out_of_cores() {}

/// There is no agent, and so nothing is closed.
pub(super) fn close_inherited() {}

/// There is no agent, and so no folder is left.
pub(super) fn leave_the_folder() {}

/// There is no agent, and so nobody to leave it.
pub(super) fn leave_the_terminal() -> io::Result<()> {
    Ok(())
}

/// Our standard input.
pub(super) fn input() -> io::Result<File> {
    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}

/// Our standard output.
pub(super) fn output() -> io::Result<File> {
    Ok(io::stdout().as_handle().try_clone_to_owned()?.into())
}

/// Nothing is to be done: a console that somebody typed into without seeing it is set anew by the shell that reads it next.
pub(super) fn restore_when_stopped() -> io::Result<()> {
    Ok(())
}

/// There is no such right.
pub(super) fn is_executable(_: &Path) -> bool {
    true
}

/// Whether the system refused a file since it is in no form that it executes (`ERROR_BAD_EXE_FORMAT`).
pub(super) fn is_no_program(error: &io::Error) -> bool {
    error.raw_os_error() == Some(193)
}
