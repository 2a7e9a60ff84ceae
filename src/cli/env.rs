//! `co-cred env`: assignments for another program.

use std::io::Write;

use crate::credential::{Mode, obtain};
use crate::deliver::env::{Format, append, render};
use crate::error::{Error, Reason, Result};

use super::args;
use super::tell::Tell;
use super::values::variable_names;
use super::{Call, closed};

pub(super) fn run(call: &Call, typed: &args::Env, out: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    variable_names(&typed.names)?;
    if !typed.names.is_empty() && matches!(typed.format, Format::Netrc | Format::Curl) {
        return Err(Error::new(Reason::Usage, "--as goes with formats that set variables, and this one does not")
            .hint("leave out --as"));
    }
    let credential = obtain(&call.order(Mode::Auto)?)?;
    tell.warn(credential.remarks());
    let rendered = render(typed.format, &credential, &typed.names, call.env)?;
    match out.write_all(rendered.out.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => append(&rendered).map(|()| 0),
        Err(error) => closed(error),
    }
}
