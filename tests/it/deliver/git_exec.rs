//! Git under `exec --git`: clone, fetch and push without any setup, with the configuration that exists already.

use std::path::Path;

use fake_deployment::Plan;

use crate::support::git::{capsule, exec_git, known};
use crate::support::sandbox::{OTHER, TOKEN, has};

#[test]
fn clone_fetch_and_push_work_in_a_capsule_without_setup() {
    if !has("git") {
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().git().start();
    // Every Git that is here: some machines have two.
    let others = ["/usr/bin/git", "/usr/local/bin/git"].into_iter().filter(|git| Path::new(git).exists());
    for git in std::iter::once("git").chain(others) {
        let world = capsule(&deployment, &[]);
        let run = |args: &[&str]| world.spawn([&["exec", "--git", "--", git], args].concat()).expect(0);
        run(&["clone", "-q", &deployment.clone_url(), "clone"]);
        assert!(world.path("work/clone/code/run").exists());
        run(&["-C", "clone", "commit", "-q", "--allow-empty", "-m", "again"]);
        run(&["-C", "clone", "push", "-q"]);
        run(&["-C", "clone", "fetch", "-q"]);
        let ours = world.git(&["-C", "clone", "rev-parse", "HEAD"]).expect(0).out;
        let theirs = world.git(&["-C", deployment.repository().to_str().unwrap(), "rev-parse", "master"]).out;
        assert_eq!(ours, theirs, "{git}");
        // Nothing is left for a Git that does not run under `exec`.
        assert_ne!(world.git(&["-C", "clone", "fetch", "-q"]).code, 0);
        assert!(!world.git(&["-C", "clone", "config", "--list"]).out.contains(TOKEN));
    }
}

#[test]
fn messages_of_the_platform_reach_the_user() {
    if !has("git") {
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().uncommitted().start();
    let world = capsule(&deployment, &[]);
    exec_git(&world, &["clone", "-q", &deployment.clone_url(), "clone"]).expect(0);
    world.git(&["-C", "clone", "commit", "-q", "--allow-empty", "-m", "again"]).expect(0);
    let ran = exec_git(&world, &["-C", "clone", "push", "-q"]);
    assert!(ran.code != 0 && ran.err.contains("uncommitted changes in the Code Ocean IDE"), "{ran:?}");
    let world = world.with("CODEOCEAN_EMAIL", "someone.else@example.org");
    let ran = exec_git(&world, &["-C", "clone", "fetch", "-q"]);
    assert!(ran.err.contains("user not found"), "{ran:?}");
    // `exec` sets CODEOCEAN_TOKEN: the user has set CUSTOM_KEY, so the message names neither.
    assert!(ran.err.contains("refused the user or this command's token"), "{ran:?}");
    assert!(!ran.err.contains(TOKEN));
}

#[test]
fn generated_pipelines_that_clear_the_helpers_can_clone() {
    if !has("git") {
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().git().start();
    let world = capsule(&deployment, &[]);
    for url in [deployment.clone_url(), deployment.clone_url().replace("https://", "https://ada%40example.org@")] {
        let args = ["-c", "credential.helper=", "clone", "-q", &url, "clone"];
        exec_git(&world, &args).expect(0);
        std::fs::remove_dir_all(world.path("work/clone")).unwrap();
    }
}

#[test]
fn existing_configuration_in_variables_is_kept() {
    if !has("git") {
        return;
    }
    let world = known().with("GIT_CONFIG_COUNT", "1").with("GIT_CONFIG_KEY_0", "user.name");
    let world = world.with("GIT_CONFIG_VALUE_0", "Grace");
    let ran = world.spawn(["exec", "--git", "--offline", "--", "git", "config", "user.name"]).expect(0);
    assert_eq!(ran.out, "Grace\n");
}

#[test]
fn the_helper_uses_the_token_that_exec_chose() {
    if !has("git") {
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().git().start();
    // Two tokens with the same claim: the option decides, for the helper below as well.
    let world = capsule(&deployment, &[]).with("CODEOCEAN_API_TOKEN", OTHER).file("work/token", OTHER);
    let file = world.path("work/token");
    let world = world.with("CO_CRED_TOKEN_FILE", file);
    let url = deployment.clone_url();
    world.spawn(["exec", "--git", "--token-env", "CUSTOM_KEY", "--", "git", "clone", "-q", &url, "x"]).expect(0);
}
