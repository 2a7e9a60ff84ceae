//! Pipelines that Code Ocean generated, as they run outside of it: their `main.nf` clones capsules with `GIT_ACCESS_TOKEN` and
//! `GIT_HOST`.

use fake_deployment::Plan;

use crate::support::git::capsule;
use crate::support::sandbox::{Ran, Sandbox, TOKEN, has};

const SHOW: &str = "echo \"${GIT_ACCESS_TOKEN-unset} ${GIT_HOST-unset}\"";

fn shown(world: &Sandbox) -> String {
    world.spawn(["exec", "--git", "--offline", "--", "sh", "-c", SHOW]).expect(0).out
}

fn world(domain: &str) -> Sandbox {
    Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).with("CODEOCEAN_DOMAIN", domain)
}

#[test]
fn main_nf_clones_with_the_token_in_no_argument() {
    if !has("git") {
        return;
    }
    let deployment = Plan::with_token(TOKEN).tls().git().start();
    let world = capsule(&deployment, &[]);
    // As in a generated main.nf; what is typed is in the command's arguments.
    let script = "set -eu; git -c credential.helper= clone -q \"https://$GIT_ACCESS_TOKEN@$GIT_HOST/capsule-1234567.git\" repo; \
                  case $GIT_ACCESS_TOKEN in *cop_*) exit 3 ;; esac";
    world.spawn(["exec", "--git", "--", "sh", "-c", script]).expect(0);
    assert!(world.path("work/repo/code/run").exists());
    let ran: Ran = world.spawn(["exec", "--git", "--", "sh", "-c", SHOW]).expect(0);
    assert_eq!(ran.out, format!("ada%40example.org {}\n", &deployment.url()["https://".len()..]));
    // The e-mail came with the verdict: nothing more was asked.
    assert_eq!(deployment.seen().iter().filter(|seen| seen.request.contains("/api/")).count(), 1);
}

#[test]
fn the_host_is_that_of_the_clone_urls() {
    for (domain, host) in [
        ("co.example.org", "co.example.org"),
        ("https://co.example.org:8443", "co.example.org:8443"),
        ("https://codeocean.com", "git.codeocean.com"),
        ("https://acme.codeocean.com/", "acme.codeocean.com"),
        ("https://[::1]:8443", "[::1]:8443"),
    ] {
        let world = world(domain).with("CODEOCEAN_EMAIL", "ada+nf@example.org");
        assert_eq!(shown(&world), format!("ada%2Bnf%40example.org {host}\n"));
    }
    assert_eq!(shown(&world("co.example.org")), "unset co.example.org\n");
}

/// A Git provider's token is not sent to the deployment, nor the e-mail to another host.
#[test]
fn variables_that_are_set_are_kept_and_not_mixed() {
    let world = || world("co.example.org").with("CODEOCEAN_EMAIL", "ada@example.org");
    let with = |name: &str, value: &str| shown(&world().with(name, value));
    assert_eq!(with("GIT_ACCESS_TOKEN", "ghp_x"), "ghp_x unset\n");
    assert_eq!(with("GIT_HOST", "github.com"), "unset github.com\n");
    assert_eq!(with("GIT_HOST", "co.example.org"), "ada%40example.org co.example.org\n");
    assert_eq!(with("GIT_ACCESS_TOKEN", "ada%40example.org"), "ada%40example.org co.example.org\n");
    assert_eq!(with("GIT_ACCESS_TOKEN", ""), "ada%40example.org co.example.org\n");
    let ran = world().spawn(["exec", "--offline", "--", "sh", "-c", SHOW]).expect(0);
    assert_eq!(ran.out, "unset unset\n");
}

#[test]
fn an_invalid_email_is_a_warning() {
    let ran = world("co.example.org").with("CODEOCEAN_EMAIL", "ada").spawn([
        "exec",
        "--git",
        "--offline",
        "--",
        "sh",
        "-c",
        SHOW,
    ]);
    let ran = ran.expect(0);
    assert_eq!(ran.out, "unset co.example.org\n");
    assert!(ran.err.contains("CODEOCEAN_EMAIL"), "{ran:?}");
}
