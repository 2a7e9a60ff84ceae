//! Wrong command lines: the message and the hint say what to type, and never repeat a token.

use std::fs;
use std::path::Path;

use co_cred::error::Kind;

use crate::support::sandbox::{Sandbox, TOKEN};

#[test]
fn a_typed_token_must_be_revoked() {
    let option = format!("--token={TOKEN}");
    for args in [
        &["login", TOKEN][..],
        &["login", "--token", TOKEN],
        &["login", &option],
        &["exec", TOKEN, "--", "true"],
        &["exec", "--token", TOKEN, "--", "true"],
        &["exec", "--", TOKEN],
        &["check", TOKEN],
        &[TOKEN],
    ] {
        let ran = Sandbox::new().spawn(args);
        assert_eq!(ran.code, if args[0] == "exec" { 125 } else { 2 }, "{args:?}: {ran:?}");
        assert!(ran.err.contains("it is in your shell's history now") && ran.err.contains("revoke it"), "{ran:?}");
        assert!(!ran.err.contains(TOKEN) && ran.out.is_empty(), "{ran:?}");
    }
    for args in [["--token-env", TOKEN], ["--token-file", TOKEN], ["--deployment", TOKEN]] {
        let ran = Sandbox::new().run([&["token", "--offline"], &args[..]].concat());
        assert!(ran.code == 2 && !ran.err.contains(TOKEN), "{ran:?}");
    }
}

#[test]
fn options_of_other_tools_suggest_those_of_co_cred() {
    for (args, hint) in [
        (&["login", "--domain", "x"][..], "did you mean --deployment?"),
        (&["exec", "--domain=x", "--", "true"], "did you mean --deployment?"),
        (&["check", "--url", "x"], "did you mean --deployment?"),
        (&["logout", "--user", "x"], "did you mean --email?"),
        (&["chek"], "did you mean check?"),
        (&["exec", "--dry-run", "--", "true"], "did you mean --explain?"),
        (&["check", "--no-verify"], "did you mean --verify never?"),
        // An option that the command does not have is not suggested.
        (&["scan", "--dry-run"], "co-cred scan --help"),
        (&["exec", "--user", "x", "--", "true"], "co-cred exec --help"),
    ] {
        let ran = Sandbox::new().run(args);
        assert!(ran.err.contains(hint), "{args:?}: {ran:?}");
    }
}

#[test]
fn a_usage_error_names_the_command_and_its_own_values() {
    for (args, words) in [
        (&["check", "extra"][..], "co-cred check --help"),
        (&["setup"], "co-cred setup --help"),
        (&["setup", "foo"], "it is one of git, docker"),
        (&["env", "--format", "foo"], "powershell"),
        (&["check", "--need", "foo"], "capsule:read, data-asset:read"),
        (&["logout", "--email"], "needs a value\nhint: as in --email ada@example.org"),
        (&["exec", "--gate"], "needs a value\nhint: as in --gate /results"),
        (&["exec"], "the command to run is missing\nhint: as in: co-cred exec -- python analysis.py"),
        (&["login", "codeocean.example.org"], "hint: co-cred login --deployment URL logs in"),
        (&["logout", "ada@example.org"], "hint: co-cred logout --email ADDRESS removes"),
        (&["agent", "start"], "hint: co-cred agent starts one"),
        (&["check", "--timeout", "0s"], "takes a duration of more than 0s and at most 1 day"),
        (&["agent", "--read-only"], "--read-only needs --broker"),
        (&["exec", "--rate", "5/s", "--", "true"], "--rate needs --broker"),
    ] {
        let ran = Sandbox::new().run(args);
        assert!(ran.err.contains(words), "{args:?}: {ran:?}");
    }
}

/// A hidden command, or one that only shares some letters, is not suggested.
#[test]
fn only_visible_and_similar_commands_are_suggested() {
    for word in ["git", "git-askpas", "supervise", "list-all", "xyz", "help-me"] {
        let ran = Sandbox::new().run([word]).expect(2);
        assert!(ran.err.contains("co-cred --help lists the commands"), "{word}: {ran:?}");
    }
    for (word, meant) in
        [("exce", "exec"), ("docter", "doctor"), ("logn", "login"), ("git-credentials", "git-credential")]
    {
        let ran = Sandbox::new().run([word]).expect(2);
        assert!(ran.err.contains(&format!("did you mean {meant}?")), "{word}: {ran:?}");
    }
}

#[test]
fn help_and_version_are_commands_too() {
    let world = Sandbox::new();
    assert_eq!(world.run(["help"]).expect(0).out, world.run(["--help"]).expect(0).out);
    for command in ["exec", "check", "setup", "scan"] {
        assert_eq!(world.run(["help", command]).expect(0).out, world.run([command, "--help"]).expect(0).out);
    }
    world.run(["help", "nothing"]).expect(2);
    assert_eq!(world.run(["version"]).expect(0).out, world.run(["--version"]).expect(0).out);
    let json = world.run(["version", "--json"]).expect(0).json();
    assert_eq!((&json["schema"], &json["version"]), (&"co-cred/version/1".into(), &env!("CARGO_PKG_VERSION").into()));
}

#[test]
fn exit_codes_are_the_same_in_the_source_the_help_the_readme_and_the_manual() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let help = Sandbox::new().run(["--help"]).out;
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let manual =
        fs::read_to_string(top.join("packaging/man/co-cred.1")).unwrap().replace("\\fB", "").replace("\\fR", "");
    let readme = fs::read_to_string(top.join("README.md")).unwrap();
    for kind in Kind::ALL {
        let code = format!("{} {}", kind.code(), kind.word());
        assert!(plain(&help).contains(&code), "{code} is not in --help");
        assert!(plain(&manual).contains(&code), "{code} is not in the manual page");
        let row = format!("| {} | {}", kind.code(), kind.word());
        assert!(readme.contains(&row), "{row} is not in the README");
    }
    let codes: Vec<u8> = Kind::ALL.map(Kind::code).to_vec();
    assert_eq!(codes, (1..=9).collect::<Vec<u8>>());
}

#[test]
fn a_cache_that_cannot_be_written_is_a_warning() {
    let deployment = fake_deployment::Plan::with_token(TOKEN).start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).file("cache/co-cred", "a file in the way");
    for args in [&["exec", "--", "true"][..], &["token"]] {
        let ran = world.spawn(args).expect(0);
        assert_eq!(ran.err.matches("each command asks it again").count(), 1, "{ran:?}");
    }
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).without("XDG_CACHE_HOME").without("HOME");
    assert!(world.spawn(["exec", "--", "true"]).expect(0).err.contains("each command asks it again"));
    // A cache that can be written is not mentioned.
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    assert_eq!(world.spawn(["exec", "--", "true"]).expect(0).err, "");
}
