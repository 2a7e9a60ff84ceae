//! `co-cred token`: the token alone.

use std::io::Write;

use crate::credential::{Mode, obtain};
use crate::deliver::print::print;

use crate::cli::Invocation;
use crate::cli::exit::Outcome;
use crate::cli::messages::Messages;

pub(super) fn run(invocation: &Invocation, out: &mut dyn Write, messages: &mut Messages) -> Outcome {
    let credential = obtain(&invocation.options(Mode::Auto)?)?;
    messages.warn(credential.remarks());
    print(&credential, out)?;
    Ok(0)
}
