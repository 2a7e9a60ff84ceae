//! `co-cred env`: assignments for another program.

use std::io::Write;

use crate::credential::{Mode, obtain};
use crate::deliver::env::{Format, append, gha, render};
use crate::error::{Error, Reason, Result};

use super::args;
use super::tell::Tell;
use super::values::variable_names;
use super::{Call, closed, system};

pub(super) fn run(call: &Call, typed: &args::Env, out: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
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
        gha::refuse_own_files(call.env, &out)?;
    }
    let credential = obtain(&call.order(Mode::Auto)?)?;
    tell.warn(credential.remarks());
    let rendered = render(typed.format, &credential, &typed.names, &typed.only, call.env)?;
    match out.write_all(rendered.out.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => append(&rendered).map(|()| 0),
        Err(error) => closed(error),
    }
}
