//! `co-cred token`: the token alone.

use std::io::Write;

use crate::credential::{Mode, obtain};
use crate::deliver::print::print;
use crate::error::Result;

use super::tell::Tell;
use super::{Call, closed};

pub(super) fn run(call: &Call, out: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    let credential = obtain(&call.order(Mode::Auto)?)?;
    tell.warn(credential.remarks());
    print(&credential, out).map(|()| 0).or_else(closed)
}
