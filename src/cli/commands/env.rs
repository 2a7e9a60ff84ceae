//! `co-cred env`: assignments for another program.

use std::io::Write;

use crate::credential::{Mode, obtain};
use crate::deliver::env::{Format, append, gha, render};
use crate::error::{Error, Reason, Result};

use crate::cli::args;
use crate::cli::messages::Messages;
use crate::cli::values::variable_names;
use crate::cli::{Invocation, closed, system};

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Env,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Result<u8> {
    variable_names(&typed.names)?;
    let names = typed.names.iter().chain(&typed.only).next();
    if names.is_some() && !typed.format.has_names() {
        return Err(Error::new(
            Reason::Usage,
            "--as and --only go with formats that set variables, and this one does not",
        )
        .hint("leave them out"));
    }
    if typed.format == Format::Gha
        && let Ok(out) = system::output()
    {
        gha::refuse_own_files(invocation.env, &out)?;
    }
    let credential = obtain(&invocation.options(Mode::Auto)?)?;
    messages.warn(credential.remarks());
    let rendered = render(typed.format, &credential, &typed.names, &typed.only, invocation.env)?;
    match out.write_all(rendered.out.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => append(&rendered).map(|()| 0),
        Err(error) => closed(error),
    }
}
