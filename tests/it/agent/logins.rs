//! Logins and logouts that reach an agent, and agents whose token is skipped.

use std::path::PathBuf;

use fake_deployment::{Account, Deployment, Plan};

use crate::agent::support::{RunningAgent, agent_sandbox, log};
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN};
use crate::support::workstation::wait;

/// A sandbox that trusts a deployment and does not name it.
fn trusting(deployment: &Deployment) -> Sandbox {
    agent_sandbox().with("SSL_CERT_FILE", deployment.authority())
}

fn login(sandbox: &Sandbox, deployment: &Deployment, token: &str, more: &[&str]) {
    let url = deployment.url();
    let args = [&["login", "--insecure-storage", "--deployment", &url], more].concat();
    sandbox.pipe(&args, token).expect(0);
}

/// The token of the agent itself: a client would find the login even without the agent.
fn token_of(agent: &RunningAgent) -> Option<String> {
    let answer = agent.ask(b"{\"ask\":\"token\"}\n").unwrap();
    assert!(["token", "none"].contains(&answer["answer"].as_str().unwrap()), "{answer}");
    answer["token"].as_str().map(str::to_owned)
}

#[track_caller]
fn wait_for_token(agent: &RunningAgent, token: Option<&str>) {
    wait(token.unwrap_or("the end of the token"), || token_of(agent).as_deref() == token);
}

#[test]
fn first_login_reaches_a_running_agent() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let agent = RunningAgent::new(trusting(&deployment));
    assert_eq!(token_of(&agent), None);
    login(&agent.sandbox, &deployment, TOKEN, &[]);
    wait_for_token(&agent, Some(TOKEN));
    let status = agent.sandbox.run(["status", "--json"]).expect(0).json();
    assert_eq!((&status["source"]["kind"], &status["deployment"]), (&"agent".into(), &deployment.url().into()));
}

#[test]
fn second_login_replaces_the_token() {
    let renewed = Account { email: "ada@example.org".to_owned(), ..Account::new(OTHER) };
    let deployment = Plan::with_token(TOKEN).account(renewed).tls().start();
    let sandbox = trusting(&deployment);
    login(&sandbox, &deployment, TOKEN, &[]);
    let agent = RunningAgent::new(sandbox);
    assert_eq!(token_of(&agent).as_deref(), Some(TOKEN));
    login(&agent.sandbox, &deployment, OTHER, &[]);
    wait_for_token(&agent, Some(OTHER));
}

/// The deployment still accepts the token, but the user has logged out.
#[test]
fn logout_removes_the_token_from_the_agent() {
    for args in [&["logout", "--all"][..], &["logout"]] {
        let deployment = Plan::with_token(TOKEN).tls().start();
        let sandbox = trusting(&deployment);
        login(&sandbox, &deployment, TOKEN, &[]);
        let (kept, noted) = (sandbox.path("work/private/token"), sandbox.path("work/noted"));
        let on_change = format!("echo >> {}", noted.display());
        let agent = RunningAgent::with(sandbox, &["--keep-file", kept.to_str().unwrap(), "--on-change", &on_change]);
        assert_eq!((token_of(&agent).as_deref(), kept.exists()), (Some(TOKEN), true));
        agent.sandbox.run(args).expect(0);
        wait_for_token(&agent, None);
        wait("the end of its file", || !kept.exists());
        wait("the command", || noted.exists());
        let status = agent.status();
        assert!(status["fingerprint"].is_null() && !status["trouble"].is_null(), "{status}");
        assert!(log(&agent.sandbox).contains("no token is held"), "{}", log(&agent.sandbox));
        login(&agent.sandbox, &deployment, TOKEN, &[]);
        wait_for_token(&agent, Some(TOKEN));
        wait("the file", || kept.exists());
    }
}

/// The deployment cannot be asked about the token of the account that is left.
#[test]
fn logout_removes_the_token_while_the_other_account_is_unverifiable() {
    let grace = Account { email: "grace@example.org".to_owned(), ..Account::new(OTHER) };
    let mut deployment = Some(Plan::with_token(TOKEN).account(grace).tls().start());
    let there = deployment.as_ref().unwrap();
    let sandbox = trusting(there);
    login(&sandbox, there, TOKEN, &[]);
    let agent = RunningAgent::with(sandbox, &["--timeout", "500ms"]);
    assert_eq!(token_of(&agent).as_deref(), Some(TOKEN));
    login(&agent.sandbox, there, OTHER, &[]);
    drop(deployment.take());
    agent.sandbox.run(["logout", "--email", "ada@example.org"]).expect(0);
    wait("the end of the token", || token_of(&agent).as_deref() != Some(TOKEN));
}

/// Logout concerns tokens of logins only.
#[test]
fn logout_keeps_the_token_of_a_mount() {
    let deployment = Plan::with_token(TOKEN).account(Account::new(OTHER)).tls().start();
    let sandbox = trusting(&deployment).at(&deployment).file("mount/co", OTHER);
    login(&sandbox, &deployment, TOKEN, &[]);
    let agent = RunningAgent::new(sandbox);
    assert_eq!(token_of(&agent).as_deref(), Some(OTHER));
    agent.sandbox.run(["logout", "--all"]).expect(0);
    login(&agent.sandbox, &deployment, TOKEN, &[]);
    assert_eq!(token_of(&agent).as_deref(), Some(OTHER));
}

#[test]
fn logout_removes_the_token_from_the_broker_of_an_agent() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let sandbox = trusting(&deployment).with("CAPSULE", deployment.capsule());
    login(&sandbox, &deployment, TOKEN, &[]);
    let script = r#"set -e
eval "$(co-cred agent --broker)"
ask() { curl -s -w '%{http_code}\n' -o "$HOME/body" -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"; }
ask
co-cred logout --all
for i in $(seq 100); do test "$(ask)" = 200 || break; sleep 0.1; done
ask
eval "$(co-cred agent stop)"
"#;
    let ran = sandbox.shell("sh", script).expect(0);
    let codes: Vec<&str> = ran.out.lines().collect();
    assert!(codes[0] == "200" && codes[1].starts_with(['4', '5']), "{ran:?}");
}

/// The broker of `exec` has its token from an agent.
#[test]
fn logout_removes_the_token_from_a_broker_that_asks_an_agent() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let sandbox = trusting(&deployment).with("CAPSULE", deployment.capsule());
    login(&sandbox, &deployment, TOKEN, &[]);
    let agent = RunningAgent::new(sandbox);
    assert_eq!(agent.token(), TOKEN);
    let script = r#"
ask() { curl -s -w '%{http_code}\n' -o "$HOME/body" -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"; }
ask
co-cred logout --all
for i in $(seq 100); do test "$(ask)" = 200 || break; sleep 0.1; done
ask"#;
    let path = std::env::join_paths(
        std::iter::once(PathBuf::from(crate::support::sandbox::bin()).parent().unwrap().to_path_buf())
            .chain(std::env::split_paths(agent.sandbox.env.get("PATH").unwrap())),
    );
    let mut exec = agent.sandbox.command();
    exec.env("PATH", path.unwrap()).args(["exec", "--broker", "--", "sh", "-c", script]);
    let ran = Ran::from(exec.output().unwrap());
    let codes: Vec<&str> = ran.out.lines().collect();
    assert!(codes[0] == "200" && codes[1].starts_with(['4', '5']), "{ran:?}");
}

#[test]
fn agent_without_token_is_skipped_with_a_warning() {
    let agent = RunningAgent::new(agent_sandbox());
    let sandbox = Sandbox::new().with("CO_CRED_AGENT_SOCK", agent.socket());
    // No other source has a token either.
    let ran = sandbox.run(["token", "--offline"]).expect(3);
    assert!(ran.err.contains("names has no token") && ran.err.contains("agent status"), "{ran:?}");
    let doctor = sandbox.run(["doctor", "--json", "--offline"]).json();
    assert!(doctor.to_string().contains("names has no token"), "{doctor}");
    // Another source has one: it is used, with a warning.
    let sandbox = sandbox.with("CODEOCEAN_TOKEN", TOKEN);
    let ran = sandbox.run(["token", "--offline"]).expect(0);
    assert_eq!(ran.out.trim_end(), TOKEN);
    assert!(ran.err.contains("warning: the agent") && ran.err.contains("names has no token"), "{ran:?}");
    let ran = sandbox.spawn(["exec", "--offline", "--", "sh", "-c", "echo $CODEOCEAN_TOKEN"]).expect(0);
    assert_eq!(ran.out.trim_end(), TOKEN);
    assert!(ran.err.contains("names has no token"), "{ran:?}");
}

/// The agent has the token of one account, and a command asks for the other.
#[test]
fn agent_with_the_token_of_another_account_is_skipped() {
    let grace = "grace@example.org";
    let other = Account { email: grace.to_owned(), ..Account::new(OTHER) };
    let deployment = Plan::with_token(TOKEN).account(other).tls().start();
    let sandbox = trusting(&deployment);
    login(&sandbox, &deployment, TOKEN, &[]);
    let agent = RunningAgent::new(sandbox);
    login(&agent.sandbox, &deployment, OTHER, &[]);
    let token = |email: &str| {
        let mut command = agent.sandbox.command();
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
        agent.sandbox.pipe(&["git-credential", "get"], &request).expect(0).out
    };
    assert_eq!(ask("ada@example.org"), format!("password={TOKEN}\nusername=ada@example.org\n"));
    assert_eq!(ask(grace), format!("password={OTHER}\nusername={grace}\n"));
    assert_eq!(ask("eve@example.org"), "");
    // A command that asks for no account gets the agent's.
    assert_eq!(agent.sandbox.run(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}
