//! `co-cred status`: which token is used, and what the deployment says of it.

use std::io::{self, Write};

use crate::credential::{Mode, Order};
use crate::error::Result;
use crate::locate;
use crate::verify::{Grant, Scope};

use super::report::Report;
use super::tell::{Tell, clean};
use super::{Call, args, closed};

pub(super) fn run(call: &Call, typed: &args::Status, out: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    let order = Order { owner: true, ..call.order(Mode::Always)? };
    let mut report = Report::new(&order);
    report.note_shadowed(&locate::survey(&order.request));
    let written = match typed.json {
        true => writeln!(out, "{}", report.json()),
        false => write(&report, out),
    };
    if !typed.json {
        tell.warn(&report.remarks());
        report.error.as_ref().map(|error| tell.error(error));
    }
    written.map(|()| report.code()).or_else(closed)
}

/// The lines that `doctor` begins with as well.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    match &report.deployment {
        Some(sited) => writeln!(out, "deployment   {} (named by {})", sited.deployment, clean(&sited.place))?,
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
