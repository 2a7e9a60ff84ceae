//! co-cred as `GIT_ASKPASS`: Git passes a prompt as argument, and reads the user or the password from standard output.

use std::io::Write;

use crate::credential::Credential;
use crate::deliver::git::askpass;
use crate::deliver::git::prompt::{Prompt, Wanted};
use crate::deliver::print::print;
use crate::error::{Error, Reason, Remark, Result};
use crate::supervise::replace;

use crate::cli::exit::Outcome;
use crate::cli::helper::Target;
use crate::cli::messages::Messages;
use crate::cli::{Invocation, args};

/// No answer: Git asks on the terminal next, if there is one.
const NO_ANSWER: u8 = 1;

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::GitAskpass,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Outcome {
    let prompt = typed.prompt.to_str().and_then(Prompt::parse);
    let login = prompt.as_ref().map_or(Ok(None), |prompt| login(invocation, prompt));
    if let (Some(prompt), Ok(Some((user, credential)))) = (&prompt, &login) {
        match prompt.wanted {
            Wanted::Username => writeln!(out, "{user}").and_then(|()| out.flush())?,
            Wanted::Password => print(credential, out)?,
        }
        return Ok(0);
    }
    match askpass::next(invocation.env, &typed.prompt) {
        Some(next) => {
            messages.warn(&login.as_ref().err().map(Remark::from).into_iter().collect::<Vec<_>>());
            let failure = replace(next);
            let what = format!("the program for Git's other prompts cannot be started ({})", failure.kind());
            Err(Error::new(Reason::Unreadable, what)
                .hint("check GIT_ASKPASS, git config core.askPass and SSH_ASKPASS")
                .caused_by(failure)
                .into())
        }
        None => {
            login?;
            // Without the prompt, whose text may come from another server.
            messages.done("no answer for Git: co-cred has no login for that host and user");
            Ok(NO_ANSWER)
        }
    }
}

/// The user and the token for a prompt; none if the host or the user is not known.
fn login(invocation: &Invocation, prompt: &Prompt) -> Result<Option<(String, Credential)>> {
    match Target::find(invocation, |deployment| deployment.serves_git(&prompt.host))? {
        Some(target) => target.login(invocation, prompt.user.as_deref()),
        None => Ok(None),
    }
}
