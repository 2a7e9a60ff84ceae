//! What an agent does with a change: its file, its command, what an account's entry says.

use std::fs;

use fake_deployment::Plan;

use crate::agent::serving::{RunningAgent, quiet};
use crate::support::sandbox::{OTHER, Sandbox, TOKEN};
use crate::support::workstation::wait;

/// base64 of "user:" and one of the two tokens.
const TOKEN_IN_BASE64: &str = "dXNlcjpjb3BfWng4MVFtVHo1NWFC";
const OTHER_IN_BASE64: &str = "dXNlcjpjb3BfS3AzN0x3UnY5MmNE";

/// Neither the token before, nor the one after, nor one that was never used: as it is, in base64, in a URL.
#[test]
fn the_command_of_on_change_gets_no_token_of_any_time() {
    let unused = "cop_never0used1";
    let world = quiet()
        .file("mount/co", TOKEN)
        .with("BEFORE", TOKEN_IN_BASE64)
        .with("AFTER", OTHER_IN_BASE64)
        .with("UNUSED", unused)
        .with("URL", format!("https://u:{TOKEN}@co.example.org"))
        .with("STAYS", "as it is");
    let noted = world.path("noted");
    let on_change = format!("env >> {0}; echo end >> {0}", noted.display());
    let house = RunningAgent::with(world, &["--on-change", &on_change]);
    let runs = |count| {
        let noted = fs::read_to_string(&noted).unwrap_or_default();
        noted.lines().filter(|line| *line == "end").count() == count
    };
    for (count, token) in [OTHER, "cop_number00003", TOKEN].into_iter().enumerate() {
        fs::write(house.world.path("mount/co"), token).unwrap();
        house.comes(token);
        wait("the command", || runs(count + 1));
    }
    let noted = fs::read_to_string(&noted).unwrap();
    assert!(noted.contains("STAYS=as it is") && noted.contains("CO_CRED_AGENT_SOCK="), "{noted}");
    for secret in ["BEFORE", "AFTER", "UNUSED", "URL=", "cop_", TOKEN_IN_BASE64, OTHER_IN_BASE64] {
        assert!(!noted.contains(secret), "{secret}: {noted}");
    }
}

/// The same token, of which another e-mail or another end is known by now.
#[test]
fn another_account_or_another_end_of_the_same_token_is_a_change() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = quiet().with("SSL_CERT_FILE", deployment.authority());
    let url = deployment.url();
    let login = |world: &Sandbox, more: &[&str]| {
        let args = [&["login", "--insecure-storage", "--deployment", &url], more].concat();
        world.pipe(&args, TOKEN).expect(0);
    };
    login(&world, &["--expires", "2998-12-31"]);
    let noted = world.path("noted");
    let house = RunningAgent::with(world, &["--on-change", &format!("echo >> {}", noted.display())]);
    let said = |key: &str| house.ask(b"{\"ask\":\"token\"}\n").unwrap()[key].as_str().unwrap_or_default().to_owned();
    assert!(said("expires").starts_with("2998-12-31"), "{}", said("expires"));
    let asked = deployment.seen().len();
    let entry = |from: &str, to: &str| {
        let index = house.world.path("home/.local/share/co-cred/logins.json");
        let text = fs::read_to_string(&index).unwrap();
        assert!(text.contains(from), "{text}");
        crate::support::sandbox::write(&index, text.replace(from, to).as_bytes());
    };
    entry("2998-12-31", "2999-12-31");
    wait("the new end", || said("expires").starts_with("2999-12-31"));
    wait("the command", || fs::read_to_string(&noted).is_ok_and(|text| text.lines().count() == 1));
    entry("ada@example.org", "grace@example.org");
    wait("the new account", || said("email") == "grace@example.org");
    wait("the command", || fs::read_to_string(&noted).is_ok_and(|text| text.lines().count() == 2));
    // The token was proven before: the deployment is not asked again.
    assert_eq!(deployment.seen().len(), asked);
    assert_eq!(house.status()["changes"], 2);
}

/// A password manager may ask for a touch, or a password, each time.
#[test]
fn exec_with_a_broker_runs_the_token_command_once() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = quiet().at(&deployment);
    let script = format!("echo >> {}; echo {TOKEN}", world.path("runs").display());
    let config = |script: &str| {
        format!(
            "[[deployment]]\ndomain = \"{url}\"\ntoken_command = [\"sh\", \"-c\", \"{script}\"]\n",
            url = deployment.url()
        )
    };
    let file = world.path("home/.config/co-cred/config.toml");
    crate::support::sandbox::write(&file, config(&script).as_bytes());
    let world = world.with("CAPSULE", deployment.capsule()).on_path();
    let ask = r#"ask() { curl -s -o /dev/null -w '%{http_code}\n' -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"; }; "#;
    let runs = || fs::read_to_string(world.path("runs")).unwrap().lines().count();
    let ran = world.spawn(["exec", "--broker", "--", "sh", "-c", &format!("{ask} ask; sleep 1; ask")]).expect(0);
    assert_eq!((ran.out.as_str(), runs()), ("200\n200\n", 1), "{ran:?}");
    // A change of what it is told by is seen all the same.
    deployment.issue(OTHER);
    let other = world.path("other").display().to_string();
    fs::write(&other, config(&script.replace(TOKEN, OTHER))).unwrap();
    let change = format!(
        "{ask} ask; mv {other} {}; for i in $(seq 100); do sleep 0.1; test $(wc -l < {}) = 3 && break; done; ask",
        file.display(),
        world.path("runs").display()
    );
    let ran = world.spawn(["exec", "--broker", "--", "sh", "-c", &change]).expect(0);
    assert_eq!((ran.out.as_str(), runs()), ("200\n200\n", 3), "{ran:?}");
}
