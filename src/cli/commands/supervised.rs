//! `co-cred exec` where the command stays a child: its output is masked, and the files it wrote are searched for tokens.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::credential::Credential;
use crate::deliver::exec::Plan;
use crate::error::{Error, Kind, Reason, Remark, Result};
use crate::supervise::mask::MatcherProvider;
use crate::supervise::{self, Exit, Lost, Report, SuperviseError};

use super::scan::Gate;
use crate::cli::exit::{EXEC_FAILED, not_started};
use crate::cli::known::KnownTokens;
use crate::cli::messages::Messages;
use crate::cli::{Invocation, args};

const MASKED: &str = "change the command so that it does not print the token; revoke a token that is visible elsewhere";

/// Runs the command, and returns the code to exit with: the command's, or where that is 0, the code of what failed after it.
/// Ends by the signal that ended the command. A command that ran is followed by the remark of `afterwards`.
pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Exec,
    credential: &Credential,
    plan: &Plan,
    afterwards: &dyn Fn() -> Option<Remark>,
    messages: &mut Messages,
) -> Result<u8> {
    let is_needed = typed.mask || !typed.gate.is_empty();
    let known = is_needed.then(|| KnownTokens::new(invocation, credential, typed.mask_urls)).transpose()?.map(Arc::new);
    if let Some(known) = &known {
        messages.warn(&known.remarks());
        known.start_searching()?;
    }
    let gated = known.as_ref().filter(|_| !typed.gate.is_empty());
    let gate = gated.map(|known| Gate::new(invocation, &typed.gate, &known.matcher(), messages));
    let provider = known.clone().filter(|_| typed.mask).map(|known| known as Arc<dyn MatcherProvider>);
    let report = match supervise(invocation, typed, plan, provider, messages)? {
        Ok(report) => report,
        Err(error) => return Ok(not_started(&typed.command, error, messages)),
    };
    // The launcher and shells exit with these where the command was not started.
    if !matches!(report.exit, Exit::Code(126 | 127)) {
        messages.warn(&afterwards().into_iter().collect::<Vec<_>>());
    }
    let mut failures: Vec<Error> = report.lost.into_iter().map(lost).collect();
    failures.extend(known.as_ref().and_then(|known| known.incomplete()));
    // A command that failed has written files all the same.
    if let (Some(gate), Some(known)) = (gate, gated) {
        // Where a source cannot be read any more, the tokens that are known are searched for all the same.
        failures.extend(known.search_all().err());
        failures.extend(gate.check(&known.matcher(), messages).err());
    }
    for failure in &failures {
        messages.error(failure);
    }
    Ok(match (report.exit, failures.last()) {
        (Exit::Code(0), Some(failure)) if failure.kind() == Kind::Leaked => failure.kind().code(),
        (Exit::Code(0), Some(_)) => EXEC_FAILED,
        (exit, _) => exit_as(exit),
    })
}

/// Output of the command could not be written.
fn lost(Lost { stream, error }: Lost) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space where the output goes, and run it again"
        }
        io::ErrorKind::FileTooLarge => "raise the limit on the size of files (ulimit -f), and run it again",
        _ => "check where the output goes, and run it again",
    };
    let what = format!("the command's {stream} could not be written ({error}): some of it is lost");
    Error::new(Reason::Internal, what).hint(hint).caused_by(error)
}

/// Runs the command as a child, and masks its output where a provider is given. The inner error: it cannot be started.
fn supervise(
    invocation: &Invocation,
    typed: &args::Exec,
    plan: &Plan,
    provider: Option<Arc<dyn MatcherProvider>>,
    messages: &mut Messages,
) -> Result<io::Result<Report>> {
    let co_cred = program()?;
    let make = |program: &OsStr, args: &[OsString]| plan.command(invocation.env, program, args);
    let report = match supervise::run(provider, &co_cred, &typed.command, make) {
        Ok(report) => report,
        Err(SuperviseError::NotStarted(error)) => return Ok(Err(error)),
        Err(SuperviseError::Setup(error)) => return Err(internal("the command cannot be supervised", error)),
    };
    messages.warn(&masked(report.masked, typed.mask_urls).into_iter().collect::<Vec<_>>());
    Ok(Ok(report))
}

fn masked(count: usize, with_urls: bool) -> Option<Remark> {
    let what = if with_urls { "a token or the signature of a storage URL" } else { "a token" };
    let times = match count {
        0 => return None,
        1 => "once".to_owned(),
        many => format!("{many} times"),
    };
    Some(Remark::new("masked", format!("{what} was masked {times} in the command's output")).hint(MASKED))
}

/// Exits as a shell expects it: by the command's signal. The first process of a container cannot end by a signal of its own:
/// there it is the code by which a shell reports one.
fn exit_as(exit: Exit) -> u8 {
    match exit {
        Exit::Code(code) => code,
        Exit::Signal(signal) => {
            if std::process::id() != 1 {
                supervise::terminate_by_signal(signal);
            }
            u8::try_from(128 + signal).unwrap_or(EXEC_FAILED)
        }
    }
}

/// The launcher, between supervisor and command.
pub(super) fn launch(typed: &args::Supervised, messages: &mut Messages) -> u8 {
    let error = if typed.terminal {
        match supervise::lead_session(&typed.command, typed.parent) {
            Ok(exit) => return exit_as(exit),
            Err(error) => error,
        }
    } else {
        supervise::become_command(&typed.command, typed.parent, typed.foreground)
    };
    not_started(&typed.command, error, messages)
}

/// Masks the output of a program that an ended command has left running.
pub(super) fn resume_masking() -> Result<u8> {
    supervise::resume_masking().map(|()| 0).map_err(|error| internal("there is no output to mask", error))
}

/// The path of this very program.
pub(super) fn program() -> Result<PathBuf> {
    std::env::current_exe().map_err(|error| {
        Error::new(Reason::Internal, "the path of the co-cred program is unknown")
            .hint("is /proc mounted?")
            .caused_by(error)
    })
}

fn internal(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Reason::Internal, what).hint("leave out --mask and --gate, and please report it").caused_by(error)
}
