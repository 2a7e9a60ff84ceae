//! What a search of files has to tell: for people, a line each, and as JSON. Never a value: where it stands, and how it is
//! written down.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::scan::{At, Finding, Gap, Kept, Report, Site};
use crate::token::{Token, mask};

use super::messages::clean;

/// How often the token was found: in words, where it was.
pub(super) fn count(report: &Report, strict: bool) -> Option<String> {
    let (all, files) = match strict {
        true => (report.encodings.all + report.likenesses.all, report.suspects),
        false => (report.encodings.all, report.encodings.files),
    };
    let is_known = report.encodings.some.iter().any(|finding| finding.token.is_some());
    let what = match (is_known, report.encodings.all) {
        (true, _) => "the token",
        (false, 0) => "what looks like a token",
        (false, _) => "what may be a token",
    };
    let times = if all == 1 { "once".to_owned() } else { format!("{all} times") };
    match (all, files) {
        (0, _) => None,
        (_, 1) => Some(format!("{what} stands in a file, {times}")),
        _ => Some(format!("{what} stands in {files} files, {times} in all")),
    }
}

/// How much was not searched that should have been. The entries decide; in how many files they are is for the words alone.
pub(super) fn not_searched(report: &Report, strict: bool) -> Option<String> {
    let kept = [Some(&report.unread), strict.then_some(&report.unopened)].into_iter().flatten();
    let (all, files) = kept.fold((0, 0), |(all, files), kept| (all + kept.all, files + kept.files));
    match (all, files) {
        (0, _) => None,
        (1, _) | (_, 1) => Some("a file or folder could not be searched, or not wholly".to_owned()),
        (_, files) => Some(format!("{files} files or folders could not be searched, or not wholly")),
    }
}

/// One line for each finding, traces first, then for what could not be searched.
pub(super) fn lines(report: &Report) -> Vec<String> {
    let findings = [&report.encodings, &report.likenesses].into_iter().flat_map(|kept| some(kept, line));
    findings.chain(some(&report.unread, gap)).collect()
}

/// Those that are kept, and how many more there are.
pub(super) fn some<T>(kept: &Kept<T>, line: impl Fn(&T) -> String) -> Vec<String> {
    let more = kept.all - kept.some.len() as u64;
    kept.some.iter().map(line).chain((more > 0).then(|| format!("and {more} more"))).collect()
}

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    lines(report).iter().try_for_each(|line| writeln!(out, "{}", clean(line)))
}

fn line(finding: &Finding) -> String {
    let what = match (finding.token, finding.encoding.words()) {
        (None, "") => "something that looks like a token".to_owned(),
        (None, words) => format!("something that looks like a token,{words}"),
        (Some(_), words) => format!("the token{words}"),
    };
    let place = match finding.at {
        At::Byte(at) => format!("at byte {at}"),
        At::Name => "in its name".to_owned(),
        At::Target => "in the path that the link points to".to_owned(),
        At::LeftOver => {
            let file = name(&finding.site);
            return format!("{file} is a temporary file that co-cred left behind: there may be a token in it");
        }
    };
    format!("{}: {what} {place}", name(&finding.site))
}

/// Why something was not searched.
pub(super) fn gap(gap: &Gap) -> String {
    format!("{} {}", name(&gap.site), gap.why)
}

/// A file, and from there inwards.
fn name(site: &Site) -> String {
    std::iter::once(&site.file).chain(&site.inside).map(String::as_str).collect::<Vec<_>>().join(" > ")
}

/// How much was searched, where nothing was found.
pub(super) fn searched(report: &Report) -> String {
    let files = if report.files == 1 { "1 file".to_owned() } else { format!("{} files", report.files) };
    match report.likenesses.all {
        0 => format!("no token in {files}"),
        _ => format!("the token is not in {files}, but something that looks like one is; --strict counts that, too"),
    }
}

/// The whole report, with the fingerprint of the token that each trace is of.
pub(super) fn json(report: &Report, tokens: &[Token]) -> Value {
    let fingerprint = |token: usize| tokens.get(token).map(Token::fingerprint);
    let finding = |finding: &Finding| {
        let (place, offset) = match finding.at {
            At::Byte(at) => ("content", Some(at)),
            At::Name => ("name", None),
            At::Target => ("link", None),
            At::LeftOver => ("left-over", None),
        };
        json!({
            "file": mask(&finding.site.file),
            "inside": finding.site.inside,
            "where": place,
            "offset": offset,
            "kind": finding.encoding.name(),
            "fingerprint": finding.token.and_then(fingerprint),
        })
    };
    let findings = |kept: &Kept<Finding>| -> Value { kept.some.iter().map(finding).collect() };
    let gaps = |kept: &Kept<Gap>| -> Value {
        let one = |gap: &Gap| json!({ "file": mask(&gap.site.file), "inside": gap.site.inside, "reason": gap.why });
        kept.some.iter().map(one).collect()
    };
    json!({
        "found": findings(&report.encodings),
        "suspected": findings(&report.likenesses),
        "unread": gaps(&report.unread),
        "unopened": gaps(&report.unopened),
        "passed_over": gaps(&report.passed_over),
        "left": gaps(&report.left),
        "counts": {
            "found": report.encodings.all,
            "suspected": report.likenesses.all,
            "unread": report.unread.all,
            "redacted": report.redacted,
            "removed": report.removed,
            "files": report.files,
            "bytes": report.bytes,
        },
    })
}
