//! A token that is renewed while a command runs is a token to the mask and the gate of that run; one that is too short for
//! them is refused.

use fake_deployment::{Account, Plan};

use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

/// A world whose token comes from a file, at a deployment that accepts both tokens.
fn world() -> (fake_deployment::Deployment, Sandbox) {
    let deployment = Plan::default().account(Account::new(TOKEN)).account(Account::new(OTHER)).start();
    let world = Sandbox::new().at(&deployment).file("mount/co", TOKEN).file("work/out/result", "nothing");
    (deployment, world)
}

/// The command writes the other token where the first one came from, and prints and keeps it.
const RENEW: &str = "unset CODEOCEAN_TOKEN; printf %s $OTHER > $MOUNT/co; co-cred token; co-cred token | base64; cat $MOUNT/co; co-cred token > out/kept";

#[test]
fn what_sources_hold_by_now_is_masked_and_found() {
    let (_deployment, world) = world();
    let mount = world.path("mount");
    let world = world.with("MOUNT", mount);
    let script = format!("co-cred exec --clean --mask --gate out -- sh -c '{}'", RENEW.replace("$OTHER", OTHER));
    let ran = world.shell("sh", &script).expect(9);
    assert_eq!(ran.out.matches("***").count(), 3, "{ran:?}");
    assert!(!ran.out.contains(&OTHER[4..]) && !ran.err.contains(&OTHER[4..]), "{ran:?}");
    assert!(ran.err.contains("out/kept"), "{ran:?}");
}

#[test]
fn the_gate_alone_finds_it_too() {
    let (_deployment, world) = world();
    let mount = world.path("mount");
    let world = world.with("MOUNT", mount);
    let script = format!("co-cred exec --gate out -- sh -c '{}'", RENEW.replace("$OTHER", OTHER));
    let ran = world.shell("sh", &script).expect(9);
    assert!(ran.err.contains("out/kept"), "{ran:?}");
}

#[test]
fn what_an_agent_holds_by_now_is_masked_and_found() {
    let (_deployment, world) = world();
    let mount = world.path("mount");
    let world = world.with("MOUNT", mount);
    let wait = format!("printf %s {OTHER} > $MOUNT/co; until co-cred token | grep -q {OTHER}; do sleep 0.02; done");
    let script = format!(
        "eval \"$(co-cred agent)\"; unset CO_CRED_SECRETS_DIR
         co-cred exec --mask --gate out -- sh -c '{wait}; co-cred token; co-cred token > out/kept'; code=$?
         eval \"$(co-cred agent stop)\"; exit $code"
    );
    let ran = world.shell("sh", &script).expect(9);
    assert!(ran.out.contains("***") && !ran.out.contains(&OTHER[4..]), "{ran:?}");
}

#[test]
fn a_token_that_is_too_short_to_be_found_is_refused() {
    for (token, code) in [("cop_1234567", 125), ("short", 125), ("cop_12345678", 0)] {
        let world = Sandbox::new().with("CODEOCEAN_TOKEN", token).file("work/out/x", "");
        for way in [&["--mask"][..], &["--gate", "out"], &["--mask", "--gate", "out"]] {
            let ran = world.spawn([&["exec", "--offline"], way, &["--", "true"]].concat()).expect(code);
            assert_eq!(ran.err.contains("fewer than 12 characters"), code == 125, "{token}: {ran:?}");
        }
        world.spawn(["exec", "--offline", "--", "true"]).expect(0);
    }
}

/// A password manager is asked again where the output holds what may be a token of its.
#[test]
fn what_a_token_command_prints_by_now_is_masked_and_found() {
    let world = Sandbox::new().with("CODEOCEAN_DOMAIN", "https://localhost:9");
    let (secret, out) = (world.path("work/secret"), world.path("work/out"));
    let config = format!(
        "[[deployment]]\ndomain = \"https://localhost:9\"\ntoken_command = [\"cat\", \"{}\"]\n",
        secret.display()
    );
    let world =
        world.file("home/.config/co-cred/config.toml", config).file("work/secret", TOKEN).file("work/out/x", "");
    let script = format!(
        "co-cred exec --offline --mask --gate {} -- sh -c 'unset CODEOCEAN_TOKEN; printf %s {OTHER} > secret; co-cred token --offline; cp secret out/kept'",
        out.display()
    );
    let ran = world.shell("sh", &script).expect(9);
    assert_eq!(ran.out, "***\n", "{ran:?}");
}

/// A value without the shape of a token is one as well where its name says so.
#[test]
fn a_renewed_token_without_the_shape_of_one_is_masked() {
    let (first, second) = ("plain-secret-number-1", "plain-secret-number-2");
    let world = Sandbox::new().with("CODEOCEAN_DOMAIN", "https://localhost:9").file("mount/CODEOCEAN_TOKEN", first);
    let mount = world.path("mount");
    let world = world.with("MOUNT", mount);
    let renew =
        format!("cat $MOUNT/CODEOCEAN_TOKEN; sleep 1; printf %s {second} > $MOUNT/CODEOCEAN_TOKEN; cat $MOUNT/*");
    let ran = world.shell("sh", &format!("co-cred exec --offline --mask -- sh -c '{renew}'")).expect(0);
    assert_eq!(ran.out, "******", "{ran:?}");
}

/// One that was there for a while, and is not any more, is found in what was kept meanwhile.
#[test]
fn a_token_that_came_and_went_is_found() {
    let (_deployment, world) = world();
    let mount = world.path("mount");
    let world = world.with("MOUNT", mount);
    let script = format!(
        "printf %s {OTHER} > $MOUNT/co; cp $MOUNT/co out/kept; sleep 4; printf %s {TOKEN} > $MOUNT/co; echo $CODEOCEAN_DOMAIN"
    );
    let ran = world.shell("sh", &format!("co-cred exec --gate out -- sh -c '{script}'")).expect(9);
    assert!(ran.err.contains("out/kept"), "{ran:?}");
}

/// `scan` cannot find it either, and does not say that no token is there.
#[test]
fn scan_refuses_a_token_that_is_too_short_to_be_found() {
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", "short77").file("work/out/x", "y short77 z");
    for way in [&["scan", "out"][..], &["scan", "--strict", "out"], &["scan", "--json", "out"]] {
        let ran = world.spawn(way).expect(2);
        assert!(ran.err.contains("fewer than 12 characters") && ran.out.is_empty(), "{ran:?}");
    }
}

/// Another one that is seen here is no reason to run nothing, but it is told.
#[test]
fn another_token_that_is_too_short_is_told() {
    let world = Sandbox::new()
        .with("CODEOCEAN_TOKEN", TOKEN)
        .credentials("https://localhost:9", "short77")
        .file("work/out/x", "");
    for way in [&["--mask"][..], &["--gate", "out"]] {
        let ran = world.spawn([&["exec", "--offline"], way, &["--", "true"]].concat()).expect(0);
        assert!(ran.err.contains("fewer than 12 characters"), "{ran:?}");
    }
}

/// A program that renews the token without end does not fill the memory, and nothing is kept quiet about it.
#[test]
fn tokens_without_end_are_told() {
    let world = Sandbox::new().with("CODEOCEAN_DOMAIN", "https://localhost:9").file("mount/co", TOKEN);
    let mount = world.path("mount");
    let world = world.with("MOUNT", mount);
    let many = "for round in 1 2; do for i in {100..899}; do printf %s cop_Qa7wXs2e$round$i > $MOUNT/co$i; done; \
                cat $MOUNT/co500; sleep 2; done";
    let ran =
        world.shell("bash", &format!("co-cred exec --offline --mask -- bash -c '{many}' > /dev/null")).expect(125);
    assert!(ran.err.contains("more than 1000 tokens"), "{ran:?}");
}

/// Tokens that are not used are no less to be masked: of another deployment, of another account, beside what is broken.
#[test]
fn every_token_that_is_here_is_masked() {
    let (third, fourth) = ("cop_Hn4kPq8sWz2v", "plain-but-named-1");
    let world = Sandbox::new()
        .with("CODEOCEAN_DOMAIN", "https://localhost:9")
        .with("CODEOCEAN_TOKEN", TOKEN)
        .with("CODEOCEAN_API_TOKEN", fourth)
        .credentials("https://other.example.org", third)
        .file("mount/one", OTHER)
        .file("mount/two", TOKEN)
        .file("mount/secrets", "export BROKEN='");
    let script = "cat ~/.codeocean/credentials.json $MOUNT/one $MOUNT/two; echo; echo $CODEOCEAN_API_TOKEN";
    let mount = world.path("mount");
    let ran = world
        .with("MOUNT", mount)
        .shell("sh", &format!("co-cred exec --offline --token-env CODEOCEAN_TOKEN --mask -- sh -c '{script}'"));
    assert_eq!(ran.out.matches("***").count(), 4, "{ran:?}");
    for token in [TOKEN, OTHER, third, fourth] {
        assert!(!ran.out.contains(token), "{token}: {ran:?}");
    }
}
