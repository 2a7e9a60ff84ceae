//! A small command line of the four commands that programs start often. clap builds it faster than the whole one.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use super::exec::Exec;
use super::git_credential::GitCredential;
use super::supervised::Supervised;

/// The names of the commands, which are the first argument.
pub(super) const NAMES: [&str; 4] = ["exec", "git-credential", "supervised", "resume-masking"];

/// The command line, without options before the command.
#[derive(Debug, Parser)]
#[command(name = "co-cred", bin_name = "co-cred", max_term_width = 100, disable_help_subcommand = true)]
struct Frequent {
    #[command(subcommand)]
    command: FrequentCommand,
}

/// The same commands as in [`super::Command`].
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum FrequentCommand {
    /// Run a command with the token in its environment
    Exec(Exec),
    /// Answer Git as a credential helper
    GitCredential(GitCredential),
    /// The launcher: the process between supervisor and command
    Supervised(Supervised),
    /// Mask the output of a program that a supervised command has left running
    ResumeMasking,
}

/// Reads the command line, the program's name first.
pub(super) fn read(args: &[OsString]) -> Result<FrequentCommand, clap::Error> {
    Frequent::try_parse_from(args).map(|Frequent { command }| command)
}
