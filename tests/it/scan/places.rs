//! Where in a text a finding is: line, column, and the cell of a notebook.

use std::fs;
use std::path::Path;

use co_cred::patterns::{Encodings, Matcher};
use co_cred::scan::{CellPlace, Progress, Redact, TextPlace, scan};
use co_cred::token::Token;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::{gzip, world};
use crate::support::sandbox::{Sandbox, TOKEN, has};

/// The places of the findings in a file, in the order of their offsets.
fn places(name: &str, content: impl AsRef<[u8]>) -> Vec<Option<TextPlace>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let matcher = Matcher::of(&[Encodings::of(&Token::parse(TOKEN.as_bytes()).unwrap().token)]);
    let report = scan(&matcher, &[path], Redact::Nothing, &Progress::default());
    report.tokens.items.iter().map(|finding| finding.place).collect()
}

fn line_and_column(place: &TextPlace) -> (u64, u64) {
    (place.line, place.column)
}

#[test]
fn finding_in_a_text_has_its_line_and_column() {
    for (text, line, column) in [
        (TOKEN.to_owned(), 1, 1),
        (format!("\u{feff}{TOKEN}"), 1, 1),
        (format!("a\r\n\r\n  {TOKEN}\r\n"), 3, 3),
        (format!("é漢🎉 {TOKEN}"), 1, 5),
        (format!("{}\n{}{TOKEN}", "x".repeat(70_000), "é".repeat(70_000)), 2, 70_001),
    ] {
        let found: Vec<_> = places("a", &text).iter().flatten().map(line_and_column).collect();
        assert_eq!(found, [(line, column)]);
    }
    let world = world().file("work/src/a.py", format!("import os\ntoken = '{TOKEN}'\n"));
    let ran = world.spawn(["scan", "src"]).expect(9);
    assert_eq!(ran.out.replace('\\', "/"), "src/a.py:2:10: the token at byte 19\n");
    let found = &world.spawn(["scan", "--json", "src"]).expect(9).json()["found"][0];
    assert_eq!((&found["line"], &found["column"], &found["offset"]), (&2.into(), &10.into(), &19.into()));
    assert_eq!((&found["cell"], &found["output"]), (&Value::Null, &Value::Null));
}

#[test]
fn finding_in_staged_content_has_its_line_and_column() {
    if !has("git") {
        return;
    }
    let world = world().file("work/a.py", format!("import os\ntoken = '{TOKEN}'\n")).file("work/b", TOKEN);
    world.shell("sh", "git init --quiet && git add . && echo changed > a.py").expect(0);
    let ran = world.spawn(["scan", "--staged"]).expect(9);
    assert_eq!(ran.out, "a.py:2:10: the token at byte 19\nb:1:1: the token at byte 0\n");
}

/// Binary contents, what is packed, and standard input.
#[test]
fn finding_without_lines_has_its_offset_only() {
    assert_eq!(places("a", format!("\0\n{TOKEN}")), [None]);
    assert_eq!(places("a.gz", gzip(TOKEN)), [None]);
    let world = world().with_input(&format!("\n{TOKEN}"));
    let found = &world.run(["scan", "--json", "-"]).expect(9).json()["found"][0];
    assert_eq!((&found["line"], &found["column"], &found["offset"]), (&Value::Null, &Value::Null, &1.into()));
}

fn notebook(cells: &Value) -> Value {
    json!({ "cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5 })
}

#[test]
fn finding_in_a_notebook_has_its_cell_and_output() {
    let cells = json!([
        { "cell_type": "markdown", "source": ["# A title"], "metadata": {} },
        { "cell_type": "code", "metadata": { "note": TOKEN }, "source": ["import os\n", format!("print('{TOKEN}')")],
          "outputs": [{ "name": "stdout", "text": ["x"] }, { "name": "stdout", "text": [format!("a {TOKEN}\n")] }] },
    ]);
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN);
    let world = world.file("work/a.ipynb", format!("{:#}", notebook(&cells)));
    let ran = world.spawn(["scan", "a.ipynb"]).expect(9);
    let places =
        ["the token in cell 2 at", "the token in the source of cell 2 at", "the token in output 2 of cell 2 at"];
    for (line, place) in ran.out.lines().zip(places) {
        assert!(line.starts_with("a.ipynb:") && line.contains(place), "{ran:?}");
    }
    let found = &world.spawn(["scan", "--json", "a.ipynb"]).expect(9).json()["found"];
    let cells: Vec<_> = (0..3).map(|at| (found[at]["cell"].as_u64(), found[at]["output"].as_u64())).collect();
    assert_eq!(cells, [(Some(2), None), (Some(2), None), (Some(2), Some(2))]);
}

#[test]
fn finding_in_broken_notebook_json_has_no_cell() {
    let good = notebook(&json!([{ "source": [TOKEN] }])).to_string();
    let deep = format!("{{\"a\": {}{}, \"cells\": [{{\"source\": \"{TOKEN}\"}}]}}", "[".repeat(200), "]".repeat(200));
    let cases = [
        (good.clone(), true),
        (good.trim_end_matches('}').to_owned(), true),
        (good.replacen('[', "[]", 1), false),
        (good.replacen('{', "{{", 1), false),
        (good.replacen('[', "[1 2, ", 1), false),
        (format!("{{\"worksheets\": [{good}]}}"), false),
        (format!("[{good}]"), false),
        (deep, false),
        (TOKEN.to_owned(), false),
    ];
    for (text, has_cell) in cases {
        let place = places("a.ipynb", &text)[0].unwrap();
        assert_eq!((place.line, place.part.is_some()), (1, has_cell), "{text}");
        assert_eq!(places("a.json", &text)[0].unwrap().part, None);
    }
}

/// Text between tokens: line ends, characters of several bytes, and now and then much of it.
fn filler() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[a-z é漢\u{1f389}\r\n\t]{0,40}", 1 => Just("word é\n".repeat(12_000)), 1 => Just("é ".repeat(40_000))]
}

/// A string of a notebook, which looks like its structure.
fn string() -> impl Strategy<Value = String> {
    prop_oneof![9 => "[\\[\\]{}:,\"\\\\/ \u{1}é\n0-9a-z]{0,20}", 1 => Just("\"cells\": [".to_owned()), 1 => Just("] \\".repeat(30_000))]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![3 => string().prop_map(Value::from), 1 => any::<f64>().prop_map(Value::from), 1 => Just(Value::Null), 1 => any::<bool>().prop_map(Value::from)]
}

/// Any value, with the keys of a notebook.
fn value() -> impl Strategy<Value = Value> {
    let key = prop_oneof![Just("cells".to_owned()), Just("outputs".to_owned()), Just("source".to_owned()), string()];
    scalar().prop_recursive(4, 24, 4, move |inner| {
        let object = proptest::collection::btree_map(key.clone(), inner.clone(), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|object| Value::Object(object.into_iter().collect())),
        ]
    })
}

fn cell() -> impl Strategy<Value = Value> {
    let source = prop_oneof![scalar(), proptest::collection::vec(string(), 0..4).prop_map(Value::from)];
    (source, proptest::collection::vec(value(), 0..4), value())
        .prop_map(|(source, outputs, other)| json!({ "attachments": other, "source": source, "outputs": outputs }))
}

/// The paths of all strings in a value that are no keys.
fn strings(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(path.to_owned()),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, inner)| strings(inner, &format!("{path}/{at}"), found));
        }
        Value::Object(object) => object.iter().for_each(|(key, inner)| {
            strings(inner, &format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), found);
        }),
        _ => {}
    }
}

/// What the path of a string says about its place.
fn part(path: &str) -> Option<(u64, CellPlace)> {
    let keys: Vec<&str> = path.split('/').skip(1).collect();
    let number = |key: &str| key.parse::<u64>().unwrap() + 1;
    match keys.as_slice() {
        ["cells", cell, "source", ..] => Some((number(cell), CellPlace::Source)),
        ["cells", cell, "outputs", output, ..] => Some((number(cell), CellPlace::Output(number(output)))),
        ["cells", cell, ..] => Some((number(cell), CellPlace::Other)),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_are_those_of_str_lines(pieces in proptest::collection::vec(filler(), 1..6)) {
        let text = pieces.join(&format!("\n{TOKEN}")) + TOKEN;
        let of_line = |(number, line): (usize, &str)| {
            let column = |(at, _): (usize, &str)| (number as u64 + 1, line[..at].chars().count() as u64 + 1);
            line.match_indices(TOKEN).map(column).collect::<Vec<_>>()
        };
        let wanted: Vec<_> = text.lines().enumerate().flat_map(of_line).collect();
        let found: Vec<_> = places("a", &text).iter().flatten().map(line_and_column).collect();
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn cells_are_those_of_a_json_parser(
        cells in proptest::collection::vec(cell(), 0..5),
        before in value(),
        choice in any::<proptest::sample::Index>(),
        is_pretty in any::<bool>(),
    ) {
        let mut notebook = json!({ "before": before, "cells": cells, "metadata": "x", "nbformat": 4 });
        let mut paths = Vec::new();
        strings(&notebook, "", &mut paths);
        let path = &paths[choice.index(paths.len())];
        let chosen = notebook.pointer_mut(path).unwrap();
        *chosen = format!("{} {TOKEN} \\", chosen.as_str().unwrap()).into();
        let text = if is_pretty { format!("{notebook:#}") } else { notebook.to_string() };
        let places = places("a.ipynb", &text);
        prop_assert_eq!(places.len(), 1);
        let found = places[0].unwrap();
        prop_assert_eq!(found.part.map(|part| (part.cell, part.place)), part(path), "{} {}", path, text);
        let line = text.lines().position(|line| line.contains(TOKEN)).unwrap() as u64 + 1;
        prop_assert_eq!(found.line, line);
    }
}

/// The search reads a file to its end once more, and no more: a notebook of 200 MB takes little memory.
#[test]
fn places_in_a_large_notebook_take_little_memory() {
    let world = world();
    let output = format!("{:#}", json!({ "text": vec!["a line of an output\n"; 1000] }));
    let outputs = vec![output; 4000].join(",\n");
    let text = format!("{{\"cells\": [{{\"outputs\": [{outputs}], \"source\": \"{TOKEN}\"}}]}}");
    fs::write(world.path("a.ipynb"), text).unwrap();
    let path = world.path("a.ipynb").display().to_string();
    let (ran, peak) = super::support::with_memory(&world, &["scan", &path]);
    assert!(ran.code == 9 && ran.out.contains("in the source of cell 1"), "{ran:?}");
    assert!(Path::new(&path).metadata().unwrap().len() > 100_000_000 && peak < 60_000, "{peak}");
}
