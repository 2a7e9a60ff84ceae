//! `co-cred completions`: for bash, zsh, fish, elvish and PowerShell.

use std::io::Write;

use clap::CommandFactory;

use crate::error::Result;

use super::{args, closed};

pub(super) fn run(typed: &args::Completions, out: &mut dyn Write) -> Result<u8> {
    // Into memory first: the generator panics where a pipe is closed.
    let mut text = Vec::new();
    clap_complete::generate(typed.shell, &mut args::Args::command(), "co-cred", &mut text);
    out.write_all(&text).and_then(|()| out.flush()).map(|()| 0).or_else(closed)
}
