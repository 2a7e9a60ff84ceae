//! `co-cred scan`: is the token in a file? And the same question for `exec --gate`, once its command has ended.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use crate::credential::Mode;
use crate::error::{Error, Kind, Reason, Remark, Result};
use crate::files;
use crate::patterns::Encodings;
use crate::patterns::FastScan;
use crate::scan::{Progress, Redact, Report, scan, scan_stream, staged};
use crate::sources;
use crate::supervise;
use crate::token::Token;

use crate::cli::findings;
use crate::cli::known::findable;
use crate::cli::messages::Messages;
use crate::cli::progress::watched;
use crate::cli::{Invocation, args, closed};

/// What Code Ocean keeps and shares of a run.
const RESULTS: &str = "/results";

const REVOKE: &str = "a token that was exposed should be revoked: Account → Access Tokens; then make a new one";

const COMMIT: &str = "take it out, and git add the file again; git commit --no-verify commits an example all the same";

/// So much is told among other words.
const TOLD: usize = 20;

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Scan,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Result<u8> {
    let tokens = tokens(invocation)?;
    if tokens.is_empty() {
        let remark = Remark::new("no-token", "no token is here: only what looks like one can be searched for");
        messages
            .warn(&[remark.hint("co-cred doctor shows where it was looked for; --token-file names a file with it")]);
    }
    let scanner = scanner(&tokens.iter().map(Encodings::of).collect::<Vec<_>>())?;
    let report = search(invocation, typed, &scanner, input)?;
    let written = match typed.json {
        true => writeln!(out, "{:#}", findings::json(&report, &tokens)),
        false => findings::write(&report, out).and_then(|()| out.flush()),
    };
    if let Err(error) = written {
        closed(error)?;
    }
    passed_over(&report, messages);
    // What only looks like a token is in a repository for good once it is committed.
    let done = verdict(&report, typed.strict || typed.staged);
    let done = done.map_err(|error| if typed.staged { error.hint(COMMIT) } else { error });
    if done.is_ok() && !typed.json {
        messages.done(&findings::searched(&report));
    }
    done.map(|()| 0)
}

/// Searches whatever was asked for.
fn search(invocation: &Invocation, typed: &args::Scan, scanner: &FastScan, input: &mut dyn BufRead) -> Result<Report> {
    let progress = Progress::default();
    let redact = match (typed.redact, typed.strict) {
        (false, _) => Redact::Nothing,
        (true, false) => Redact::Encodings,
        (true, true) => Redact::Likenesses,
    };
    if typed.redact {
        // A copy that takes no place any more is not left beside the file. There is no trace in it, whatever else happens.
        let _ = supervise::on_termination(files::remove_staged_copies);
    }
    if typed.staged {
        return watched(invocation, &progress, || staged::scan(scanner, invocation.env, &progress));
    }
    if typed.paths == [Path::new("-")] {
        if typed.redact {
            return Err(Error::new(Reason::Usage, "--redact overwrites files, and - is none").hint("name the files"));
        }
        return Ok(watched(invocation, &progress, || scan_stream(scanner, &mut &mut *input, &progress)));
    }
    let paths = paths(&typed.paths, scanner)?;
    Ok(watched(invocation, &progress, || scan(scanner, &paths, redact, &progress)))
}

/// What is to be kept of a command, searched once it has ended.
pub(super) struct Gate<'a> {
    invocation: &'a Invocation<'a>,
    folders: &'a [PathBuf],
}

impl<'a> Gate<'a> {
    /// Before the command runs: a folder that is not there yet is better told now than after hours.
    ///
    /// # Errors
    /// There are too many tokens.
    pub(super) fn new(
        invocation: &'a Invocation,
        folders: &'a [PathBuf],
        encodings: &[Encodings],
        messages: &mut Messages,
    ) -> Result<Gate<'a>> {
        let scanner = scanner(encodings)?;
        let missing = folders.iter().filter(|folder| is_missing(folder)).map(|folder| {
            let folder = scanner.mask(folder.as_os_str().as_encoded_bytes());
            Remark::new("gate", format!("{folder} does not exist yet: the gate fails unless the command makes it"))
        });
        messages.warn(&missing.collect::<Vec<_>>());
        Ok(Gate { invocation, folders })
    }

    /// Whether the folders may be kept, where these traces must not be in them.
    ///
    /// # Errors
    /// They may not, or it cannot be told.
    pub(super) fn look(&self, encodings: &[Encodings], messages: &mut Messages) -> Result<()> {
        let scanner = scanner(encodings)?;
        let paths = paths(self.folders, &scanner)
            .map_err(|error| error.hint("check the name behind --gate, or make the folder before: mkdir -p FOLDER"))?;
        let progress = Progress::default();
        let report = watched(self.invocation, &progress, || scan(&scanner, &paths, Redact::Nothing, &progress));
        let lines = findings::lines(&report);
        lines.iter().take(TOLD).for_each(|line| messages.item(line));
        if lines.len() > TOLD {
            messages.item(&format!("and {} more: co-cred scan shows them", lines.len() - TOLD));
        }
        passed_over(&report, messages);
        verdict(&report, false)
    }
}

/// The tokens to search for: the one that would be used, and every other that can be seen here.
fn tokens(invocation: &Invocation) -> Result<Vec<Token>> {
    let search = &invocation.options(Mode::Never)?.search;
    let chosen = match sources::locate(search) {
        Ok(located) => {
            findable("scan", &located.found.token, &located.found.place)?;
            Some(located.found.token)
        }
        // All of them are among those that can be seen.
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Ambiguous) => None,
        Err(error) => return Err(error),
    };
    let mut tokens: Vec<Token> = chosen.into_iter().collect();
    for token in sources::tokens(search) {
        if !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    Ok(tokens)
}

fn scanner(encodings: &[Encodings]) -> Result<FastScan> {
    FastScan::of(encodings).map_err(|error| {
        Error::new(Reason::Internal, "the traces of so many tokens are too many")
            .hint("name one with --token-env or --token-file")
            .caused_by(error)
    })
}

/// The folders to search, which must be there: a gate with a mistyped name would be no gate.
fn paths(typed: &[PathBuf], scanner: &FastScan) -> Result<Vec<PathBuf>> {
    let paths = if typed.is_empty() { vec![PathBuf::from(RESULTS)] } else { typed.to_vec() };
    match paths.iter().find(|path| is_missing(path)) {
        None => Ok(paths),
        Some(missing) => {
            let what = format!(
                "{} does not exist: nothing was searched",
                scanner.mask(missing.as_os_str().as_encoded_bytes())
            );
            Err(Error::new(Reason::Usage, what)
                .hint("name a folder or a file that exists, as in: co-cred scan ./results"))
        }
    }
}

/// Whether there is no such file or folder. Where a folder above it may not be entered, that is not known: it is searched,
/// and told as not searched.
fn is_missing(path: &Path) -> bool {
    let missing = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
    path.metadata().is_err_and(|error| missing.contains(&error.kind()))
}

/// Tells what there was no looking into.
fn passed_over(report: &Report, messages: &mut Messages) {
    let gaps = [&report.unopened, &report.passed_over].into_iter().flat_map(|kept| findings::some(kept, findings::gap));
    let remarks: Vec<Remark> = gaps.map(|what| Remark::new("passed-over", what)).collect();
    let (told, rest) = remarks.split_at(remarks.len().min(TOLD));
    messages.warn(told);
    if !rest.is_empty() {
        messages.warn(&[Remark::new("passed-over", format!("{} more: --json shows them", rest.len()))]);
    }
    findings::some(&report.left, findings::gap).iter().for_each(|line| messages.item(line));
}

/// What a search means.
fn verdict(report: &Report, strict: bool) -> Result<()> {
    if let Some(found) = findings::count(report, strict) {
        let after = match (report.redacted + report.removed, report.left.files) {
            (0, 0) => String::new(),
            (_, 0) if report.redacted == 0 => "; each was removed with its file".to_owned(),
            (_, 0) if report.removed > 0 => "; each was overwritten, or removed with its file".to_owned(),
            (_, 0) => "; each was overwritten".to_owned(),
            (_, 1) => "; a file still holds it".to_owned(),
            (_, files) => format!("; {files} files still hold it"),
        };
        return Err(Error::new(Reason::Leaked, found + &after).hint(REVOKE));
    }
    match findings::not_searched(report, strict) {
        None => Ok(()),
        Some(what) => Err(Error::new(Reason::NotSearched, what)
            .hint("what is in there is not known: make it readable, or take it away")),
    }
}
