//! Messages, JSON and exit codes of check, status, doctor and usage errors.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use fake_deployment::{Account, Fault, Plan};
use serde_json::{Value, json};

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

fn keys(json: &Value) -> BTreeSet<&str> {
    json.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The causes that doctor names, in order.
fn causes(world: &Sandbox, args: &[&str]) -> Vec<String> {
    let ran = world.run(["doctor", "--json"].iter().chain(args));
    let problems = ran.json()["problems"].as_array().unwrap().clone();
    problems.iter().map(|problem| problem["cause"].as_str().unwrap().to_owned()).collect()
}

const CONTRACT: [&str; 10] =
    ["capsule", "checked_at", "deployment", "error", "fingerprint", "owner", "scopes", "shadowed", "source", "verdict"];

#[test]
fn status_has_the_promised_keys() {
    let deployment = Plan::with_token(TOKEN).start();
    let world = Sandbox::new()
        .with("CUSTOM_KEY", TOKEN)
        .at(&deployment)
        .with("CO_CAPSULE_ID", "c1")
        .with("CO_COMPUTATION_ID", "x1")
        .credentials(&deployment.url(), OTHER);
    let status = world.run(["status", "--json"]).expect(0).json();
    assert_eq!(keys(&status), CONTRACT.into_iter().collect());
    let fingerprint = status["fingerprint"].as_str().unwrap();
    assert!(fingerprint.starts_with("sha256:") && fingerprint.len() == 15);
    let checked: jiff::Timestamp = status["checked_at"].as_str().unwrap().parse().unwrap();
    assert!(jiff::Timestamp::now().duration_since(checked).as_secs() < 60);
    let file = world.path("home/.codeocean/credentials.json").display().to_string();
    let expected = json!({
        "deployment": deployment.url(),
        "source": { "kind": "environment", "place": "CUSTOM_KEY" },
        "fingerprint": fingerprint,
        "verdict": "valid",
        "owner": "ada@example.org",
        "scopes": { "capsule:read": "granted", "data-asset:read": "unknown" },
        "capsule": { "id": "c1", "computation": "x1", "pipeline": null },
        "checked_at": status["checked_at"],
        "shadowed": [{ "kind": "file", "place": file }],
        "error": null,
    });
    assert_eq!(status, expected);
    assert_eq!(keys(&world.run(["check", "--json"]).expect(0).json()), CONTRACT.into_iter().collect());
}

#[test]
fn status_has_the_same_keys_for_errors() {
    let nothing = Sandbox::new().run(["status", "--json"]).expect(3).json();
    assert_eq!(keys(&nothing), CONTRACT.into_iter().collect());
    assert_eq!(nothing["error"]["kind"], "not found");
    assert_eq!(
        (&nothing["source"], &nothing["verdict"], &nothing["capsule"]),
        (&json!(null), &json!("unchecked"), &json!(null))
    );
    let rejecting = Plan::with_token(OTHER).start();
    let rejected = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&rejecting).run(["status", "--json"]).expect(4).json();
    assert_eq!((&rejected["error"]["kind"], &rejected["verdict"]), (&json!("rejected"), &json!("rejected")));
    assert_eq!(rejected["source"]["place"], "CUSTOM_KEY");
    for key in ["message", "hint"] {
        assert!(rejected["error"][key].is_string());
    }
}

#[test]
fn check_prints_nothing_or_one_line() {
    let deployment = Plan::with_token(TOKEN).start();
    let ran = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).run(["check"]).expect(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    let rejecting = Plan::with_token(OTHER).start();
    for (world, code) in [
        (Sandbox::new(), 3),
        (Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&rejecting), 4),
        (Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "http://127.0.0.1:9"), 5),
        (Sandbox::new().with("CODEOCEAN_TOKEN", "a\nb"), 6),
        (Sandbox::new().with("FOO", TOKEN).with("BAR", OTHER), 8),
    ] {
        let ran = world.run(["check"]).expect(code);
        assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 1), "{ran:?}");
        assert!(ran.err.starts_with("co-cred: error: "), "{ran:?}");
    }
}

#[test]
fn errors_follow_the_rules_of_messages() {
    let world = Sandbox::new();
    for args in [&["token"][..], &["env"], &["status"], &["token", "--token-env", "X"], &["token", "--timeout", "soon"]]
    {
        let ran = world.run(args);
        let lines: Vec<&str> = ran.err.lines().collect();
        assert_eq!(lines.len(), 2, "{ran:?}");
        let what = lines[0].strip_prefix("co-cred: error: ").unwrap();
        let hint = lines[1].strip_prefix("hint: ").unwrap();
        for text in [what, hint] {
            assert!(!text.ends_with('.') && !text.starts_with(char::is_uppercase) || what.starts_with('X'), "{text}");
        }
    }
}

#[test]
fn doctor_names_each_cause() {
    let slot = r#"{"version": 1, "secrets": [{"type": "general", "id": "x", "description": "Code Ocean API", "value": "MINE"}]}"#;
    let declared = || Sandbox::new().file("capsule/.codeocean/secrets.json", slot);
    let rejecting = Plan::with_token(OTHER).start();
    let poor = Plan::default().account(Account { capsules: false, data_assets: false, ..Account::new(TOKEN) }).start();
    let html = Plan::with_token(TOKEN).always(Fault::Html).start();
    let failing = Plan::with_token(TOKEN).always(Fault::Status(503)).start();
    let busy = Plan::with_token(TOKEN).always(Fault::TooManyRequests(100)).start();
    let good = Plan::with_token(TOKEN).start();
    let holding = || Sandbox::new().with("CUSTOM_KEY", TOKEN);
    let quick: &[&str] = &["--timeout", "5s"];
    let cases: Vec<(&str, Sandbox, &[&str])> = vec![
        ("not-attached", declared(), &[]),
        ("not-attached", declared().with("MINE", ""), &[]),
        ("pipeline", Sandbox::new().with("CO_PIPELINE_ID", "p"), &[]),
        ("not-found", declared().with("MINE", "something else"), &[]),
        ("not-found", Sandbox::new(), &[]),
        ("malformed", Sandbox::new().with("CODEOCEAN_TOKEN", "a\nb"), &[]),
        ("ambiguous", Sandbox::new().with("FOO", TOKEN).with("BAR", OTHER), &[]),
        ("rejected", holding().at(&rejecting), &[]),
        ("scope-missing", holding().at(&poor), &[]),
        ("not-a-deployment", holding().at(&html), &[]),
        ("server", holding().at(&failing), quick),
        ("too-many-requests", holding().at(&busy), quick),
        ("timeout", holding().with("CODEOCEAN_DOMAIN", "http://127.0.0.1:1"), &[]),
        ("no-deployment", holding(), &[]),
        ("bad-deployment", holding().with("CODEOCEAN_DOMAIN", "http://co.example.org"), &[]),
        ("slot-file", holding().at(&good).file("capsule/.codeocean/secrets.json", "{"), &[]),
        ("shadowed", holding().at(&good).with("ZZZ", OTHER), &[]),
        ("trimmed", Sandbox::new().with("CUSTOM_KEY", format!("'{TOKEN}'")).at(&good), &[]),
        ("unreadable", Sandbox::new().file("mount/secrets", "'"), &[]),
    ];
    for (cause, world, args) in cases {
        // Nothing listens on port 1 of loopback: refused, not silent.
        let cause = if cause == "timeout" { "connection" } else { cause };
        let found = causes(&world, args);
        assert!(found.iter().any(|found| found == cause), "{cause} is not among {found:?}");
        let text = world.run(["doctor"].iter().chain(args));
        assert!(
            text.out.contains(&format!("  {cause}: ")) && (cause == "slot-file" || text.out.contains("hint: ")),
            "{text:?}"
        );
    }
    assert_eq!(causes(&holding().at(&good), &[]), Vec::<String>::new());
    assert!(holding().at(&good).run(["doctor"]).expect(0).out.contains("no problem found"));
}

#[test]
fn doctor_warns_about_an_unused_credentials_file_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let good = Plan::with_token(TOKEN).start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&good).credentials(&good.url(), OTHER);
    let path = world.path("home/.codeocean/credentials.json");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o604)).unwrap();
    assert_eq!(causes(&world, &[]), ["readable-by-others", "shadowed"]);
}

#[test]
fn usage_errors_do_not_repeat_what_was_typed() {
    let world = Sandbox::new();
    for args in [
        &[TOKEN][..],
        &["token", TOKEN],
        &["token", "hunter2-without-shape"],
        &["token", "--nonsense=hunter2-without-shape"],
        &["env", "--format", "hunter2-without-shape"],
        &["check", "--need", TOKEN],
        &["check", "--wait", "hunter2-without-shape"],
        &["token", "--timeout", TOKEN],
        &["token", "--verify", TOKEN],
        &["token", "--offline", "--verify", "auto"],
        &["token", "--token-file", "a", "--token-env", TOKEN],
        &["exec"],
        &["exec", "--as", TOKEN, "--", "true"],
        &["man", TOKEN],
        &["completions", TOKEN],
        &[&format!("--{TOKEN}")],
    ] {
        let ran = world.run(args);
        assert!(ran.code == 2 || (args[0] == "exec" && ran.code == 125), "{args:?}: {ran:?}");
        let said = ran.out + &ran.err;
        assert!(!said.contains(&TOKEN[4..]) && !said.contains("hunter2"), "{said}");
        assert!(said.contains("hint: "), "{said}");
    }
    let ran = world.run(["chek"]).expect(2);
    assert!(ran.err.contains("did you mean check?"), "{ran:?}");
    let ran = world.run(["env", "--format", "x"]).expect(2);
    assert!(ran.err.contains("powershell"), "{ran:?}");
}

#[test]
fn durations_are_parsed_in_common_forms() {
    let deployment = Plan::with_token(TOKEN).start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    for typed in ["5", "5s", "1m", "1m 30s", "2h", "500ms"] {
        world.run(["check", "--timeout", typed]).expect(0);
    }
    for typed in ["", "0", "-5s", "5 parsecs", "2d 1h", "99999999999999999999"] {
        world.run(["check", &format!("--timeout={typed}")]).expect(2);
    }
}

#[test]
fn help_has_examples_and_shows_no_value() {
    let world = Sandbox::new().with("CO_CRED_TOKEN_FILE", "/secret/place").with("CODEOCEAN_TOKEN", TOKEN);
    for args in
        [&["--help"][..], &["-h"], &["exec", "--help"], &["check", "-h"], &["env", "--help"], &["doctor", "--help"]]
    {
        let ran = world.run(args).expect(0);
        assert!(
            ran.out.contains("Usage: co-cred") && !ran.out.contains("/secret") && !ran.out.contains(TOKEN),
            "{ran:?}"
        );
    }
    assert_eq!(world.run(["--version"]).expect(0).out, format!("co-cred {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn an_unchecked_scope_does_not_count_as_granted() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN);
    world.run(["check", "--offline", "--need", "capsule:read"]).expect(2);
    world.run(["check", "--verify", "auto", "--need", "capsule:read"]).expect(3);
}

#[test]
fn check_follows_the_verify_mode() {
    let homeless = Sandbox::new().with("CUSTOM_KEY", TOKEN);
    let closed = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "http://127.0.0.1:9");
    for (world, strict, verdict) in [(homeless, 3, "unchecked"), (closed, 5, "unreachable")] {
        world.run(["check"]).expect(strict);
        let ran = world.run(["check", "--verify", "auto"]).expect(0);
        assert!(ran.err.starts_with("co-cred: warning: ") && ran.err.lines().count() == 1, "{ran:?}");
        assert_eq!(world.run(["check", "--verify", "auto", "--json"]).expect(0).json()["verdict"], verdict);
    }
}

#[test]
fn doctor_shows_a_source_for_another_deployment() {
    let world =
        Sandbox::new().credentials("https://one.example.org", TOKEN).with("CODEOCEAN_DOMAIN", "two.example.org");
    let out = world.run(["doctor", "--offline"]).expect(3).out;
    assert!(out.contains("credentials.json is for https://one.example.org"), "{out}");
}

#[test]
fn doctor_shows_the_sources_if_the_deployment_cannot_be_used() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "http://co.example.org");
    assert!(world.run(["doctor", "--offline"]).expect(2).out.contains("from CUSTOM_KEY"));
}

#[test]
fn completions_and_manual_pages_are_generated() {
    let world = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(world.run(["completions", shell]).expect(0).out.contains("co-cred"));
    }
    world.shell("bash", "source <(co-cred completions bash) && complete -p co-cred").expect(0);
    for page in ["exec", "token", "env", "check", "status", "doctor"] {
        let ran = world.run(["man", page]).expect(0);
        assert!(ran.out.contains(".TH") && ran.out.contains("co\\-cred"), "{ran:?}");
    }
    assert!(world.run(["man"]).expect(0).out.contains(".SH NAME"));
}

#[test]
fn only_terminals_get_colour() {
    // `script` gives it a terminal.
    if !crate::support::sandbox::has("script") {
        return;
    }
    let run = |world: &Sandbox| world.shell("sh", "script -qec 'co-cred token' /dev/null").out;
    assert!(run(&Sandbox::new()).contains("\x1b[1;31merror:"), "{:?}", run(&Sandbox::new()));
    assert!(!run(&Sandbox::new().with("NO_COLOR", "1")).contains('\x1b'));
    assert!(run(&Sandbox::new().with("NO_COLOR", "")).contains('\x1b'));
    assert!(!Sandbox::new().spawn(["token"]).err.contains('\x1b'));
}

#[test]
fn a_foreign_server_cannot_control_the_terminal() {
    let account = Account { email: format!("\x1b]0;owned\x07{TOKEN}\n@example.org"), ..Account::new(TOKEN) };
    let deployment = Plan::default().account(account).start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    for args in [&["status"][..], &["status", "--json"], &["doctor"]] {
        let ran = world.run(args).expect(0);
        assert!(!ran.out.contains('\x1b') && !ran.out.contains(&TOKEN[4..]), "{ran:?}");
    }
}

#[test]
fn a_closed_pipe_is_a_success() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN);
    for command in
        ["token --offline", "completions bash", "man", "status --offline", "doctor --offline", "env --offline"]
    {
        let ran = world.shell("bash", &format!("co-cred {command} | true; echo ${{PIPESTATUS[0]}}"));
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("0\n", ""), "{command}");
    }
    let ran = world.shell("bash", "co-cred token --offline > /dev/full").expect(1);
    assert!(ran.err.contains("cannot be written"), "{ran:?}");
}

#[test]
fn no_command_waits_for_input_that_it_does_not_need() {
    let start = Instant::now();
    Sandbox::new().with("CUSTOM_KEY", TOKEN).run(["check", "--offline", "--wait", "60s"]).expect(0);
    assert!(start.elapsed() < Duration::from_secs(2));
}
