//! A token that is renewed while a command runs is a token to the mask and the gate of that run; one that is too short for
//! them is refused.

use stand_in::{Account, Plan};

use super::world::{OTHER, TOKEN, World};

/// A world whose token comes from a file, at a deployment that accepts both tokens.
fn world() -> (stand_in::Deployment, World) {
    let deployment = Plan::default().account(Account::new(TOKEN)).account(Account::new(OTHER)).start();
    let world = World::new().at(&deployment).file("mount/co", TOKEN).file("work/out/result", "nothing");
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
        let world = World::new().with("CODEOCEAN_TOKEN", token).file("work/out/x", "");
        for way in [&["--mask"][..], &["--gate", "out"], &["--mask", "--gate", "out"]] {
            let ran = world.spawn([&["exec", "--offline"], way, &["--", "true"]].concat()).expect(code);
            assert_eq!(ran.err.contains("fewer than 12 characters"), code == 125, "{token}: {ran:?}");
        }
        world.spawn(["exec", "--offline", "--", "true"]).expect(0);
    }
}
