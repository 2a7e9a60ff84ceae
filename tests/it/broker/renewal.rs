//! A token that is renewed while the broker runs.

use std::fs;
use std::time::Instant;

use fake_deployment::{Deployment, Fault, Plan};

use super::support::{Broker, basic, capsule, mounted, with_runtime_dir};
use crate::support::sandbox::{OTHER, Sandbox, TOKEN};
use crate::support::workstation::wait;

#[test]
fn a_renewed_token_is_used_and_reads_are_repeated_once() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let broker = Broker::new(mounted(&deployment), &[]);
    assert_eq!(capsule(&broker, &deployment), 200);
    // The token is revoked in the moment in which it is replaced.
    deployment.issue(OTHER);
    deployment.revoke(TOKEN);
    fs::write(broker.world.path("mount/co"), OTHER).unwrap();
    assert_eq!(capsule(&broker, &deployment), 200, "{}", broker.stderr());
    let path = "/api/v1/capsules/search";
    assert_eq!(broker.send("POST", path, "", "{}").status, 200);
    deployment.issue(TOKEN);
    deployment.revoke(OTHER);
    fs::write(broker.world.path("mount/co"), TOKEN).unwrap();
    let before = deployment.seen().len();
    // A write is not repeated, but the next request has the new token.
    let reply = broker.send("POST", "/api/v1/computations", "", "{}");
    let writes = deployment.seen().split_off(before);
    let writes: Vec<_> = writes.iter().filter(|seen| seen.request == "POST /api/v1/computations").collect();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert!([401, 404].contains(&reply.status), "{reply:?}");
    assert_eq!(broker.send("POST", path, "", "{}").status, 200);
    assert_eq!(deployment.latest().unwrap().authorization, Some(basic(TOKEN)));
}

/// A sandbox whose token is printed by a command, and a file with one line for each of its runs.
fn with_token_command(deployment: &Deployment) -> (Sandbox, std::path::PathBuf) {
    let world = Sandbox::new().at(deployment);
    let runs = world.path("runs");
    let command = format!("echo run >> {}; echo {TOKEN}", runs.display());
    let config =
        format!("[[deployment]]\ndomain = {:?}\ntoken_command = [\"sh\", \"-c\", {command:?}]\n", deployment.url());
    (world.file("home/.config/co-cred/config.toml", config), runs)
}

/// How many times five seconds have passed: so often it may search again where it found no other token.
fn five_second_intervals(since: Instant) -> usize {
    usize::try_from(since.elapsed().as_secs() / 5).unwrap()
}

/// A path that is always answered with 401, as where a scope is missing, is no reason to search each time.
#[test]
fn a_missing_scope_does_not_search_for_a_token_each_time() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let (world, runs) = with_token_command(&deployment);
    let broker = Broker::new(world, &[]);
    let count = || fs::read_to_string(&runs).unwrap().lines().count();
    let (before, start) = (count(), Instant::now());
    for _ in 0..8 {
        deployment.fail(Fault::Status(401));
        assert_eq!(broker.get("/api/v1/elsewhere").status, 401);
    }
    assert!(count() - before <= 3 + five_second_intervals(start), "{before} {}", count());
    assert_eq!(capsule(&broker, &deployment), 200);
}

/// Without another token, a 401 is forwarded and reported once, and repeated 401s do not repeat the search.
#[test]
fn a_rejection_is_forwarded_where_there_is_no_other_token() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let (world, runs) = with_token_command(&deployment);
    let broker = Broker::new(world, &[]);
    deployment.revoke(TOKEN);
    let (before, start) = (fs::read_to_string(&runs).unwrap().lines().count(), Instant::now());
    assert_eq!(capsule(&broker, &deployment), 401);
    for _ in 0..20 {
        let reply = broker.get(&format!("/api/v1/capsules/{}", deployment.capsule()));
        assert!(reply.status == 502 && reply.message().contains("does not accept the token"), "{reply:?}");
    }
    assert!(broker.stderr().matches("does not accept the token").count() == 1, "{}", broker.stderr());
    let after = fs::read_to_string(&runs).unwrap().lines().count();
    assert!(after - before <= 2 + five_second_intervals(start), "{before} {after}");
}

#[test]
fn a_token_renewed_by_an_agent_is_used() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = mounted(&deployment);
    let world = with_runtime_dir(world);
    world.spawn(["agent"]).expect(0);
    let (socket, mount) = (world.path("run/co-cred/agent.sock"), world.path("mount/co"));
    let client = Sandbox::new().at(&deployment).with("CO_CRED_AGENT_SOCK", socket);
    let broker = Broker::new(client, &[]);
    assert_eq!(capsule(&broker, &deployment), 200);
    deployment.issue(OTHER);
    fs::write(&mount, OTHER).unwrap();
    wait("the new token", || {
        capsule(&broker, &deployment) == 200 && deployment.latest().unwrap().authorization == Some(basic(OTHER))
    });
    world.spawn(["agent", "stop"]).expect(0);
}

/// A token that its source binds to another deployment is not used for this one.
#[test]
fn a_token_for_another_deployment_is_not_sent_to_this_one() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = Sandbox::new().with("SSL_CERT_FILE", deployment.authority()).credentials(&deployment.url(), TOKEN);
    let broker = Broker::new(world, &[]);
    assert_eq!(capsule(&broker, &deployment), 200);
    let json = serde_json::json!({ "domain": "https://other.example.org", "token": OTHER }).to_string();
    fs::write(broker.world.path("home/.codeocean/credentials.json"), json).unwrap();
    wait("the warning", || broker.stderr().contains("the token from before is kept"));
    assert_eq!(capsule(&broker, &deployment), 200);
    deployment.revoke(TOKEN);
    assert_eq!(capsule(&broker, &deployment), 401);
    assert_eq!(capsule(&broker, &deployment), 502);
    assert!(deployment.seen().iter().all(|seen| seen.authorization == Some(basic(TOKEN))));
}
