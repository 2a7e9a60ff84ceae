//! `co-cred env`: assignments for another program.

use std::io::Write;

use crate::credential::{Mode, obtain};
use crate::deliver::env::write;
use crate::error::Result;

use super::Call;
use super::args::{self, variable_names};
use super::tell::Tell;

pub(super) fn run(call: &Call, typed: &args::Env, out: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    variable_names(&typed.names)?;
    let credential = obtain(&call.order(Mode::Auto)?)?;
    tell.warn(credential.remarks());
    write(typed.format, &credential, &typed.names, call.env, out).map(|()| 0)
}
