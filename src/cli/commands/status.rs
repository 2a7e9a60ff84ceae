//! `co-cred status`: which token is used, where it comes from, and what the deployment says about it.

use std::io::{self, Write};

use crate::credential::{Mode, ObtainOptions};
use crate::sources;
use crate::verify::{Grant, Scope};

use crate::cli::exit::Outcome;
use crate::cli::messages::{Messages, clean};
use crate::cli::report::Report;
use crate::cli::{Invocation, args};

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Status,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Outcome {
    let options = ObtainOptions { owner: true, ..invocation.options(Mode::Always)? };
    let mut report = Report::new(&options);
    report.note_shadowed(&sources::survey(&options.search));
    let written = match typed.json {
        true => writeln!(out, "{}", report.json()),
        false => write(&report, out),
    };
    if !typed.json {
        messages.warn(&report.remarks());
        report.error.as_ref().map(|error| messages.error(error));
    }
    written?;
    Ok(report.code())
}

/// Writes the report; `doctor` begins with the same lines.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    match &report.deployment {
        Some(resolved) => writeln!(out, "deployment   {} (from {})", resolved.deployment, clean(&resolved.place))?,
        None => writeln!(out, "deployment   not known")?,
    }
    match &report.chosen {
        Some(found) => {
            writeln!(out, "source       {} ({})", clean(&found.place.place), found.place.kind.word())?;
            writeln!(out, "fingerprint  {}", found.token.fingerprint())?;
        }
        None => writeln!(out, "source       none")?,
    }
    writeln!(out, "verdict      {}", report.verdict_word())?;
    if let Some(owner) = report.owner() {
        writeln!(out, "owner        {owner}")?;
    }
    if report.verdict.is_some() {
        let scopes: Vec<String> = Scope::ALL.iter().map(|scope| scope_line(*scope, report.grant(*scope))).collect();
        writeln!(out, "scopes       {}", scopes.join(", "))?;
    }
    if let Some(capsule) = &report.capsule {
        let part = |word: &str, id: &Option<String>| id.as_ref().map(|id| format!("{word} {id}"));
        let parts =
            [part("id", &capsule.id), part("computation", &capsule.computation), part("pipeline", &capsule.pipeline)];
        writeln!(out, "capsule      {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))?;
    }
    for place in &report.shadowed {
        writeln!(out, "shadowed     {} ({}) holds another token", clean(&place.place), place.kind.word())?;
    }
    out.flush()
}

fn scope_line(scope: Scope, grant: Grant) -> String {
    let word = match grant {
        Grant::Granted => "granted",
        Grant::Denied => "denied",
        Grant::Unknown => "unknown",
    };
    format!("{} {word}", scope.word())
}
