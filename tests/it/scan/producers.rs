//! Files that real programs write (`tests/producers`): the token in each is found, or the file is reported as not searched.

use std::io::Write;
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::clients::producers;
use crate::support::pages;
use crate::support::sandbox::{Sandbox, skipped};

/// As long as a real token, which decides how it is packed. Kerning breaks it into short pieces.
const TOKEN: &str = "cop_WRFZw2iekRYCfzKROG5nQED6o0LyjjcLMkU9dwp5";

/// A text in its place, as long.
const HARMLESS: &str = "copper and cobalt in the water of 9 stations";

/// The packages that write the files, with their versions.
const REQUIREMENTS: &str = include_str!("../../producers/requirements.txt");

/// A row of the manifest: a file or folder with the text in it.
struct Case {
    file: String,
    producer: String,
    version: String,
    place: String,
    /// No program can read the text without more, such as a password.
    /// `found`; `reported`: it cannot be read without more, such as a password; `not found`: a gap that the page names.
    expected: String,
}

/// What the search of a file says about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Answer {
    is_found: bool,
    /// It is whole, and not twelve or more characters of it alone.
    is_whole: bool,
    /// There is text that looks like a token.
    is_suspected: bool,
    /// It was not searched, or not completely.
    is_reported: bool,
}

/// Everything written with one text, and what the search says.
struct Written {
    answers: Vec<(Case, Answer)>,
    /// Whether this system can write all files of the table.
    is_complete: bool,
}

impl Case {
    fn row(&self, answer: Answer) -> String {
        // Programs of the system are of another version on each.
        let pinned = format!("{}=={}", self.producer, self.version);
        let is_pinned = REQUIREMENTS.lines().any(|line| line.eq_ignore_ascii_case(&pinned));
        let version = if is_pinned { format!(" {}", self.version) } else { String::new() };
        format!("| {}{version} | {} | `{}` | {} |\n", self.producer, self.place, self.file, answer.words())
    }
}

impl Answer {
    fn words(self) -> &'static str {
        match (self.is_found, self.is_whole, self.is_reported) {
            (true, true, false) => "found",
            (true, true, true) => "found, and reported",
            (true, false, false) => "a part is found",
            (true, false, true) => "a part is found, and reported",
            (false, _, true) => "reported",
            (false, _, false) => "**not found**",
        }
    }
}

/// Writes all files with this text, and searches each by itself for the token. `None`: the packages are not installed.
fn write_and_search(text: &str) -> Option<Written> {
    let python = producers()?;
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/producers/make.py");
    let mut make = world.program(python);
    let mut make = make.arg(script).arg(world.path("files")).stdin(Stdio::piped()).spawn().unwrap();
    make.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(make.wait().unwrap().success());
    let manifest = std::fs::read_to_string(world.path("files/manifest.json")).unwrap();
    let manifest: Vec<Value> = serde_json::from_str(&manifest).unwrap();
    let rows = manifest.len();
    let cases: Vec<Case> = manifest.iter().filter_map(case).collect();
    let is_complete = cases.len() == rows;
    let answers = cases.into_iter().map(|case| (answer(&world, &case.file), case)).map(|(answer, case)| (case, answer));
    Some(Written { answers: answers.collect(), is_complete })
}

/// A row of the manifest; `None`: this system could not write the file.
fn case(row: &Value) -> Option<Case> {
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let why = text("skipped");
    if !why.is_empty() {
        let is_missing = why.ends_with("is not installed");
        assert!(!is_missing || std::env::var_os("CO_CRED_TESTS_ALL").is_none(), "{}: {why}", text("file"));
        skipped(&format!("{}: {why}", text("file")));
        return None;
    }
    Some(Case {
        file: text("file"),
        producer: text("producer"),
        version: text("version"),
        place: text("where"),
        expected: text("expected"),
    })
}

fn answer(world: &Sandbox, file: &str) -> Answer {
    let path = world.path("files").join(file);
    let ran = world.run(["scan", "--json", path.to_str().unwrap()]);
    let report = ran.json();
    let has = |key: &str| !report[key].as_array().unwrap().is_empty();
    assert_eq!(ran.code == 9, has("found"), "{file}: {ran:?}");
    Answer {
        is_found: has("found"),
        is_whole: report["found"].as_array().unwrap().iter().any(|finding| finding["extent"] == "whole"),
        is_suspected: has("suspected"),
        is_reported: has("unread") || has("unopened"),
    }
}

/// The same for the token, once for all tests.
fn with_token() -> Option<&'static Written> {
    static WRITTEN: OnceLock<Option<Written>> = OnceLock::new();
    WRITTEN.get_or_init(|| write_and_search(TOKEN)).as_ref()
}

/// The names of the cases that are as `is_wanted` says.
fn names(answers: &[(Case, Answer)], is_wanted: impl Fn(&Case, &Answer) -> bool) -> Vec<String> {
    let wanted = answers.iter().filter(|(case, answer)| is_wanted(case, answer));
    wanted.map(|(case, _)| format!("{} ({}: {})", case.file, case.producer, case.place)).collect()
}

#[test]
fn token_in_a_file_of_a_real_program_is_found_or_the_file_is_reported() {
    let Some(Written { answers, is_complete }) = with_token() else { return };
    assert!(answers.len() > 300 || !is_complete);
    let is_silent = |answer: &Answer| !answer.is_found && !answer.is_reported;
    let silent = names(answers, |case, answer| is_silent(answer) != (case.expected == "not found"));
    assert!(silent.is_empty(), "neither found nor reported, or a gap that is none: {silent:#?}");
    let closed = names(answers, |case, answer| case.expected == "reported" && answer.is_found);
    assert!(closed.is_empty(), "found in what cannot be read: {closed:#?}");
}

/// The same files with another text have no finding, and only what cannot be read with a token either is reported.
#[test]
fn file_of_a_real_program_without_a_token_is_clean() {
    assert_eq!(HARMLESS.len(), TOKEN.len());
    let (Some(with), Some(without)) = (with_token(), write_and_search(HARMLESS)) else { return };
    let found = names(&without.answers, |_, answer| answer.is_found || answer.is_suspected);
    assert!(found.is_empty(), "found where it is not: {found:#?}");
    let reported = |written: &Written| names(&written.answers, |_, answer| answer.is_reported);
    assert_eq!(reported(with), reported(&without));
}

/// With `CO_CRED_TESTS_WRITE=1` the test writes the page.
#[test]
fn the_reference_page_lists_what_real_programs_write() {
    let Some(written) = with_token() else { return };
    let rows: String = written.answers.iter().map(|(case, answer)| case.row(*answer)).collect();
    let page = format!(
        "# Files of many programs\n\nIn these files, `scan` and `exec --gate` find the token or a part of it, or report that the file is \
         not searched: `--json` lists\nit under `unread` or `unopened`, and `--strict` fails. A test has each program write its file \
         with a token in it, and writes this\npage; the functions are in `tests/producers`. A file that is not compressed is searched \
         in any format.\nWhere the result is **not found**, the search has a gap that is known.\n\n| written by | where the token is | file | result |\n|---|---|---|---|\n{rows}"
    );
    match written.is_complete {
        true => pages::written("formats.md", &page),
        false => pages::holds("formats.md", &rows),
    }
}
