//! Logins and logouts that an agent sees, and an agent that has no token.

use std::path::PathBuf;

use fake_deployment::{Account, Deployment, Plan};

use crate::agent::serving::{RunningAgent, quiet, said};
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN};
use crate::support::workstation::wait;

/// A world that trusts a deployment and does not name it.
fn desk(deployment: &Deployment) -> Sandbox {
    quiet().with("SSL_CERT_FILE", deployment.authority())
}

fn login(world: &Sandbox, deployment: &Deployment, token: &str, more: &[&str]) {
    let url = deployment.url();
    let args = [&["login", "--insecure-storage", "--deployment", &url], more].concat();
    world.pipe(&args, token).expect(0);
}

/// What the agent itself has: where it has none, a client would find the login without it.
fn held(house: &RunningAgent) -> Option<String> {
    let answer = house.ask(b"{\"ask\":\"token\"}\n").unwrap();
    assert!(["token", "none"].contains(&answer["answer"].as_str().unwrap()), "{answer}");
    answer["token"].as_str().map(str::to_owned)
}

#[track_caller]
fn comes(house: &RunningAgent, token: Option<&str>) {
    wait(token.unwrap_or("the end of the token"), || held(house).as_deref() == token);
}

#[test]
fn the_first_login_reaches_an_agent_that_runs() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let house = RunningAgent::new(desk(&deployment));
    assert_eq!(held(&house), None);
    login(&house.world, &deployment, TOKEN, &[]);
    comes(&house, Some(TOKEN));
    let status = house.world.run(["status", "--json"]).expect(0).json();
    assert_eq!((&status["source"]["kind"], &status["deployment"]), (&"agent".into(), &deployment.url().into()));
}

#[test]
fn a_second_login_of_the_account_replaces_the_token() {
    let renewed = Account { email: "ada@example.org".to_owned(), ..Account::new(OTHER) };
    let deployment = Plan::with_token(TOKEN).account(renewed).tls().start();
    let world = desk(&deployment);
    login(&world, &deployment, TOKEN, &[]);
    let house = RunningAgent::new(world);
    assert_eq!(held(&house).as_deref(), Some(TOKEN));
    login(&house.world, &deployment, OTHER, &[]);
    comes(&house, Some(OTHER));
}

/// The deployment still accepts the token: it is the user who wants it forgotten.
#[test]
fn logout_takes_the_token_from_the_agent() {
    for args in [&["logout", "--all"][..], &["logout"]] {
        let deployment = Plan::with_token(TOKEN).tls().start();
        let world = desk(&deployment);
        login(&world, &deployment, TOKEN, &[]);
        let (kept, noted) = (world.path("work/private/token"), world.path("work/noted"));
        let on_change = format!("echo >> {}", noted.display());
        let house = RunningAgent::with(world, &["--keep-file", kept.to_str().unwrap(), "--on-change", &on_change]);
        assert_eq!((held(&house).as_deref(), kept.exists()), (Some(TOKEN), true));
        house.world.run(args).expect(0);
        comes(&house, None);
        wait("the end of its file", || !kept.exists());
        wait("the command", || noted.exists());
        let status = house.status();
        assert!(status["fingerprint"].is_null() && !status["trouble"].is_null(), "{status}");
        assert!(said(&house.world).contains("no token is held"), "{}", said(&house.world));
        login(&house.world, &deployment, TOKEN, &[]);
        comes(&house, Some(TOKEN));
        wait("the file", || kept.exists());
    }
}

/// Nothing keeps a token of which the login is gone: not that the deployment cannot be asked about the one that is left.
#[test]
fn logout_of_one_account_takes_its_token_though_the_other_cannot_be_proven() {
    let grace = Account { email: "grace@example.org".to_owned(), ..Account::new(OTHER) };
    let mut deployment = Some(Plan::with_token(TOKEN).account(grace).tls().start());
    let there = deployment.as_ref().unwrap();
    let world = desk(there);
    login(&world, there, TOKEN, &[]);
    let house = RunningAgent::with(world, &["--timeout", "500ms"]);
    assert_eq!(held(&house).as_deref(), Some(TOKEN));
    login(&house.world, there, OTHER, &[]);
    drop(deployment.take());
    house.world.run(["logout", "--email", "ada@example.org"]).expect(0);
    wait("the end of the token", || held(&house).as_deref() != Some(TOKEN));
}

/// A token from elsewhere is none of logout's.
#[test]
fn logout_leaves_the_token_of_a_mount() {
    let deployment = Plan::with_token(TOKEN).account(Account::new(OTHER)).tls().start();
    let world = desk(&deployment).at(&deployment).file("mount/co", OTHER);
    login(&world, &deployment, TOKEN, &[]);
    let house = RunningAgent::new(world);
    assert_eq!(held(&house).as_deref(), Some(OTHER));
    house.world.run(["logout", "--all"]).expect(0);
    login(&house.world, &deployment, TOKEN, &[]);
    assert_eq!(held(&house).as_deref(), Some(OTHER));
}

#[test]
fn logout_takes_the_token_from_the_broker_of_an_agent() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = desk(&deployment).with("CAPSULE", deployment.capsule());
    login(&world, &deployment, TOKEN, &[]);
    let script = r#"set -e
eval "$(co-cred agent --broker)"
ask() { curl -s -w '%{http_code}\n' -o "$HOME/body" -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"; }
ask
co-cred logout --all
for i in $(seq 100); do test "$(ask)" = 200 || break; sleep 0.1; done
ask
eval "$(co-cred agent stop)"
"#;
    let ran = world.shell("sh", script).expect(0);
    let codes: Vec<&str> = ran.out.lines().collect();
    assert!(codes[0] == "200" && codes[1].starts_with(['4', '5']), "{ran:?}");
}

/// A run behind a broker whose token came from an agent.
#[test]
fn logout_takes_the_token_from_a_broker_that_asks_an_agent() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = desk(&deployment).with("CAPSULE", deployment.capsule());
    login(&world, &deployment, TOKEN, &[]);
    let house = RunningAgent::new(world);
    assert_eq!(house.token(), TOKEN);
    let script = r#"
ask() { curl -s -w '%{http_code}\n' -o "$HOME/body" -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"; }
ask
co-cred logout --all
for i in $(seq 100); do test "$(ask)" = 200 || break; sleep 0.1; done
ask"#;
    let path = std::env::join_paths(
        std::iter::once(PathBuf::from(crate::support::sandbox::bin()).parent().unwrap().to_path_buf())
            .chain(std::env::split_paths(house.world.env.get("PATH").unwrap())),
    );
    let mut exec = house.world.command();
    exec.env("PATH", path.unwrap()).args(["exec", "--broker", "--", "sh", "-c", script]);
    let ran = Ran::from(exec.output().unwrap());
    let codes: Vec<&str> = ran.out.lines().collect();
    assert!(codes[0] == "200" && codes[1].starts_with(['4', '5']), "{ran:?}");
}

#[test]
fn an_agent_without_a_token_is_passed_over_with_a_remark() {
    let house = RunningAgent::new(quiet());
    let world = Sandbox::new().with("CO_CRED_AGENT_SOCK", house.socket());
    // No other source has one either.
    let ran = world.run(["token", "--offline"]).expect(3);
    assert!(ran.err.contains("names has no token") && ran.err.contains("agent status"), "{ran:?}");
    let doctor = world.run(["doctor", "--json", "--offline"]).json();
    assert!(doctor.to_string().contains("names has no token"), "{doctor}");
    // One that has is asked, and the user is told.
    let world = world.with("CODEOCEAN_TOKEN", TOKEN);
    let ran = world.run(["token", "--offline"]).expect(0);
    assert_eq!(ran.out.trim_end(), TOKEN);
    assert!(ran.err.contains("warning: the agent") && ran.err.contains("names has no token"), "{ran:?}");
    let ran = world.spawn(["exec", "--offline", "--", "sh", "-c", "echo $CODEOCEAN_TOKEN"]).expect(0);
    assert_eq!(ran.out.trim_end(), TOKEN);
    assert!(ran.err.contains("names has no token"), "{ran:?}");
}

/// Two accounts, and an agent that has the token of one: the other's is asked for, and the agent's must not stand in for it.
#[test]
fn an_agent_with_another_accounts_token_is_passed_over() {
    let grace = "grace@example.org";
    let other = Account { email: grace.to_owned(), ..Account::new(OTHER) };
    let deployment = Plan::with_token(TOKEN).account(other).tls().start();
    let world = desk(&deployment);
    login(&world, &deployment, TOKEN, &[]);
    let house = RunningAgent::new(world);
    login(&house.world, &deployment, OTHER, &[]);
    let token = |email: &str| {
        let mut command = house.world.command();
        Ran::from(command.args(["token", "--offline"]).env("CODEOCEAN_EMAIL", email).output().unwrap())
    };
    assert_eq!(token("Ada@example.org").expect(0).out, format!("{TOKEN}\n"));
    let ran = token(grace).expect(0);
    assert_eq!((ran.out, ran.err), (format!("{OTHER}\n"), String::new()));
    let ran = token("eve@example.org").expect(3);
    assert!(ran.err.contains("has the token of ada@example.org, not of eve@example.org"), "{ran:?}");
    assert!(ran.err.contains("CODEOCEAN_EMAIL"), "{ran:?}");
    let host = deployment.url().replace("https://", "");
    let ask = |user: &str| {
        let request = format!("protocol=https\nhost={host}\nusername={user}\n");
        house.world.pipe(&["git-credential", "get"], &request).expect(0).out
    };
    assert_eq!(ask("ada@example.org"), format!("password={TOKEN}\nusername=ada@example.org\n"));
    assert_eq!(ask(grace), format!("password={OTHER}\nusername={grace}\n"));
    assert_eq!(ask("eve@example.org"), "");
    // Where no account is asked for, the agent's is.
    assert_eq!(house.world.run(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}
