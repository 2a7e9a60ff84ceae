//! What a search of files has to tell: for people, a line each, and as JSON. Never a value: where it stands, and how it is
//! written down.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use crate::gate::{At, Finding, Gap, Report, Site};
use crate::token::{Token, mask};
use crate::traces::Kind;

use super::tell::clean;

/// What counts of a report: traces, and where that was asked for, what looks like a token.
pub(super) struct Counted {
    /// How many there are.
    pub(super) all: u64,
    /// The files in which they stand, each once.
    pub(super) files: BTreeSet<Site>,
}

impl Counted {
    pub(super) fn of(report: &Report, strict: bool) -> Counted {
        let counts = report.findings.iter().filter(|finding| strict || finding.token.is_some());
        let file = |finding: &Finding| Site { inside: Vec::new(), ..finding.site.clone() };
        let all = report.traces + if strict { report.likenesses } else { 0 };
        Counted { all, files: counts.map(file).collect() }
    }

    pub(super) fn words(&self) -> String {
        let times = if self.all == 1 { "once".to_owned() } else { format!("{} times", self.all) };
        match self.files.len() {
            1 => format!("the token stands in a file, {times}"),
            files => format!("the token stands in {files} files, {times} in all"),
        }
    }
}

/// One line for each finding, traces first, then for what could not be searched.
pub(super) fn lines(report: &Report) -> Vec<String> {
    let (traces, likenesses): (Vec<&Finding>, Vec<&Finding>) =
        report.findings.iter().partition(|finding| finding.token.is_some());
    let kept = |findings: &[&Finding]| findings.len() as u64;
    let left = (report.traces - kept(&traces)) + (report.likenesses - kept(&likenesses));
    let findings = traces.into_iter().chain(likenesses).map(line);
    let more = (left > 0).then(|| format!("and {left} more"));
    findings.chain(more).chain(report.unread.iter().map(gap)).collect()
}

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    lines(report).iter().try_for_each(|line| writeln!(out, "{}", clean(line)))
}

fn line(finding: &Finding) -> String {
    let what = match (finding.token, finding.kind) {
        (None, Kind::Base64) => "something that looks like a token, in base64",
        (None, Kind::Hex) => "something that looks like a token, in hexadecimal",
        (None, _) => "something that looks like a token",
        (Some(_), Kind::Raw) => "the token",
        (Some(_), Kind::Base64) => "the token in base64",
        (Some(_), Kind::Url) => "the token as in a URL",
        (Some(_), Kind::Json) => "the token as in JSON",
        (Some(_), Kind::Hex) => "the token in hexadecimal",
    };
    let place = match finding.at {
        At::Byte(at) => format!("at byte {at}"),
        At::Name => "in its name".to_owned(),
        At::Target => "in the path that the link points to".to_owned(),
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
    match report.likenesses {
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
        };
        json!({
            "file": mask(&finding.site.file),
            "inside": finding.site.inside,
            "where": place,
            "offset": offset,
            "kind": word(finding.kind),
            "fingerprint": finding.token.and_then(fingerprint),
        })
    };
    let gaps = |gaps: &[Gap]| -> Value {
        let one = |gap: &Gap| json!({ "file": mask(&gap.site.file), "inside": gap.site.inside, "reason": gap.why });
        gaps.iter().map(one).collect()
    };
    let (traces, likenesses): (Vec<&Finding>, Vec<&Finding>) =
        report.findings.iter().partition(|finding| finding.token.is_some());
    json!({
        "found": traces.into_iter().map(finding).collect::<Vec<_>>(),
        "suspected": likenesses.into_iter().map(finding).collect::<Vec<_>>(),
        "unread": gaps(&report.unread),
        "passed_over": gaps(&report.passed_over),
        "traces": report.traces,
        "likenesses": report.likenesses,
        "files": report.files,
        "bytes": report.bytes,
    })
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Raw => "raw",
        Kind::Base64 => "base64",
        Kind::Url => "url",
        Kind::Json => "json",
        Kind::Hex => "hex",
    }
}
