//! `agent --broker`: one broker for all programs of a shell.

use std::fs;

use fake_deployment::Plan;

use super::support::with_runtime_dir;
use crate::support::sandbox::{Sandbox, TOKEN};

/// What the shell evaluates names the broker, and no other address.
#[test]
fn a_shell_uses_the_broker_of_the_agent() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = Sandbox::new()
        .at(&deployment)
        .file("mount/co", TOKEN)
        .with("API_SECRET", TOKEN)
        .with("CODEOCEAN_URL", "https://co.example.org")
        .with("HTTP_PROXY", "http://127.0.0.1:9");
    let world = with_runtime_dir(world).with("CAPSULE", deployment.capsule());
    let script = r#"set -e
real=$CODEOCEAN_DOMAIN
start() { co-cred agent --broker --read-only --rate 100/s --audit "$HOME/log"; }
eval "$(start)"
one=$CODEOCEAN_TOKEN
test "$CODEOCEAN_URL" = "$CODEOCEAN_DOMAIN"
eval "$(start)"
test "$one" = "$CODEOCEAN_TOKEN"
env | grep "cop_$API" && exit 1
echo "<$CO_CRED_AGENT_SOCK>"
curl -s -o /dev/null -w '%{http_code}\n' -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"
curl -s -o /dev/null -w '%{http_code}\n' -u "$CODEOCEAN_TOKEN:" -X DELETE "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"
co-cred agent status --json | jq -c .broker
co-cred agent --broker && exit 1
co-cred agent --broker --read-only --rate 100/s --audit "$HOME/log" --deployment other.example.org && exit 1
co-cred agent && exit 1
CO_CRED_AGENT_SOCK=$CO_CRED_BROKER_SOCK co-cred token && exit 1
sh -ec 'eval "$(co-cred agent --broker)"; echo "it continued"' || true
eval "$(co-cred agent stop)"
test "$CODEOCEAN_DOMAIN" = "$real"
test "$CODEOCEAN_URL" = "https://co.example.org"
env | grep "127.0.0.1:\|FORMER" | grep -v HTTP_PROXY && exit 1
echo "<$CODEOCEAN_TOKEN$CO_CRED_AGENT_SOCK$CO_CRED_BROKER_SOCK>"
"#;
    let world = world.with("API", &TOKEN[4..]);
    let ran = world.shell("sh", script).expect(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    let ["<>", "200", "403", broker, "false;", "false;", "<>"] = lines[..] else { panic!("{ran:?}") };
    assert!(
        broker.contains("http://127.0.0.1:") && broker.contains(r#"["--read-only","--rate 100/s","--audit "#),
        "{ran:?}"
    );
    assert!(!ran.out.contains("cop_"), "{ran:?}");
    for words in [
        "has a broker with other rules (--read-only, --rate 100/s",
        "is for https://localhost:",
        "has a broker, and gives the token to its broker only",
        "the agent gives the token to its broker only",
        "--socket",
    ] {
        assert!(ran.err.contains(words), "{words}: {ran:?}");
    }
    assert_eq!(fs::read_to_string(world.path("home/log")).unwrap().lines().count(), 3);
}

/// The port of an agent that was killed may belong to another process by now: nothing of the shell must be sent there.
#[test]
fn stop_restores_the_deployment_of_a_shell_whose_agent_was_killed() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = Sandbox::new().at(&deployment).without("CODEOCEAN_DOMAIN").with("CODE_OCEAN_DOMAIN", deployment.url());
    let world = with_runtime_dir(world).file("mount/co", TOKEN);
    let script = r#"real=$CODE_OCEAN_DOMAIN
eval "$(co-cred agent --broker)"
test "$CODE_OCEAN_DOMAIN" = "$CODEOCEAN_DOMAIN" || exit 1
kill -9 $CO_CRED_AGENT_PID
eval "$(co-cred agent stop)"
test "$CODE_OCEAN_DOMAIN" = "$real" || exit 2
env | grep 127.0.0.1:"#;
    let ran = world.shell("sh", script);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(ran.err.contains("no agent answers"), "{ran:?}");
}

/// The broker is open from the start, and answers with the reason until there is a token.
#[test]
fn a_broker_without_a_token_serves_once_one_is_found() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = Sandbox::new().at(&deployment);
    let world = with_runtime_dir(world).with("CAPSULE", deployment.capsule());
    let script = r#"set -e
mount=$CO_CRED_SECRETS_DIR
eval "$(co-cred agent --broker)"
ask() { curl -s -w '%{http_code}\n' -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"; }
ask
mkdir "$mount"
echo "$LATER" | rev > "$mount/new"
mv "$mount/new" "$mount/co"
tries=0
until ask | grep -q 'Spike sorting.*200'; do
    tries=$((tries + 1))
    test $tries -lt 100
    sleep 0.2
done
ask
eval "$(co-cred agent stop)"
"#;
    let world = world.with("LATER", TOKEN.chars().rev().collect::<String>());
    let ran = world.shell("sh", script).expect(0);
    assert!(ran.out.starts_with("{\"message\":\"co-cred's broker: there is no token"), "{ran:?}");
    assert!(ran.out.ends_with("200\n"), "{ran:?}");
}
