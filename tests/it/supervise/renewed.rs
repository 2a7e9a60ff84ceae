//! A token that is renewed while a command runs is masked, and found by the gate; a token that is too short for that is
//! refused.

use fake_deployment::{Account, Plan};

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

/// A sandbox whose token comes from a file, at a deployment that accepts both tokens.
fn sandbox() -> (fake_deployment::Deployment, Sandbox) {
    let deployment = Plan::default().account(Account::new(TOKEN)).account(Account::new(OTHER)).start();
    let sandbox = Sandbox::new().at(&deployment).file("mount/co", TOKEN).file("work/out/result", "nothing");
    (deployment, sandbox)
}

/// The command replaces the token in its file by the other one, prints that, and writes it to the gated folder.
const RENEW: &str = "unset CODEOCEAN_TOKEN; printf %s $OTHER > $MOUNT/co; co-cred token; co-cred token | base64; cat $MOUNT/co; co-cred token > out/kept";

#[test]
fn renewed_token_of_a_file_is_masked_and_found() {
    let (_deployment, sandbox) = sandbox();
    let mount = sandbox.path("mount");
    let sandbox = sandbox.with("MOUNT", mount);
    let script = format!("co-cred exec --clean --mask --gate out -- sh -c '{}'", RENEW.replace("$OTHER", OTHER));
    let ran = sandbox.shell("sh", &script).expect(9);
    assert_eq!(ran.out.matches("***").count(), 3, "{ran:?}");
    assert!(!ran.out.contains(&OTHER[4..]) && !ran.err.contains(&OTHER[4..]), "{ran:?}");
    assert!(ran.err.contains("out/kept"), "{ran:?}");
}

#[test]
fn gate_alone_finds_a_renewed_token() {
    let (_deployment, sandbox) = sandbox();
    let mount = sandbox.path("mount");
    let sandbox = sandbox.with("MOUNT", mount);
    let script = format!("co-cred exec --gate out -- sh -c '{}'", RENEW.replace("$OTHER", OTHER));
    let ran = sandbox.shell("sh", &script).expect(9);
    assert!(ran.err.contains("out/kept"), "{ran:?}");
}

#[test]
fn renewed_token_of_an_agent_is_masked_and_found() {
    let (_deployment, sandbox) = sandbox();
    let mount = sandbox.path("mount");
    let sandbox = sandbox.with("MOUNT", mount);
    let wait = format!("printf %s {OTHER} > $MOUNT/co; until co-cred token | grep -q {OTHER}; do sleep 0.02; done");
    let script = format!(
        "eval \"$(co-cred agent)\"; unset CO_CRED_SECRETS_DIR
         co-cred exec --mask --gate out -- sh -c '{wait}; co-cred token; co-cred token > out/kept'; code=$?
         eval \"$(co-cred agent stop)\"; exit $code"
    );
    let ran = sandbox.shell("sh", &script).expect(9);
    assert!(ran.out.contains("***") && !ran.out.contains(&OTHER[4..]), "{ran:?}");
}

#[test]
fn exec_refuses_a_token_that_is_too_short() {
    for (token, code) in [("cop_1234567", 125), ("short", 125), ("cop_12345678", 0)] {
        let sandbox = Sandbox::new().with("CODEOCEAN_TOKEN", token).file("work/out/x", "");
        for options in [&["--mask"][..], &["--gate", "out"], &["--mask", "--gate", "out"]] {
            let ran = sandbox.spawn([&["exec", "--offline"], options, &["--", "true"]].concat()).expect(code);
            assert_eq!(ran.err.contains("fewer than 12 characters"), code == 125, "{token}: {ran:?}");
        }
        sandbox.spawn(["exec", "--offline", "--", "true"]).expect(0);
    }
}

/// The token command runs again when the output holds what may be a token.
#[test]
fn renewed_token_of_a_command_is_masked_and_found() {
    let sandbox = Sandbox::new().with("CODEOCEAN_DOMAIN", "https://localhost:9");
    let (secret, out) = (sandbox.path("work/secret"), sandbox.path("work/out"));
    let config = format!(
        "[[deployment]]\ndomain = \"https://localhost:9\"\ntoken_command = [\"cat\", \"{}\"]\n",
        secret.display()
    );
    let sandbox =
        sandbox.file("home/.config/co-cred/config.toml", config).file("work/secret", TOKEN).file("work/out/x", "");
    let script = format!(
        "co-cred exec --offline --mask --gate {} -- sh -c 'unset CODEOCEAN_TOKEN; printf %s {OTHER} > secret; co-cred token --offline; cp secret out/kept'",
        out.display()
    );
    let ran = sandbox.shell("sh", &script).expect(9);
    assert_eq!(ran.out, "***\n", "{ran:?}");
}

/// The token command may be slow: only a word that begins as tokens do runs it, and each such word only once.
#[test]
fn token_command_runs_only_for_words_that_may_be_a_token() {
    let sandbox = Sandbox::new().with("CODEOCEAN_DOMAIN", "https://localhost:9");
    let runs = sandbox.path("work/runs");
    let config = format!(
        "[[deployment]]\ndomain = \"https://localhost:9\"\ntoken_command = [\"sh\", \"-c\", \"echo >> {}; echo {TOKEN}\"]\n",
        runs.display()
    );
    let sandbox = sandbox.file("home/.config/co-cred/config.toml", config);
    let runs_of = |word: &str| {
        let _ = std::fs::remove_file(&runs);
        let script = format!("for i in $(seq 100 140); do echo {word}$i; sleep 0.02; done");
        sandbox.shell("sh", &format!("co-cred exec --offline --mask -- sh -c '{script}'")).expect(0);
        std::fs::read_to_string(&runs).unwrap().lines().count()
    };
    assert_eq!(runs_of("/opt/scop_tools/run"), 1, "before the command starts");
    let script = "for i in 1 2 3 4 5; do echo cop_Hn4kPq8s100; sleep 0.05; done";
    let _ = std::fs::remove_file(&runs);
    sandbox.shell("sh", &format!("co-cred exec --offline --mask -- sh -c '{script}'")).expect(0);
    assert_eq!(
        std::fs::read_to_string(&runs).unwrap().lines().count(),
        2,
        "before the command starts, and at the word"
    );
}

/// Each new word that may be a token is looked up at once, however short the time since the last one.
#[test]
fn token_renewed_right_after_another_look_is_masked() {
    let config =
        "[[deployment]]\ndomain = \"https://localhost:9\"\ntoken_command = [\"sh\", \"-c\", \"cat $HOME/token\"]\n";
    let sandbox = Sandbox::new()
        .with("CODEOCEAN_DOMAIN", "https://localhost:9")
        .file("home/.config/co-cred/config.toml", config)
        .file("home/token", TOKEN);
    let script = format!("echo cop_Hn4kPq8s100; printf %s {OTHER} > $HOME/token; cat $HOME/token");
    let ran = sandbox.shell("sh", &format!("co-cred exec --offline --mask -- sh -c '{script}'")).expect(0);
    assert_eq!(ran.out, "cop_Hn4kPq8s100\n***", "{ran:?}");
}

/// A value that does not look like a token is one where its name says so.
#[test]
fn renewed_token_without_the_usual_prefix_is_masked() {
    let (first, second) = ("plain-secret-number-1", "plain-secret-number-2");
    let sandbox = Sandbox::new().with("CODEOCEAN_DOMAIN", "https://localhost:9").file("mount/CODEOCEAN_TOKEN", first);
    let mount = sandbox.path("mount");
    let sandbox = sandbox.with("MOUNT", mount);
    let renew =
        format!("cat $MOUNT/CODEOCEAN_TOKEN; sleep 1; printf %s {second} > $MOUNT/CODEOCEAN_TOKEN; cat $MOUNT/*");
    let ran = sandbox.shell("sh", &format!("co-cred exec --offline --mask -- sh -c '{renew}'")).expect(0);
    assert_eq!(ran.out, "******", "{ran:?}");
}

/// The file holds it for some seconds only.
#[test]
fn token_that_was_replaced_again_is_found() {
    let (_deployment, sandbox) = sandbox();
    let mount = sandbox.path("mount");
    let sandbox = sandbox.with("MOUNT", mount);
    let script = format!(
        "printf %s {OTHER} > $MOUNT/co; cp $MOUNT/co out/kept; sleep 4; printf %s {TOKEN} > $MOUNT/co; echo $CODEOCEAN_DOMAIN"
    );
    let ran = sandbox.shell("sh", &format!("co-cred exec --gate out -- sh -c '{script}'")).expect(9);
    assert!(ran.err.contains("out/kept"), "{ran:?}");
}

/// `scan` cannot find it either, and does not report that there is no token.
#[test]
fn scan_refuses_a_token_that_is_too_short() {
    let sandbox = Sandbox::new().with("CODEOCEAN_TOKEN", "short77").file("work/out/x", "y short77 z");
    for args in [&["scan", "out"][..], &["scan", "--strict", "out"], &["scan", "--json", "out"]] {
        let ran = sandbox.spawn(args).expect(2);
        assert!(ran.err.contains("fewer than 12 characters") && ran.out.is_empty(), "{ran:?}");
    }
}

/// A token that is not used does not keep the command from running.
#[test]
fn another_token_that_is_too_short_is_reported() {
    let sandbox = Sandbox::new()
        .with("CODEOCEAN_TOKEN", TOKEN)
        .credentials("https://localhost:9", "short77")
        .file("work/out/x", "");
    for options in [&["--mask"][..], &["--gate", "out"]] {
        let ran = sandbox.spawn([&["exec", "--offline"], options, &["--", "true"]].concat()).expect(0);
        assert!(ran.err.contains("fewer than 12 characters"), "{ran:?}");
    }
}

/// A program that renews the token without end does not fill the memory, and the run fails.
#[test]
fn too_many_tokens_are_reported() {
    let sandbox = Sandbox::new().with("CODEOCEAN_DOMAIN", "https://localhost:9").file("mount/co", TOKEN);
    let mount = sandbox.path("mount");
    let sandbox = sandbox.with("MOUNT", mount);
    let many = "for round in 1 2; do for i in {100..899}; do printf %s cop_Qa7wXs2e$round$i > $MOUNT/co$i; done; \
                cat $MOUNT/co500; sleep 2; done";
    let ran =
        sandbox.shell("bash", &format!("co-cred exec --offline --mask -- bash -c '{many}' > /dev/null")).expect(125);
    assert!(ran.err.contains("more than 100 tokens"), "{ran:?}");
}

/// Tokens that are not used are masked too: of another deployment, of another account, beside an unreadable file.
#[test]
fn tokens_of_every_source_are_masked() {
    let (third, fourth) = ("cop_Hn4kPq8sWz2v", "plain-but-named-1");
    let sandbox = Sandbox::new()
        .with("CODEOCEAN_DOMAIN", "https://localhost:9")
        .with("CODEOCEAN_TOKEN", TOKEN)
        .with("CODEOCEAN_API_TOKEN", fourth)
        .credentials("https://other.example.org", third)
        .file("mount/one", OTHER)
        .file("mount/two", TOKEN)
        .file("mount/secrets", "export BROKEN='");
    let script = "cat ~/.codeocean/credentials.json $MOUNT/one $MOUNT/two; echo; echo $CODEOCEAN_API_TOKEN";
    let mount = sandbox.path("mount");
    let ran = sandbox
        .with("MOUNT", mount)
        .shell("sh", &format!("co-cred exec --offline --token-env CODEOCEAN_TOKEN --mask -- sh -c '{script}'"));
    assert_eq!(ran.out.matches("***").count(), 4, "{ran:?}");
    for token in [TOKEN, OTHER, third, fourth] {
        assert!(!ran.out.contains(token), "{token}: {ran:?}");
    }
}

/// What the command wrote may be a token that the source had for a moment, so the gate must not pass.
#[test]
fn gate_fails_where_a_source_cannot_be_read_any_more() {
    let domain = "https://localhost:9";
    for (breaks, why) in [
        ("rm secret", "token_command"),
        ("mkdir mount; echo \"export A='\" > mount/secrets", "ends inside a quoted string"),
        ("echo [[ > ~/.config/co-cred/config.toml", "config.toml"),
    ] {
        let sandbox = Sandbox::new().with("CODEOCEAN_DOMAIN", domain);
        let (secret, mount) = (sandbox.path("work/secret"), sandbox.path("work/mount"));
        let config =
            format!("[[deployment]]\ndomain = \"{domain}\"\ntoken_command = [\"cat\", \"{}\"]\n", secret.display());
        let sandbox = sandbox
            .with("CO_CRED_SECRETS_DIR", mount)
            .file("home/.config/co-cred/config.toml", config)
            .file("work/secret", TOKEN)
            .file("work/out/x", "");
        let exec = "co-cred exec --offline --gate out -- sh -c";
        sandbox.shell("sh", &format!("{exec} true")).expect(0);
        let script = format!("echo {OTHER} > secret; cp secret out/kept; {}", breaks.replace('\'', "'\\''"));
        let ran = sandbox.shell("sh", &format!("{exec} '{script}'")).expect(125);
        assert!(ran.err.contains("a token that was not searched for") && ran.err.contains(why), "{breaks}: {ran:?}");
    }
}

/// A token that is known is reported all the same, and so is what is wrong with a mount whose token is in use.
#[test]
fn gate_reports_both_a_leak_and_a_source_that_broke() {
    let (_deployment, sandbox) = sandbox();
    let mount = sandbox.path("mount");
    let sandbox = sandbox.with("MOUNT", mount);
    let breaks = "echo \"export A=\\\"\" > $MOUNT/secrets; echo $CODEOCEAN_DOMAIN";
    let exec = "co-cred exec --gate out -- sh -c";
    let ran = sandbox.shell("sh", &format!("{exec} 'cp $MOUNT/co out/kept; {breaks}'")).expect(9);
    assert!(ran.err.contains("out/kept") && ran.err.contains("ends inside a quoted string"), "{ran:?}");
}

/// A source that was broken before, and is not the one in use, is no news.
#[test]
fn gate_passes_beside_a_source_that_was_broken_before() {
    let sandbox = Sandbox::new()
        .with("CODEOCEAN_DOMAIN", "https://localhost:9")
        .with("CODEOCEAN_TOKEN", TOKEN)
        .file("mount/secrets", "export BROKEN='")
        .file("work/out/x", "");
    sandbox.spawn(["exec", "--offline", "--gate", "out", "--", "true"]).expect(0);
}
