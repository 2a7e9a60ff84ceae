//! `co-cred env`: prints assignments for another program.

use std::io::Write;

use crate::credential::{Mode, obtain};
use crate::deliver::env::{append, gha, render};
use crate::error::{Error, Reason};

use crate::cli::args;
use crate::cli::exit::Outcome;
use crate::cli::messages::Messages;
use crate::cli::values::variable_names;
use crate::cli::{Invocation, system};

pub(super) fn run(invocation: &Invocation, typed: &args::Env, out: &mut dyn Write, messages: &mut Messages) -> Outcome {
    variable_names(&typed.names)?;
    let names = typed.names.iter().chain(&typed.only).next();
    if names.is_some() && !typed.format.has_names() {
        return Err(Error::new(
            Reason::Usage,
            "--as and --only need a format that sets variables, and this format does not",
        )
        .hint("leave them out")
        .into());
    }
    if typed.format == gha::FORMAT
        && let Ok(out) = system::output()
    {
        gha::refuse_own_files(invocation.env, &out)?;
    }
    let credential = obtain(&invocation.options(Mode::Auto)?)?;
    messages.warn(credential.remarks());
    let rendered = render(typed.format, &credential, &typed.names, &typed.only, invocation.env)?;
    out.write_all(rendered.out.as_bytes())?;
    out.flush()?;
    append(&rendered)?;
    Ok(0)
}
