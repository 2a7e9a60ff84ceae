//! Prompts on the terminal, and reads of a token from standard input.

use std::io::{self, BufRead, Read};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::error::{Error, Reason, Result};
use crate::token::{LIMIT, Token};

use super::Invocation;
use super::messages::Messages;
use super::system;

/// Reads the token: typed without echo on a terminal, otherwise from standard input to its end.
///
/// # Errors
/// Nothing can be read, or what was read cannot be a token.
pub(super) fn token(invocation: &Invocation, deployment: &Deployment, input: &mut dyn BufRead) -> Result<Token> {
    let raw = match invocation.interactive {
        true => typed(deployment)?,
        false => piped(deployment, input)?,
    };
    let parsed = Token::parse(&raw).map_err(|malformed| {
        Error::new(Reason::Usage, format!("the input {malformed}, so it is not an access token"))
            .hint("give the token alone, on one line that begins with cop_")
    })?;
    Ok(parsed.token)
}

fn typed(deployment: &Deployment) -> Result<Zeroizing<Vec<u8>>> {
    let prompt = format!("Access token for {deployment} (made at Account → Access Tokens; not shown as you type): ");
    system::restore_when_stopped().map_err(unread)?;
    let typed = rpassword::prompt_password(prompt).map(Zeroizing::new);
    if typed.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
        // Ctrl-C: wait for the thread of `restore_when_stopped`, which ends the process as the signal would.
        thread::sleep(Duration::from_secs(1));
    }
    Ok(Zeroizing::new(typed.map_err(unread)?.as_bytes().to_vec()))
}

fn piped(deployment: &Deployment, input: &mut dyn BufRead) -> Result<Zeroizing<Vec<u8>>> {
    // Full capacity up front: a reallocation would leave an unwiped copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT + 2));
    input.take(LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.trim_ascii().is_empty() {
        return Err(Error::new(Reason::Usage, "standard input holds no token").hint(format!(
            "run it in a terminal, or pipe the token in: pass show code-ocean | co-cred login --deployment {deployment}"
        )));
    }
    Ok(bytes)
}

/// Prompts for a line that is echoed; none where this is no terminal or the line is empty.
///
/// # Errors
/// The terminal cannot be read.
pub(super) fn line(
    invocation: &Invocation,
    what: &str,
    input: &mut dyn BufRead,
    messages: &mut Messages,
) -> Result<Option<String>> {
    if !invocation.interactive {
        return Ok(None);
    }
    messages.ask(what);
    let mut line = String::new();
    input.take(LIMIT as u64).read_line(&mut line).map_err(unread)?;
    Ok(Some(line.trim().to_owned()).filter(|line| !line.is_empty()))
}

fn unread(error: io::Error) -> Error {
    Error::new(Reason::Usage, format!("the input cannot be read ({})", error.kind()))
        .hint("run it in a terminal, or pipe the token in")
        .caused_by(error)
}
