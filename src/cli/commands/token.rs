//! `co-cred token`: the token alone.

use std::io::Write;

use crate::credential::{Mode, obtain};
use crate::deliver::print::print;
use crate::error::Result;

use crate::cli::messages::Messages;
use crate::cli::{Invocation, closed};

pub(super) fn run(invocation: &Invocation, out: &mut dyn Write, messages: &mut Messages) -> Result<u8> {
    let credential = obtain(&invocation.options(Mode::Auto)?)?;
    messages.warn(credential.remarks());
    print(&credential, out).map(|()| 0).or_else(closed)
}
