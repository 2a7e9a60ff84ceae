//! The report of a search of files, for people and as JSON. It never shows a token: only where it is, and how it is written
//! down.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::patterns::Extent;
use crate::scan::{Capped, CellPlace, Finding, Location, NotebookPart, Position, Problem, Report};
use crate::token::{Token, mask};

use super::messages::clean;

/// How often the token was found, in a sentence; `None`: never. With `strict`, text that looks like a token counts as well.
pub(super) fn count(report: &Report, strict: bool) -> Option<String> {
    let (count, files) = match strict {
        true => (report.tokens.count + report.token_like.count, report.files_with_findings),
        false => (report.tokens.count, report.tokens.files),
    };
    let known = || report.tokens.items.iter().filter(|finding| finding.token.is_some());
    let what = match known().map(|finding| finding.extent).max() {
        Some(Extent::Whole) => "the token",
        Some(Extent::Part) => "a part of the token",
        None if report.tokens.count == 0 => suspicion(report),
        None => "what may be a token",
    };
    let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    (count > 0).then(|| format!("found {what} {times}, in {}", plural(files, "file", "files")))
}

/// What was found that is no token which was searched for.
fn suspicion(report: &Report) -> &'static str {
    let is_any = |is_url: bool| report.token_like.items.iter().any(|finding| finding.is_signed_url == is_url);
    match (is_any(false), is_any(true)) {
        (_, false) => "what looks like a token",
        (false, true) => SIGNED_URL,
        (true, true) => "what looks like a token, or a signed storage URL,",
    }
}

/// Whether the suspicions of a report are signed URLs, and nothing else.
pub(super) fn has_only_urls(report: &Report) -> bool {
    report.tokens.count == 0 && suspicion(report) == SIGNED_URL
}

/// How much was not searched that should have been; `None`: nothing. The number of problems decides, not the number of files.
pub(super) fn not_searched(report: &Report, strict: bool) -> Option<String> {
    let problems = [Some(&report.unread), strict.then_some(&report.unopened)].into_iter().flatten();
    let (count, files) = problems.fold((0, 0), |(count, files), capped| (count + capped.count, files + capped.files));
    let files = plural(files.max(1), "file or folder", "files or folders");
    (count > 0).then(|| format!("{files} could not be searched completely"))
}

const SIGNED_URL: &str = "a signed storage URL";

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A line for each finding, tokens first, then for each problem.
pub(super) fn lines(report: &Report) -> Vec<String> {
    let findings = [&report.tokens, &report.token_like].into_iter().flat_map(|capped| listed(capped, line));
    findings.chain(listed(&report.unread, problem)).collect()
}

/// A line for each item that is listed, and one with the number of the others.
pub(super) fn listed<T>(capped: &Capped<T>, line: impl Fn(&T) -> String) -> Vec<String> {
    let more = capped.count - capped.items.len() as u64;
    capped.items.iter().map(line).chain((more > 0).then(|| format!("and {more} more"))).collect()
}

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    lines(report).iter().try_for_each(|line| writeln!(out, "{}", clean(line)))
}

fn line(finding: &Finding) -> String {
    let name = name(&finding.location);
    let what = match (finding.token, finding.extent, finding.encoding.words()) {
        (None, ..) if finding.is_signed_url => SIGNED_URL.to_owned(),
        (None, _, "") => "something that looks like a token".to_owned(),
        (None, _, words) => format!("something that looks like a token,{words}"),
        (Some(_), Extent::Part, words) => format!("a part of the token{words}"),
        (Some(_), Extent::Whole, words) => format!("the token{words}"),
    };
    match finding.position {
        Position::Byte(at) => match finding.place {
            None => format!("{name}: {what} at byte {at}"),
            Some(place) => {
                let part = place.part.map(words).unwrap_or_default();
                format!("{name}:{}:{}: {what}{part} at byte {at}", place.line, place.column)
            }
        },
        Position::Name => format!("{name}: {what} in its name"),
        Position::Attribute => format!("{name}: {what} in an extended attribute"),
        Position::LinkTarget => format!("{name}: {what} in the path that the link points to"),
        Position::LeftOver => {
            format!("{name} is a temporary file that co-cred left behind: it may contain a token")
        }
    }
}

/// A part of a notebook, in words that follow what was found.
fn words(part: NotebookPart) -> String {
    let cell = part.cell;
    match part.place {
        CellPlace::Source => format!(" in the source of cell {cell}"),
        CellPlace::Output(output) => format!(" in output {output} of cell {cell}"),
        CellPlace::Other => format!(" in cell {cell}"),
    }
}

/// A problem with a file, in a sentence.
pub(super) fn problem(problem: &Problem) -> String {
    format!("{} {}", name(&problem.location), problem.reason)
}

/// The path of a file, and the names of the contents that are packed in it.
fn name(location: &Location) -> String {
    std::iter::once(&location.display).chain(&location.inside).map(String::as_str).collect::<Vec<_>>().join(" > ")
}

/// What was searched, where the search ends well.
pub(super) fn searched(report: &Report) -> String {
    let files = plural(report.files, "file", "files");
    match report.token_like.count {
        0 => format!("no token in {files}"),
        _ if has_only_urls(report) => {
            format!("the token is not in {files}, but {SIGNED_URL} is; --strict counts that as well")
        }
        _ => format!("the token is not in {files}, but something that looks like one is; --strict counts that as well"),
    }
}

/// The whole report, with the fingerprint of the token of each finding.
pub(super) fn json(report: &Report, tokens: &[Token]) -> Value {
    let findings = |capped: &Capped<Finding>| -> Value {
        capped.items.iter().map(|finding| finding_json(finding, tokens)).collect()
    };
    let problems = |capped: &Capped<Problem>| -> Value { capped.items.iter().map(problem_json).collect() };
    json!({
        "found": findings(&report.tokens),
        "suspected": findings(&report.token_like),
        "unread": problems(&report.unread),
        "unopened": problems(&report.unopened),
        "passed_over": problems(&report.skipped),
        "left": problems(&report.not_redacted),
        "counts": {
            "found": report.tokens.count,
            "suspected": report.token_like.count,
            "unread": report.unread.count,
            "redacted": report.redacted,
            "removed": report.removed,
            "files": report.files,
            "bytes": report.bytes,
        },
    })
}

fn finding_json(finding: &Finding, tokens: &[Token]) -> Value {
    let (place, offset) = match finding.position {
        Position::Byte(at) => ("content", Some(at)),
        Position::Name => ("name", None),
        Position::Attribute => ("attribute", None),
        Position::LinkTarget => ("link", None),
        Position::LeftOver => ("left-over", None),
    };
    let part = finding.place.and_then(|place| place.part);
    json!({
        "file": mask(&finding.location.display),
        "inside": finding.location.inside,
        "where": place,
        "offset": offset,
        "line": finding.place.map(|place| place.line),
        "column": finding.place.map(|place| place.column),
        "cell": part.map(|part| part.cell),
        "output": part.and_then(|part| match part.place {
            CellPlace::Output(output) => Some(output),
            CellPlace::Source | CellPlace::Other => None,
        }),
        "kind": if finding.is_signed_url { "signed-url" } else { finding.encoding.name() },
        "extent": match finding.extent {
            Extent::Part => "part",
            Extent::Whole => "whole",
        },
        "fingerprint": finding.token.and_then(|token| tokens.get(token)).map(Token::fingerprint),
    })
}

fn problem_json(problem: &Problem) -> Value {
    json!({ "file": mask(&problem.location.display), "inside": problem.location.inside, "reason": problem.reason })
}
