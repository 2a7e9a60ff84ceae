//! `co-cred scan`: is the token in a file? And the same question for `exec --gate`, once its command has ended.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::credential::Mode;
use crate::error::{Error, Kind, Reason, Remark, Result};
use crate::gate::{Gap, Progress, Report, redact, scan, staged};
use crate::locate;
use crate::token::Token;
use crate::traces::Traces;
use crate::traces::needles::Needles;

use super::findings::{self, Counted};
use super::progress::watched;
use super::tell::Tell;
use super::{Call, args, closed};

/// What Code Ocean keeps and shares of a run.
const RESULTS: &str = "/results";

const REVOKE: &str = "a token that was exposed should be revoked: Account → Access Tokens; then make a new one";

/// So many findings are told where they go between a command's own words.
const TOLD: usize = 20;

pub(super) fn run(call: &Call, typed: &args::Scan, out: &mut dyn Write, tell: &mut Tell) -> Result<u8> {
    let tokens = tokens(call)?;
    if tokens.is_empty() {
        let remark = Remark::new("no-token", "no token is here: only what looks like one can be searched for");
        tell.warn(&[remark.hint("co-cred doctor shows where it was looked for; --token-file names a file with it")]);
    }
    let needles = needles(&tokens.iter().map(Traces::of).collect::<Vec<_>>())?;
    let progress = Progress::default();
    let report = match typed.staged {
        true => watched(call, &progress, || staged::scan(&needles, call.env, &progress))?,
        false => {
            let paths = paths(&typed.paths)?;
            watched(call, &progress, || scan(&needles, &paths, &progress))
        }
    };
    let written = match typed.json {
        true => writeln!(out, "{:#}", findings::json(&report, &tokens)),
        false => findings::write(&report, out).and_then(|()| out.flush()),
    };
    if let Err(error) = written {
        closed(error)?;
    }
    let counted = Counted::of(&report, typed.strict);
    passed_over(&report.passed_over, tell);
    if typed.redact && !counted.files.is_empty() {
        return Ok(overwrite(&needles, &counted, typed.strict, tell));
    }
    let verdict = verdict(&report, &counted);
    if let (Ok(()), false) = (&verdict, typed.json) {
        tell.done(&findings::searched(&report));
    }
    verdict.map(|()| 0)
}

/// Whether the folders that a command wrote to may be kept.
///
/// # Errors
/// They may not, or it cannot be told.
pub(super) fn gate(call: &Call, traces: &[Traces], folders: &[PathBuf], tell: &mut Tell) -> Result<()> {
    let paths = paths(folders)?;
    let (needles, progress) = (needles(traces)?, Progress::default());
    let report = watched(call, &progress, || scan(&needles, &paths, &progress));
    let lines = findings::lines(&report);
    lines.iter().take(TOLD).for_each(|line| tell.item(line));
    if lines.len() > TOLD {
        tell.item(&format!("and {} more: co-cred scan shows them", lines.len() - TOLD));
    }
    passed_over(&report.passed_over, tell);
    verdict(&report, &Counted::of(&report, false))
}

/// The tokens to search for: the one that would be used, and every other that can be seen here.
fn tokens(call: &Call) -> Result<Vec<Token>> {
    let request = &call.order(Mode::Never)?.request;
    let chosen = match locate::locate(request) {
        Ok(located) => Some(located.found.token),
        // All of them are among those that can be seen.
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Ambiguous) => None,
        Err(error) => return Err(error),
    };
    let mut tokens: Vec<Token> = chosen.into_iter().collect();
    for token in locate::tokens(request) {
        if !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    Ok(tokens)
}

fn needles(traces: &[Traces]) -> Result<Needles> {
    Needles::of(traces).map_err(|error| {
        Error::new(Reason::Internal, "the traces of so many tokens are too many")
            .hint("name one with --token-env or --token-file")
            .caused_by(error)
    })
}

/// The folders to search, which must be there: a gate with a mistyped name would be no gate.
fn paths(typed: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let paths = if typed.is_empty() { vec![PathBuf::from(RESULTS)] } else { typed.to_vec() };
    match paths.iter().find(|path| !path.exists()) {
        None => Ok(paths),
        Some(missing) => Err(absent(missing)),
    }
}

fn absent(path: &Path) -> Error {
    let what = format!("{} is not there: nothing was searched", path.display());
    Error::new(Reason::Usage, what).hint("name a folder or a file that is, as in: co-cred scan ./results")
}

fn passed_over(gaps: &[Gap], tell: &mut Tell) {
    let remark = |gap: &Gap| Remark::new("passed-over", findings::gap(gap));
    tell.warn(&gaps.iter().map(remark).collect::<Vec<_>>());
}

/// What a search means.
fn verdict(report: &Report, counted: &Counted) -> Result<()> {
    if counted.all > 0 {
        return Err(Error::new(Reason::Leaked, counted.words()).hint(REVOKE));
    }
    match report.unread.len() {
        0 => Ok(()),
        1 => Err(not_searched("a file could not be searched")),
        many => Err(not_searched(&format!("{many} files could not be searched, or not wholly"))),
    }
}

fn not_searched(what: &str) -> Error {
    Error::new(Reason::NotSearched, what).hint("what is in there is not known: make it readable, or take it away")
}

/// Overwrites what was found. That it stood there stays told by the exit code.
fn overwrite(needles: &Needles, counted: &Counted, likenesses: bool, tell: &mut Tell) -> u8 {
    let mut done = 0;
    for site in &counted.files {
        match redact::redact(needles, &site.path, likenesses) {
            Ok(0) => tell.item(&format!("{}: stays as it is: only what is encoded in it holds the token", site.file)),
            Ok(count) => {
                tell.item(&format!("{}: {count} overwritten", site.file));
                done += 1;
            }
            Err(why) => tell.item(&format!("{} {why}", site.file)),
        }
    }
    let what = match counted.files.len() {
        all if all == done => format!("{}; each was overwritten", counted.words()),
        all => format!("{}; {} of {all} files still hold it", counted.words(), all - done),
    };
    tell.error(&Error::new(Reason::Leaked, what).hint(REVOKE))
}
