//! `co-cred exec` where the command stays our child: its output masked, its results searched before they are kept.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::credential::Credential;
use crate::deliver::exec::Plan;
use crate::error::{Error, Kind, Reason, Remark, Result};
use crate::supervise::mask::Lookout;
use crate::supervise::{self, End, Failure, Lost, Report};

use super::exec::{FAILED, not_started};
use super::scan::Gate;
use crate::cli::known::Known;
use crate::cli::messages::Messages;
use crate::cli::{Invocation, args};

const MASKED: &str = "see to it that the command does not print it; one that got out elsewhere should be revoked";

/// Runs the command, tells what there is to tell `afterwards`, and ends as it ended; where that was well, as the gate says.
pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Exec,
    credential: &Credential,
    plan: &Plan,
    afterwards: &dyn Fn() -> Option<Remark>,
    messages: &mut Messages,
) -> Result<u8> {
    let is_needed = typed.mask || !typed.gate.is_empty();
    let known = is_needed.then(|| Known::new(invocation, credential)).transpose()?.map(Arc::new);
    if let Some(known) = &known {
        messages.warn(&known.remarks());
        known.keep_looking()?;
    }
    let gate = known.as_ref().filter(|_| !typed.gate.is_empty());
    let gate =
        gate.map(|known| Ok((Gate::new(invocation, &typed.gate, &known.encodings(), messages)?, known))).transpose()?;
    let lookout = known.clone().filter(|_| typed.mask).map(|known| known as Arc<dyn Lookout>);
    let report = match supervise(invocation, typed, plan, lookout, messages)? {
        Ok(report) => report,
        Err(failure) => return Ok(not_started(&typed.command, failure, messages)),
    };
    // With these, the process in between or a shell says that the command was not started.
    if !matches!(report.end, End::Code(126 | 127)) {
        messages.warn(&afterwards().into_iter().collect::<Vec<_>>());
    }
    let mut failures: Vec<Error> = report.lost.into_iter().map(lost).collect();
    failures.extend(known.as_ref().and_then(|known| known.gap()));
    // A command that failed has left files all the same.
    failures.extend(
        gate.and_then(|(gate, known)| known.look_again().and_then(|()| gate.look(&known.encodings(), messages)).err()),
    );
    for failure in &failures {
        messages.error(failure);
    }
    Ok(match (report.end, failures.last()) {
        (End::Code(0), Some(failure)) if failure.kind() == Kind::Leaked => failure.kind().code(),
        (End::Code(0), Some(_)) => FAILED,
        (end, _) => end_as(end),
    })
}

/// The system did not take what the command printed.
fn lost(Lost { stream, error }: Lost) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space where it goes, and run it again",
        io::ErrorKind::FileTooLarge => "raise the limit on the size of files (ulimit -f), and run it again",
        _ => "check where it goes, and run it again",
    };
    let what = format!("the command's {stream} could not be written ({error}): some of it is lost");
    Error::new(Reason::Internal, what).hint(hint).caused_by(error)
}

/// Runs the command as a child, its output masked where that is wanted. It may not be possible to start it.
fn supervise(
    invocation: &Invocation,
    typed: &args::Exec,
    plan: &Plan,
    lookout: Option<Arc<dyn Lookout>>,
    messages: &mut Messages,
) -> Result<io::Result<Report>> {
    let us = program()?;
    let make = |program: &OsStr, args: &[OsString]| plan.command(invocation.env, program, args);
    let report = match supervise::run(lookout, &us, &typed.command, make) {
        Ok(report) => report,
        Err(Failure::NotStarted(failure)) => return Ok(Err(failure)),
        Err(Failure::Unable(error)) => return Err(internal("the command cannot be supervised", error)),
    };
    let told = match report.masked {
        0 => None,
        1 => Some("a trace of the token was masked in what the command printed".to_owned()),
        many => Some(format!("{many} traces of the token were masked in what the command printed")),
    };
    messages.warn(&told.map(|what| Remark::new("masked", what).hint(MASKED)).into_iter().collect::<Vec<_>>());
    Ok(Ok(report))
}

/// The end that the shell would have seen. The first process of a container cannot be ended by a signal of its own: there
/// it is the code by which a shell tells of one.
fn end_as(end: End) -> u8 {
    match end {
        End::Code(code) => code,
        End::Signal(signal) => {
            if std::process::id() != 1 {
                supervise::die_of(signal);
            }
            u8::try_from(128 + signal).unwrap_or(FAILED)
        }
    }
}

/// What stands between a supervisor and the command.
pub(super) fn stand_between(typed: &args::Supervised, messages: &mut Messages) -> u8 {
    let lead = || supervise::lead_command(&typed.command, typed.parent);
    match typed.terminal {
        true => lead().map_or_else(|failure| not_started(&typed.command, failure, messages), end_as),
        false => {
            let failure = supervise::become_command(&typed.command, typed.parent, typed.in_front);
            not_started(&typed.command, failure, messages)
        }
    }
}

/// What goes on masking a stream that something still prints to, once the command has ended.
pub(super) fn mask_rest() -> Result<u8> {
    supervise::mask_rest().map(|()| 0).map_err(|error| internal("nothing was left to be masked", error))
}

/// This very program.
pub(super) fn program() -> Result<PathBuf> {
    std::env::current_exe().map_err(|error| {
        Error::new(Reason::Internal, "co-cred cannot tell where it lies").hint("is /proc mounted?").caused_by(error)
    })
}

fn internal(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Reason::Internal, what).hint("leave out --mask and --gate, and please report it").caused_by(error)
}
