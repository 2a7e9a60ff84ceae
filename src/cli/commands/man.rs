//! `co-cred man`: the manual pages, one for co-cred and one for each command.

use std::io::Write;

use clap::CommandFactory;

use crate::error::{Error, Reason};

use crate::cli::args;
use crate::cli::exit::Outcome;

pub(super) fn run(typed: &args::Man, out: &mut dyn Write) -> Outcome {
    let mut root = args::Args::command();
    root.build();
    let page = match &typed.command {
        None => root,
        Some(name) => root.find_subcommand(name).cloned().ok_or_else(unknown)?,
    };
    clap_mangen::Man::new(page).render(out)?;
    out.flush()?;
    Ok(0)
}

fn unknown() -> Error {
    Error::new(Reason::Usage, "there is no page for such a command").hint("co-cred --help lists the commands")
}
