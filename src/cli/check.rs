//! `co-cred check`: the startup check. Silent and 0 when all is well, else one line and the code.

use std::io::Write;

use crate::credential::{Mode, Order};
use crate::error::{Error, Reason, Result};
use crate::locate;

use super::report::Report;
use super::tell::Tell;
use super::{Call, args, closed, values};

pub(super) fn run(call: &Call, typed: &args::Check, out: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    let mut order = Order { needs: &typed.needs, ..call.order(Mode::Always)? };
    order.pace.wait = typed.wait.as_deref().map(|wait| values::duration("--wait", wait)).transpose()?;
    if order.mode == Mode::Never && !order.needs.is_empty() {
        return Err(Error::new(Reason::Usage, "--need asks the deployment, and nothing may be sent")
            .hint("leave out --offline and --verify never"));
    }
    let mut report = Report::new(&order);
    if typed.json {
        report.note_shadowed(&locate::survey(&order.request));
        return writeln!(out, "{}", report.json()).map(|()| report.code()).or_else(closed);
    }
    match &report.error {
        Some(error) => Ok(tell.error_in_one_line(error)),
        None => {
            tell.warn_in_one_line(&report.remarks());
            Ok(0)
        }
    }
}
