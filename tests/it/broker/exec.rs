//! `exec --broker`: the run of the command, from start to end.

use std::fs;
use std::net::TcpStream;

use fake_deployment::Plan;

use super::support::{Broker, OK, Recorder, world};
use crate::support::sandbox::{Sandbox, TOKEN, bin};
use crate::support::workstation::wait;

/// A co-cred behind the broker uses the pass as a token.
#[test]
fn co_cred_works_behind_its_own_broker() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = world(&deployment);
    let ran = world.spawn(["exec", "--broker", "--read-only", "--", bin(), "status", "--json"]).expect(0);
    let status = ran.json();
    assert_eq!((&status["verdict"], &status["owner"]), (&"valid".into(), &"ada@example.org".into()), "{status}");
    assert!(status["deployment"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{status}");
}

/// A program with the deployment's host in its code does not use the broker: the user must learn that nothing is restricted.
#[test]
fn a_run_without_requests_is_reported() {
    let recorder = Recorder::new(OK);
    let world = recorder.sandbox();
    let run = |args: &[&str], script: &str| {
        let args = [&["exec", "--offline"], args, &["--", "sh", "-c", script]].concat();
        world.spawn(args)
    };
    let words = "the program sent no request through the broker";
    for (script, code) in [("true", 0), ("exit 3", 3), ("kill -9 $$", -1)] {
        let ran = run(&["--broker"], script).expect(code);
        assert!(
            ran.err.contains(words) && ran.err.contains("hint: ") && ran.err.contains("CODEOCEAN_DOMAIN"),
            "{ran:?}"
        );
    }
    let ask = r#"curl -s -o /dev/null -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/x""#;
    let refused = r#"curl -s -o /dev/null "$CODEOCEAN_DOMAIN/api/v1/x""#;
    for (args, script) in [
        (&["--broker"][..], ask),
        (&["--broker", "--read-only"], &format!("{ask} -X DELETE")),
        // A request without the pass was answered with the reason.
        (&["--broker"], refused),
        (&["--broker", "--quiet"], "true"),
        (&[], "true"),
    ] {
        let ran = run(args, script).expect(0);
        assert!(!ran.err.contains("no request"), "{args:?} {script} {ran:?}");
    }
    let ran = world.spawn(["exec", "--offline", "--broker", "--", "no-such-program"]).expect(127);
    assert!(!ran.err.contains("no request"), "{ran:?}");
}

/// Neither a program that cannot be started, again and again, nor an orphaned child ends the run.
#[test]
fn a_failing_token_command_does_not_end_the_run() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = Sandbox::new().with("SSL_CERT_FILE", deployment.authority()).credentials(&deployment.url(), TOKEN);
    let script = r#"rm "$HOME/.codeocean/credentials.json"
mkdir -p "$HOME/.config/co-cred"
for number in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    printf '[[deployment]]\ndomain = "%s"\ntoken_command = ["nonesuch%s"]\n' "$REAL" $number > "$HOME/.config/co-cred/config.toml"
    sleep 0.05
    (true &)
done
echo done"#;
    let world = world.with("REAL", deployment.url());
    let ran = world.spawn(["exec", "--broker", "--", "sh", "-c", script]).expect(0);
    assert_eq!(ran.out, "done\n", "{ran:?}");
}

#[test]
fn killing_co_cred_ends_the_command_and_the_broker() {
    let recorder = Recorder::new(OK);
    let mut broker = Broker::new(recorder.sandbox(), &["--offline"]);
    let id = broker.child.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let command: u32 = children.split_whitespace().next().unwrap().parse().unwrap();
    broker.child.kill().unwrap();
    broker.child.wait().unwrap();
    let ended = || fs::read_to_string(format!("/proc/{command}/stat")).map_or(true, |stat| stat.contains(") Z"));
    wait("the end of the command", ended);
    assert!(TcpStream::connect(&broker.address).is_err());
}
