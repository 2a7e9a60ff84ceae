//! `co-cred check`: the startup check. Silent and 0 when all is well, else one line and the code.

use std::io::Write;

use crate::credential::{Mode, ObtainOptions};
use crate::error::{Error, Reason};
use crate::sources;

use crate::cli::exit::Outcome;
use crate::cli::messages::Messages;
use crate::cli::report::Report;
use crate::cli::{Invocation, args, values};

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Check,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Outcome {
    let mut options = ObtainOptions { needs: &typed.needs, ..invocation.options(Mode::Always)? };
    options.budget.wait = typed.wait.as_deref().map(|wait| values::duration("--wait", wait)).transpose()?;
    if options.mode == Mode::Never && !options.needs.is_empty() {
        return Err(Error::new(
            Reason::Usage,
            "--need must ask the deployment, and --offline or --verify never forbids that",
        )
        .hint("leave out one of them")
        .into());
    }
    let mut report = Report::new(&options);
    if typed.json {
        report.note_shadowed(&sources::survey(&options.search));
        writeln!(out, "{}", report.json())?;
        return Ok(report.code());
    }
    match &report.error {
        Some(error) => Ok(messages.error_in_one_line(error)),
        None => {
            messages.warn_in_one_line(&report.remarks());
            Ok(0)
        }
    }
}
