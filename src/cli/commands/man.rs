//! `co-cred man`: the manual pages, one for co-cred and one for each command.

use std::io::Write;

use clap::CommandFactory;

use crate::error::{Error, Reason};

use crate::cli::exit::Outcome;
use crate::cli::{args, manual};

pub(super) fn run(typed: &args::Man, out: &mut dyn Write) -> Outcome {
    let mut root = args::Args::command();
    root.build();
    let page = match &typed.command {
        None => manual::page(&root),
        Some(name) => manual::page(root.find_subcommand(name).ok_or_else(unknown)?),
    };
    out.write_all(page.as_bytes())?;
    out.flush()?;
    Ok(0)
}

fn unknown() -> Error {
    Error::new(Reason::Usage, "there is no manual page for that command").hint("co-cred --help lists the commands")
}
