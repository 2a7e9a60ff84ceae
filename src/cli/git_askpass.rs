//! As `GIT_ASKPASS`: Git asks for a user or a password in words, and gets it on a line.

use std::io::Write;

use crate::deliver::git::prompt::{Prompt, Wanted};
use crate::deliver::print::print;
use crate::error::Result;

use super::helper::Target;
use super::tell::Tell;
use super::{Call, args, closed};

/// Git asks the terminal next, where there is one.
const NO_ANSWER: u8 = 1;

pub(super) fn run(call: &Call, typed: &args::Prompted, out: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    let Some(prompt) = Prompt::parse(&typed.prompt) else { return Ok(NO_ANSWER) };
    let target = Target::find(call, |deployment| deployment.serves_git(&prompt.host))?;
    let Some(target) = target else {
        // Not which: a prompt holds what a stranger wrote.
        tell.done("Git asks about a host that is not a known deployment's: it is not answered");
        return Ok(NO_ANSWER);
    };
    let Some((user, credential)) = target.login(call, prompt.user.as_deref())? else { return Ok(NO_ANSWER) };
    let written = match prompt.wanted {
        Wanted::Username => writeln!(out, "{user}").and_then(|()| out.flush()),
        Wanted::Password => print(&credential, out),
    };
    written.map(|()| 0).or_else(closed)
}
