//! The options of `co-cred supervised`, and its help.

use std::ffi::OsString;

/// The launcher: the process between supervisor and command
#[derive(Debug, clap::Args)]
pub struct Supervised {
    /// The supervisor's process number: the command ends with it.
    #[arg(long)]
    pub parent: i32,
    /// Lead a session on the terminal that is standard output.
    #[arg(long)]
    pub terminal: bool,
    /// Wait there for the foreground.
    #[arg(long)]
    pub foreground: bool,
    /// The command and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    pub command: Vec<OsString>,
}
