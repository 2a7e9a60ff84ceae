//! `co-cred scan` searches files for tokens; `exec --gate` does the same once its command has ended.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use crate::credential::Mode;
use crate::error::{Error, Reason, Remark, Result};
use crate::files;
use crate::patterns::{Encodings, Matcher};
use crate::scan::{Progress, Redact, Report, scan, scan_stream, staged};
use crate::sources;
use crate::supervise;
use crate::token::Token;

use crate::cli::exit;
use crate::cli::findings;
use crate::cli::known::findable;
use crate::cli::messages::Messages;
use crate::cli::progress::watched;
use crate::cli::{Invocation, args};

/// The folder that Code Ocean keeps and shares after a run.
const RESULTS: &str = "/results";

const REVOKE: &str = "a token that was exposed should be revoked: Account → Access Tokens; then make a new one";

const REMOVE_URL: &str =
    "until a signed URL expires, it gives its file to every reader: remove it, and do not print such URLs";

const COMMIT: &str =
    "remove it and git add the file again; git commit --no-verify commits it anyway, such as an example";

/// How many findings are shown among other messages.
const MAX_SHOWN: usize = 20;

pub(super) fn run(
    invocation: &Invocation,
    typed: &args::Scan,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    messages: &mut Messages,
) -> Result<u8> {
    let tokens = tokens(invocation)?;
    if tokens.is_empty() {
        let remark =
            Remark::new("no-token", "no token was found to search for: only what looks like one is searched for");
        messages.warn(&[remark.hint("co-cred doctor shows the sources of tokens; --token-file names a file with one")]);
    }
    let scanner = Matcher::of(&tokens.iter().map(Encodings::of).collect::<Vec<_>>());
    let report = search(invocation, typed, &scanner, input)?;
    let result = match typed.json {
        true => writeln!(out, "{:#}", findings::json(&report, &tokens)),
        false => findings::write(&report, out).and_then(|()| out.flush()),
    };
    exit::written(result)?;
    show_problems(&report, messages);
    // A commit is permanent: text that only looks like a token counts as well.
    let done = verdict(&report, typed.strict || typed.staged);
    let done = done.map_err(|error| if typed.staged { error.hint(COMMIT) } else { error });
    if done.is_ok() && !typed.json {
        messages.done(&findings::searched(&report));
    }
    done.map(|()| 0)
}

/// Searches what the arguments name.
fn search(invocation: &Invocation, typed: &args::Scan, scanner: &Matcher, input: &mut dyn BufRead) -> Result<Report> {
    let progress = Progress::default();
    let redact = match (typed.redact, typed.strict) {
        (false, _) => Redact::Nothing,
        (true, false) => Redact::Tokens,
        (true, true) => Redact::TokenLike,
    };
    if typed.redact {
        // A signal must not leave an unfinished copy beside a file. Even without this, no token would be in it.
        let _ = supervise::on_termination(files::remove_staged_copies);
    }
    if typed.staged {
        return watched(invocation, &progress, || staged::scan(scanner, invocation.env, &progress));
    }
    if typed.paths == [Path::new("-")] {
        if typed.redact {
            return Err(
                Error::new(Reason::Usage, "--redact overwrites files, but - is standard input").hint("name the files")
            );
        }
        return Ok(watched(invocation, &progress, || scan_stream(scanner, &mut &mut *input, &progress)));
    }
    let paths = paths(&typed.paths, scanner)?;
    Ok(watched(invocation, &progress, || scan(scanner, &paths, redact, &progress)))
}

/// The folders of `exec --gate`, which are searched once the command has ended.
pub(super) struct Gate<'a> {
    invocation: &'a Invocation<'a>,
    folders: &'a [PathBuf],
}

impl<'a> Gate<'a> {
    /// Checks the folders before the command runs, since a mistyped name is better reported now than after hours.
    pub(super) fn new(
        invocation: &'a Invocation,
        folders: &'a [PathBuf],
        scanner: &Matcher,
        messages: &mut Messages,
    ) -> Gate<'a> {
        let missing = folders.iter().filter(|folder| is_missing(folder)).map(|folder| {
            let folder = scanner.mask(folder.as_os_str().as_encoded_bytes());
            Remark::new("gate", format!("{folder} does not exist yet: the gate fails unless the command creates it"))
        });
        messages.warn(&missing.collect::<Vec<_>>());
        Gate { invocation, folders }
    }

    /// Searches the folders for these tokens.
    ///
    /// # Errors
    /// A token was found, or a folder could not be searched completely.
    pub(super) fn check(&self, scanner: &Matcher, messages: &mut Messages) -> Result<()> {
        let paths = paths(self.folders, scanner).map_err(|error| {
            error.hint("check the name after --gate, or create the folder before the run: mkdir -p FOLDER")
        })?;
        let progress = Progress::default();
        let report = watched(self.invocation, &progress, || scan(scanner, &paths, Redact::Nothing, &progress));
        let lines = findings::lines(&report);
        lines.iter().take(MAX_SHOWN).for_each(|line| messages.item(line));
        if lines.len() > MAX_SHOWN {
            messages.item(&format!("and {} more: co-cred scan shows them", lines.len() - MAX_SHOWN));
        }
        show_problems(&report, messages);
        verdict(&report, false)
    }
}

/// The tokens to search for: the one that would be used, and every other one that a source has.
fn tokens(invocation: &Invocation) -> Result<Vec<Token>> {
    let search = &invocation.options(Mode::Never)?.search;
    let chosen = match sources::locate(search) {
        Ok(located) => {
            findable("scan", &located.found.token, &located.found.place)?;
            Some(located.found.token)
        }
        // No single token is chosen, but `sources::tokens` finds every one.
        Err(error) if !sources::may_hide_a_token(&error) => None,
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

/// The folders to search. They must exist: a search of a mistyped name would find nothing.
fn paths(typed: &[PathBuf], scanner: &Matcher) -> Result<Vec<PathBuf>> {
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

/// Whether there is no such file or folder. Where a folder above it cannot be entered, that is unknown: it is searched, which
/// reports it as not searched.
fn is_missing(path: &Path) -> bool {
    let missing = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
    path.metadata().is_err_and(|error| missing.contains(&error.kind()))
}

/// Shows what was not searched and does not count, and what could not be overwritten.
fn show_problems(report: &Report, messages: &mut Messages) {
    let problems = [&report.unopened, &report.skipped];
    let problems = problems.into_iter().flat_map(|problems| findings::listed(problems, findings::problem));
    let remarks: Vec<Remark> = problems.map(|what| Remark::new("passed-over", what)).collect();
    let (shown, rest) = remarks.split_at(remarks.len().min(MAX_SHOWN));
    messages.warn(shown);
    if !rest.is_empty() {
        messages.warn(&[Remark::new("passed-over", format!("{} more: --json shows them", rest.len()))]);
    }
    for line in findings::listed(&report.not_redacted, findings::problem) {
        messages.item(&line);
    }
}

/// The result of the command.
///
/// # Errors
/// A token was found, also where it was overwritten; or something could not be searched completely.
fn verdict(report: &Report, strict: bool) -> Result<()> {
    if let Some(found) = findings::count(report, strict) {
        return Err(Error::new(Reason::Leaked, found + &redacted(report)).hint(if findings::has_only_urls(report) {
            REMOVE_URL
        } else {
            REVOKE
        }));
    }
    match findings::not_searched(report, strict) {
        None => Ok(()),
        Some(what) => Err(Error::new(Reason::NotSearched, what)
            .hint("its content is unknown: make it readable, or remove it, and search again")),
    }
}

/// Whether the findings were overwritten or removed, as the end of the sentence with their number.
fn redacted(report: &Report) -> String {
    match (report.redacted, report.removed, report.not_redacted.files) {
        (0, 0, 0) => String::new(),
        (0, _, 0) => "; each was removed with its file".to_owned(),
        (_, 0, 0) => "; each was overwritten".to_owned(),
        (_, _, 0) => "; each was overwritten, or removed with its file".to_owned(),
        (_, _, 1) => "; 1 file still contains it".to_owned(),
        (_, _, files) => format!("; {files} files still contain it"),
    }
}
