//! Property tests: no bytes make a parser panic, and where a shell reads a file, ours reads the same.

use std::collections::BTreeMap;
use std::process::Command;

use co_cred::broker::{Allow, Policy};
use co_cred::deployment::Deployment;
use co_cred::parse::shell;
use co_cred::sources::slots;
use co_cred::token::{Token, is_token_like, mask};
use proptest::prelude::*;

use crate::support::sandbox::Sandbox;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = shell::assignments(&bytes);
        let _ = slots::from_json(&bytes);
        let _ = slots::from_yaml(&bytes);
        let _ = Token::parse(&bytes);
        let _ = is_token_like(&bytes);
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let _ = Deployment::parse(text);
        }
    }

    #[test]
    fn no_script_makes_the_shell_reader_panic(script in r#"([A-C]=|export |<<-?|EOF|['"$`\\#;&|(){}\n\t =]|\$'|[a-z]){0,60}"#) {
        let _ = shell::assignments(script.as_bytes());
    }

    #[test]
    fn a_deployment_stays_what_it_is(text in r"(https?://)?[a-zA-Z0-9:./@\[\]_%?# -]{0,40}") {
        if let Ok(deployment) = Deployment::parse(&text) {
            let again = Deployment::parse(deployment.origin());
            prop_assert_eq!(again.map(|again| again.origin().to_owned()), Ok(deployment.origin().to_owned()));
            prop_assert!(!deployment.origin().contains(['@', ' ', '?', '#']));
        }
    }

    /// Another reader of addresses, which takes `..`, `%2e` and `\\` for what some servers do, finds the path that was judged.
    #[test]
    fn a_path_that_passes_is_read_in_one_way(
        slashes in "/{1,3}",
        endpoint in r"(/|//|\.|\.\.|%2e|%2E|%2f|%2F|%5c|\\|;|%|%25|%00|%0a|\?|#|@|:|é|%c3%a9|%c0|capsules|%78|x|~|!){0,8}"
    ) {
        let path = format!("{slashes}api/v1/capsules/{endpoint}");
        let policy = Policy { read_only: true, allow: vec![Allow::parse("GET /api/v1/capsules/**").unwrap()] };
        if let Some(sent) = policy.forwarded_path("GET", &path).filter(|_| !path.contains(['?', '#'])) {
            let url = url::Url::parse(&format!("https://co.example.org{sent}")).unwrap();
            prop_assert_eq!(url.path(), sent.as_str());
            prop_assert!(url.path_segments().unwrap().all(|segment| segment != ".."));
            let decoded = |path: &str| percent_encoding::percent_decode_str(path).decode_utf8().unwrap().into_owned();
            let (asked, decoded) = (decoded(&path[slashes.len() - 1..]), decoded(&sent));
            prop_assert_eq!(asked, decoded.as_str());
            prop_assert!(!decoded.contains("/../") && !decoded.contains("//") && !decoded.contains(['\\', '\0', ';', '\n']));
            // It is in its final form: another broker would send the same.
            prop_assert_eq!(policy.forwarded_path("GET", &sent), Some(sent));
        }
        prop_assert_eq!(policy.forwarded_path("DELETE", &path), None);
    }

    /// A rule means what its documentation says, which is little enough to be written down once more here.
    #[test]
    fn a_rule_matches_what_it_says(
        rule in r"(\*\*|a\*|\*b|\*|a|ab|a\*b)(/(\*\*|a\*|\*b|\*|a|ab|a\*b)){0,3}",
        endpoint in r"(a|b|ab|aab|abb|ba|c)(/(a|b|ab|aab|abb|ba|c)){0,4}",
    ) {
        let policy = Policy { read_only: false, allow: vec![Allow::parse(&format!("GET /api/v1/{rule}")).unwrap()] };
        let (pattern, path): (Vec<&str>, Vec<&str>) = (rule.split('/').collect(), endpoint.split('/').collect());
        prop_assert_eq!(policy.forwarded_path("GET", &format!("/api/v1/{endpoint}")).is_some(), matches_by_segments(&pattern, &path));
    }

    #[test]
    fn masking_leaves_no_token(
        before in "(.{0,8}[^a-zA-Z0-9_])?",
        secret in "[a-z]{2}[0-9]{2}[a-zA-Z0-9]{8}",
        after in "[ ,'\"].{0,8}",
    ) {
        let masked = mask(&format!("{before}cop_{secret}{after}"));
        prop_assert!(!masked.contains(&secret));
    }
}

fn matches_by_segments(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], path) => path.is_empty(),
        (["**"], path) => !path.is_empty(),
        (["**", rest @ ..], path) => (0..=path.len()).any(|skipped| matches_by_segments(rest, &path[skipped..])),
        (_, []) => false,
        ([one, rest @ ..], [first, more @ ..]) => matches_by_characters(one, first) && matches_by_segments(rest, more),
    }
}

fn matches_by_characters(pattern: &str, text: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(rest) => (1..=text.len()).any(|taken| matches_by_characters(rest, &text[taken..])),
        None if pattern.is_empty() => text.is_empty(),
        None => text.starts_with(&pattern[..1]) && matches_by_characters(&pattern[1..], &text[1..]),
    }
}

/// What a shell has after reading the file: its own word for it.
fn by_shell(shell: &str, world: &Sandbox, script: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    let path = world.path("work/secrets");
    std::fs::write(&path, script).unwrap();
    let print = r#". ./secrets >/dev/null 2>&1; for n in A B C; do eval "v=\${$n-unset}; printf '%s\0' \"\$v\""; done"#;
    let output = Command::new(shell).arg("-c").arg(print).current_dir(world.path("work")).env_clear().output().unwrap();
    let values: Vec<&[u8]> = output.stdout.split(|byte| *byte == 0).collect();
    if !output.status.success() || values.len() != 4 {
        return None;
    }
    let named = ["A", "B", "C"].into_iter().zip(values).filter(|(_, value)| *value != b"unset");
    Some(named.map(|(name, value)| (name.to_owned(), value.to_vec())).collect())
}

/// What co-cred reads; `None` where it knows of a value that only a shell can tell.
fn by_us(script: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    let found = shell::assignments(script.as_bytes()).ok()?;
    found.into_iter().map(|one| Some((one.name, one.value?.to_vec()))).collect()
}

fn value() -> impl Strategy<Value = String> {
    let word = "[a-zA-Z0-9_.:/+-]{0,8}";
    prop_oneof![
        word.prop_map(|text| text),
        "[ -&(-~\n]{0,12}".prop_map(|text| format!("'{text}'")),
        r#"([ !#%-\[\]-_a-z\n]|\\"|\\\\|\\\$|\\x){0,8}"#.prop_map(|text| format!("\"{text}\"")),
        r#"(\\[ a-z$"'\\;&|]){0,4}"#.prop_map(|text| text),
        (word, "[ a-z]{0,5}").prop_map(|(one, two)| format!("{one}'{two}'\"{two}\"{one}")),
    ]
}

/// A command with here-documents, whose lines look like assignments, delimiters and quotations.
fn document() -> impl Strategy<Value = String> {
    let delimiter = prop_oneof![
        Just(("E", "E")),
        Just(("'E'", "E")),
        Just(("\\E", "E")),
        Just(("\"E F\"", "E F")),
        Just(("$E", "$E"))
    ];
    let body = r#"((A=[a-z]{0,3}|E| E|\tE|E F|'|"|[a-z]+\\|\\\\)\n){0,4}"#;
    let one = (delimiter, prop_oneof!["<<", "<<-", "<< ", "3<<"], body);
    let several = proptest::collection::vec(one, 1..3);
    let command = prop_oneof!["cat ", ": ", "B=1 ", "export C=2 ", "cat >/dev/null "];
    (command, several, "(; A=[a-z]{2})?").prop_map(|(command, documents, rest)| {
        let announced: Vec<String> = documents.iter().map(|((word, _), sign, _)| format!("{sign}{word}")).collect();
        let bodies: String = documents.iter().map(|((_, end), _, body)| format!("{body}\n{end}\n")).collect();
        format!("{command}{}{rest}\n{bodies}", announced.join(" "))
    })
}

fn line() -> impl Strategy<Value = String> {
    let assignment = ("[ABC]", value()).prop_map(|(name, value)| format!("{name}={value}")).boxed();
    let comment = "# [a-z' \"]{0,10}".prop_map(|text| text);
    prop_oneof![
        4 => assignment.clone(),
        4 => assignment.clone().prop_map(|text| format!("export {text}")),
        1 => assignment.clone().prop_map(|text| format!("  {text} # [a'")),
        1 => (assignment.clone(), assignment).prop_map(|(one, two)| format!("{one}; {two}")),
        2 => document(),
        1 => comment,
        1 => Just("export A".to_owned()),
    ]
}

/// The value that a shell gives a variable is another than the one that is written, or none.
#[test]
fn a_value_that_a_shell_changes_is_unknown() {
    let table: [(&str, Option<&[u8]>); 25] = [
        ("A=1\nprintf -v A %s 2", None),
        ("A=1\nprintf -vA %s 2", None),
        ("A=1\nprintf -v 'A[0]' %s 2", None),
        ("A=1\nprintf -v \"$X\" %s 2", None),
        ("A=1\nprintf >/dev/null -v A %s 2", None),
        ("A=1\nprintf -v B %s 2", Some(b"1")),
        ("A=1\nprintf '%s\\n' -v A >/dev/null", Some(b"1")),
        ("A=1\ndeclare -n X=A\nX=2", None),
        ("A=1\ntypeset -gn X=A; X=2", None),
        ("declare -i A=1+1", None),
        ("declare -xi A=1+1", None),
        ("declare -i A\nA=1+1", None),
        ("declare -u A\nexport A=b", None),
        ("declare -i B=1+1\nA=1", Some(b"1")),
        ("declare -gx A=1", Some(b"1")),
        ("declare -- A=1", Some(b"1")),
        ("readonly A=1", Some(b"1")),
        ("declare -rx A=1", Some(b"1")),
        ("readonly A=1\nA=2", None),
        ("A=1\nreadonly A\nexport A=2", None),
        ("declare -r A=1\nreadonly A=2", None),
        ("readonly B=1\nB=2\nA=1", None),
        ("readonly B=1\nA=1", Some(b"1")),
        ("A=1\nlocal A=2", None),
        ("local B=2\nA=1", None),
    ];
    for (script, expected) in table {
        let found = shell::assignments(script.as_bytes()).unwrap();
        let last = found.into_iter().rfind(|one| one.name == "A").unwrap_or_else(|| panic!("{script}: nothing"));
        assert_eq!(last.value.as_deref().map(Vec::as_slice), expected, "{script}");
    }
    // bash agrees wherever a value is known.
    let world = Sandbox::new();
    for (script, expected) in table {
        if let (Some(expected), Some(theirs)) = (expected, by_shell("bash", &world, script)) {
            assert_eq!(theirs["A"], expected, "{script}");
        }
    }
}

/// Those that read scripts here.
const SHELLS: &[&str] = if cfg!(unix) { &["dash", "bash"] } else { &[] };

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shells_agree(lines in proptest::collection::vec(line(), 0..6)) {
        let script = format!("{}\n", lines.join("\n"));
        let world = Sandbox::new();
        let Some(ours) = by_us(&script) else { return Ok(()) };
        for shell in SHELLS {
            if let Some(theirs) = by_shell(shell, &world, &script) {
                prop_assert_eq!(&ours, &theirs, "{} reads {:?}", shell, script);
            }
        }
    }
}

#[test]
fn the_ways_in_which_a_shell_quotes() {
    let table: [(&str, Option<&[u8]>); 41] = [
        ("A=b", Some(b"b")),
        ("export A='b c'", Some(b"b c")),
        ("declare -x A=\"b c\"", Some(b"b c")),
        ("export B=x A=y", Some(b"y")),
        ("A='it'\\''s'", Some(b"it's")),
        (r#"A="q\"q\\q\$q\`q\q""#, Some(br#"q"q\q$q`q\q"#)),
        ("A='$HOME'", Some(b"$HOME")),
        ("A=\"$HOME\"", None),
        ("A=${HOME}x", None),
        ("A=$(echo x)", None),
        ("A=`echo x`", None),
        ("A=\"$(echo \")\" )\"", None),
        ("A=~/x", None),
        ("A=x$", Some(b"x$")),
        ("A=\"100$\"", Some(b"100$")),
        ("A=$'b\\nc\\'d'", Some(b"b\nc'd")),
        ("A='b\nc'", Some(b"b\nc")),
        ("A=b\\\nc", Some(b"bc")),
        ("A=b # comment 'unclosed", Some(b"b")),
        ("A=b#c", Some(b"b#c")),
        ("A=1; A=2", Some(b"2")),
        ("A=1\nexport A", Some(b"1")),
        ("  export  A=1 ", Some(b"1")),
        ("A=b=c", Some(b"b=c")),
        ("A=''", Some(b"")),
        ("umask 077; echo 'x y'; A=1", Some(b"1")),
        // What may never run, or runs elsewhere, is not known; what stands before it is.
        ("echo x >/dev/null && A=1", None),
        ("A=1\nfalse && A=2", None),
        ("A=1\n(A=2)", None),
        ("A=1\nf() {\nA=2\n}", None),
        ("A=1 | cat", None),
        ("A=1 &", None),
        ("{ A=1; }", None),
        ("if true; then export A=1; fi", None),
        ("A=1\nunset A", None),
        ("A=1\nA+=2", None),
        ("A=1\n. ./other", None),
        ("A=1\ntrue && B=2", Some(b"1")),
        ("A=1\nreturn 0\nA=2", Some(b"1")),
        ("A=1\nreturn # done\nA=2", Some(b"1")),
        ("A=1; exit; A=2", Some(b"1")),
    ];
    for (script, expected) in table {
        let found = shell::assignments(script.as_bytes()).unwrap();
        let last = found.into_iter().rfind(|one| one.name == "A").unwrap_or_else(|| panic!("{script}: nothing"));
        assert_eq!(last.value.as_deref().map(Vec::as_slice), expected, "{script}");
    }
    for script in ["echo A=b", "A=b make", "'A'=b", "A\\=b", "1A=b", "# A=b"] {
        assert!(shell::assignments(script.as_bytes()).unwrap().is_empty(), "{script}");
    }
    for script in ["A='b", "A=\"b", "A=$(b", "A=`b", "A=$'b"] {
        assert!(shell::assignments(script.as_bytes()).is_err(), "{script}");
    }
}
