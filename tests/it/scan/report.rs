//! What is said of each finding, for people and as JSON.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::support::scan;
use crate::support::sandbox::{Ran, Sandbox, has};

/// A token that is long enough to have parts that count: twelve characters of the secret.
const TOKEN: &str = "cop_Zx81QmTz55aBdW7rYp30LkEu";

fn world() -> Sandbox {
    Sandbox::new().with("CUSTOM_KEY", TOKEN)
}

#[test]
fn part_of_a_token_counts_and_is_reported_as_a_part() {
    let (part, whole) = (&TOKEN[..20], STANDARD.encode(format!("a {TOKEN}")));
    for (text, line, extent, summary) in [
        (part.to_owned(), "a part of the token at byte 0\n", "part", "found a part of the token once, in 1 file"),
        (STANDARD.encode(format!("ab{part}")), "a part of the token in base64 at byte ", "part", "found a part"),
        (whole.clone(), "the token in base64 at byte ", "whole", "found the token once, in 1 file"),
        (format!("{part} {whole}"), "a part of the token at byte 0\n", "part", "found the token 2 times, in 1 file"),
    ] {
        let world = world().file("results/a", &text);
        let ran = scan(&world, &[]).expect(9);
        assert!(ran.out.contains(line) && ran.err.contains(summary), "{text}: {ran:?}");
        let json = scan(&world, &["--json"]).expect(9).json();
        assert_eq!(json["found"][0]["extent"], extent, "{text}: {json}");
        assert!(!format!("{ran:?}{json}").contains(&TOKEN[4..16]), "{text}: {ran:?} {json}");
    }
}

#[test]
fn gate_and_staged_search_report_parts() {
    let world = &world();
    fs::create_dir(world.path("work/results")).unwrap();
    let script = "printenv CODEOCEAN_TOKEN | cut -c 1-20 > results/a";
    let mut command = world.command();
    command.args(["exec", "--offline", "--gate", "results", "--", "sh", "-c", script]);
    let ran = Ran::from(command.output().unwrap()).expect(9);
    assert!(ran.err.contains("a part of the token at byte 0\n"), "{ran:?}");
    if !has("git") {
        return;
    }
    world.shell("sh", "git init --quiet && git add results").expect(0);
    let ran = world.spawn(["scan", "--staged"]).expect(9);
    assert!(ran.out.contains("results/a:1:1: a part of the token at byte 0\n"), "{ran:?}");
}
