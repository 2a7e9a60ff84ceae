//! `env --only`: the names that a program accepts, and no others; and where `env` must not write.

use std::fs;

use crate::support::sandbox::{Ran, Sandbox, TOKEN};

fn world() -> Sandbox {
    Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "https://co.example.org")
}

fn env(world: &Sandbox, args: &[&str]) -> Ran {
    world.run([&["env", "--offline"], args].concat())
}

#[test]
fn only_prints_the_given_names() {
    let ran = env(&world(), &["--only", "CODEOCEAN_DOMAIN"]).expect(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("export CODEOCEAN_DOMAIN='https://co.example.org'\n", ""));
    let ran = env(&world(), &["--as", "API_TOKEN", "--only", "API_TOKEN", "--format", "dotenv"]).expect(0);
    assert_eq!(ran.out, format!("API_TOKEN='{TOKEN}'\n"));
    let both = ["--only", "CODEOCEAN_DOMAIN", "--only", "CODEOCEAN_TOKEN", "--only", "CODEOCEAN_TOKEN", "-f", "json"];
    let ran = env(&world(), &both).expect(0);
    assert_eq!(ran.json(), serde_json::json!({"CODEOCEAN_TOKEN": TOKEN, "CODEOCEAN_DOMAIN": "https://co.example.org"}));
    // The order is that of env, not of the options.
    let ran = env(&world(), &["--only", "CODEOCEAN_DOMAIN", "--only", "CODEOCEAN_TOKEN", "-f", "docker"]).expect(0);
    assert!(ran.out.starts_with("CODEOCEAN_TOKEN="), "{ran:?}");
}

#[test]
fn only_refuses_a_name_that_env_does_not_set() {
    let ran = env(&world(), &["--only", "API_TOKEN"]).expect(2);
    assert!(ran.out.is_empty() && ran.err.contains("--only API_TOKEN"), "{ran:?}");
    assert!(ran.err.contains("hint: ") && ran.err.contains("--as API_TOKEN"), "{ran:?}");
    // A name that --as would refuse is not suggested.
    let ran = env(&world(), &["--only", "PATH"]).expect(2);
    assert!(ran.err.contains("--only PATH") && !ran.err.contains("--as PATH"), "{ran:?}");
    // One of two is missing: nothing is printed.
    let ran = env(&world(), &["--only", "CODEOCEAN_TOKEN", "--only", "GIT_HOST"]).expect(2);
    assert_eq!(ran.out, "");
    for typed in ["1x", "", "A=B", TOKEN, "A\nB"] {
        let ran = env(&world(), &["--only", typed]).expect(2);
        assert!(ran.out.is_empty() && !ran.err.contains("cop_"), "{typed:?}: {ran:?}");
    }
    let nowhere = world().without("CODEOCEAN_DOMAIN");
    let ran = env(&nowhere, &["--only", "CODEOCEAN_DOMAIN"]).expect(3);
    assert!(ran.out.is_empty() && ran.err.contains("--deployment"), "{ran:?}");
    for format in ["netrc", "curl", "headers"] {
        let ran = env(&world(), &["--format", format, "--only", "CODEOCEAN_TOKEN"]).expect(2);
        assert!(ran.out.is_empty() && ran.err.contains("--only"), "{ran:?}");
    }
}

#[test]
fn github_actions_masks_the_token_if_only_includes_it() {
    let ran = env(&world(), &["-f", "gha", "--only", "CODEOCEAN_DOMAIN"]).expect(0);
    assert_eq!(ran.out, "CODEOCEAN_DOMAIN=https://co.example.org\n");
    let ran = env(&world(), &["-f", "gha", "--only", "CODEOCEAN_TOKEN"]).expect(0);
    assert_eq!(ran.out, format!("::add-mask::{TOKEN}\nCODEOCEAN_TOKEN={TOKEN}\n"));
}

/// The runner reads `::add-mask::` only in the log; in its own files it has no effect.
#[test]
fn files_of_github_actions_are_refused_as_standard_output() {
    for (number, name) in
        ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY", "GITHUB_PATH"].iter().enumerate()
    {
        for redirection in [format!(">> \"${name}\""), format!("> \"${name}\""), ">> link".to_owned()] {
            let world = world().file("work/file", "BEFORE=1\n");
            let file = world.path("work/file");
            std::os::unix::fs::symlink(&file, world.path("work/link")).unwrap();
            let world = if number == 0 { world } else { world.file("work/env", "").with("GITHUB_ENV", "env") };
            let world = world.with(name, &file);
            let script = format!("co-cred env --offline --format gha {redirection}");
            let ran = world.shell("sh", &script).expect(2);
            assert!(ran.err.contains(name) && ran.err.contains("hint: "), "{ran:?}");
            assert!(!fs::read_to_string(file).unwrap().contains("cop_"), "{name} {redirection}");
        }
    }
    // Another file is accepted: it may be printed in the log later.
    let world = world().file("work/file", "");
    let file = world.path("work/file");
    let world = world.with("GITHUB_ENV", &file);
    let ran = world.shell("sh", "co-cred env --offline --format gha > other && cat other").expect(0);
    assert_eq!(ran.out, format!("::add-mask::{TOKEN}\n"));
    assert!(fs::read_to_string(file).unwrap().contains("CODEOCEAN_TOKEN="));
}
