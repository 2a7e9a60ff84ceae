//! The process and its console, on Windows.

use std::io;

/// Nothing is to be done: Windows writes no dump of a process unless somebody has set that up, and a debugger of the same
/// user's cannot be refused.
pub(super) fn keep_out_of_cores() {}

/// There is no agent, and so nobody to leave it.
pub(super) fn leave_the_terminal() -> io::Result<()> {
    Ok(())
}

/// Nothing is to be done: a console that somebody typed into without seeing it is set anew by the shell that reads it next.
pub(super) fn restore_when_stopped() -> io::Result<()> {
    Ok(())
}
