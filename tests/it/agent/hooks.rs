//! What follows a change of the token: the file of `--keep-file`, the command of `--on-change`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use fake_deployment::Plan;

use crate::agent::support::{RunningAgent, agent_sandbox, log};
use crate::support::sandbox::{OTHER, Sandbox, TOKEN};
use crate::support::workstation::wait;

/// base64 of "user:" and one of the two tokens.
const TOKEN_IN_BASE64: &str = "dXNlcjpjb3BfWng4MVFtVHo1NWFC";
const OTHER_IN_BASE64: &str = "dXNlcjpjb3BfS3AzN0x3UnY5MmNE";

#[test]
fn keep_file_and_on_change_follow_the_token() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN).with("LEFT", TOKEN);
    let (kept, noted) = (sandbox.path("work/private/token"), sandbox.path("noted"));
    let note = format!("env > {0}.new; mv {0}.new {0}", noted.display());
    let agent = RunningAgent::with(sandbox, &["--keep-file", kept.to_str().unwrap(), "--on-change", &note]);
    let read = || fs::read_to_string(&kept).unwrap();
    assert_eq!(read(), format!("{TOKEN}\n"));
    assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);
    assert!(!noted.exists(), "no change so far");
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(agent.sandbox.path("mount/co"), OTHER).unwrap();
    wait("the file", || read() == format!("{OTHER}\n"));
    assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);
    wait("the command", || noted.exists());
    let noted = fs::read_to_string(noted).unwrap();
    assert!(noted.contains("CO_CRED_AGENT_SOCK=") && !noted.contains("cop_"), "{noted}");
    // The file is not written in a folder that others may write to.
    fs::set_permissions(kept.parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(agent.sandbox.path("mount/co"), TOKEN).unwrap();
    agent.wait_for(TOKEN);
    wait("the warning", || log(&agent.sandbox).contains("cannot be kept fresh"));
    assert_eq!(read(), format!("{OTHER}\n"));
    // It is written once that is possible again, without another change of the token.
    fs::set_permissions(kept.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    wait("the file again", || read() == format!("{TOKEN}\n"));
}

/// The command is run once more after all changes that come while it runs.
#[test]
fn hanging_command_does_not_pile_up() {
    let sandbox = agent_sandbox().file("mount/co", TOKEN).with("REMOTE", format!("https://u:{TOKEN}@h/x"));
    let noted = sandbox.path("noted").display().to_string();
    let agent = RunningAgent::with(sandbox, &["--on-change", &format!("env >> {noted}; echo end >> {noted}; sleep 1")]);
    for number in 0..10 {
        let token = format!("cop_number000{number:02}");
        fs::write(agent.sandbox.path("mount/co"), &token).unwrap();
        agent.wait_for(&token);
    }
    let read = || fs::read_to_string(&noted).unwrap_or_default();
    wait("both runs", || read().lines().filter(|line| *line == "end").count() == 2);
    assert!(!read().contains("cop_"), "{}", read());
    let threads = fs::read_dir(format!("/proc/{}/task", agent.process.id())).unwrap().count();
    assert!(threads < 10, "{threads}");
}

/// Neither the previous token, nor the new one, nor an unused one: plain, in base64, in a URL.
#[test]
fn on_change_environment_holds_no_token() {
    let unused = "cop_never0used1";
    let sandbox = agent_sandbox()
        .file("mount/co", TOKEN)
        .with("BEFORE", TOKEN_IN_BASE64)
        .with("AFTER", OTHER_IN_BASE64)
        .with("UNUSED", unused)
        .with("URL", format!("https://u:{TOKEN}@co.example.org"))
        .with("STAYS", "as it is");
    let noted = sandbox.path("noted");
    let on_change = format!("env >> {0}; echo end >> {0}", noted.display());
    let agent = RunningAgent::with(sandbox, &["--on-change", &on_change]);
    let runs = |count| {
        let noted = fs::read_to_string(&noted).unwrap_or_default();
        noted.lines().filter(|line| *line == "end").count() == count
    };
    for (count, token) in [OTHER, "cop_number00003", TOKEN].into_iter().enumerate() {
        fs::write(agent.sandbox.path("mount/co"), token).unwrap();
        agent.wait_for(token);
        wait("the command", || runs(count + 1));
    }
    let noted = fs::read_to_string(&noted).unwrap();
    assert!(noted.contains("STAYS=as it is") && noted.contains("CO_CRED_AGENT_SOCK="), "{noted}");
    for secret in ["BEFORE", "AFTER", "UNUSED", "URL=", "cop_", TOKEN_IN_BASE64, OTHER_IN_BASE64] {
        assert!(!noted.contains(secret), "{secret}: {noted}");
    }
}

/// The token stays the same, and its login names another e-mail address or expiry.
#[test]
fn another_account_or_expiry_is_a_change() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let sandbox = agent_sandbox().with("SSL_CERT_FILE", deployment.authority());
    let url = deployment.url();
    let login = |sandbox: &Sandbox, more: &[&str]| {
        let args = [&["login", "--insecure-storage", "--deployment", &url], more].concat();
        sandbox.pipe(&args, TOKEN).expect(0);
    };
    login(&sandbox, &["--expires", "2998-12-31"]);
    let noted = sandbox.path("noted");
    let agent = RunningAgent::with(sandbox, &["--on-change", &format!("echo >> {}", noted.display())]);
    let answer = |key: &str| agent.ask(b"{\"ask\":\"token\"}\n").unwrap()[key].as_str().unwrap_or_default().to_owned();
    assert!(answer("expires").starts_with("2998-12-31"), "{}", answer("expires"));
    let asked = deployment.seen().len();
    let entry = |from: &str, to: &str| {
        let index = agent.sandbox.path("home/.local/share/co-cred/logins.json");
        let text = fs::read_to_string(&index).unwrap();
        assert!(text.contains(from), "{text}");
        crate::support::sandbox::write(&index, text.replace(from, to).as_bytes());
    };
    entry("2998-12-31", "2999-12-31");
    wait("the new expiry", || answer("expires").starts_with("2999-12-31"));
    wait("the command", || fs::read_to_string(&noted).is_ok_and(|text| text.lines().count() == 1));
    entry("ada@example.org", "grace@example.org");
    wait("the new account", || answer("email") == "grace@example.org");
    wait("the command", || fs::read_to_string(&noted).is_ok_and(|text| text.lines().count() == 2));
    // The token was verified before: the deployment is not asked again.
    assert_eq!(deployment.seen().len(), asked);
    assert_eq!(agent.status()["changes"], 2);
}

/// A password manager may ask for a touch or a password each time.
#[test]
fn exec_with_a_broker_runs_the_token_command_once() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let sandbox = agent_sandbox().at(&deployment);
    let script = format!("echo >> {}; echo {TOKEN}", sandbox.path("runs").display());
    let config = |script: &str| {
        format!(
            "[[deployment]]\ndomain = \"{url}\"\ntoken_command = [\"sh\", \"-c\", \"{script}\"]\n",
            url = deployment.url()
        )
    };
    let file = sandbox.path("home/.config/co-cred/config.toml");
    crate::support::sandbox::write(&file, config(&script).as_bytes());
    let sandbox = sandbox.with("CAPSULE", deployment.capsule()).on_path();
    let ask = r#"ask() { curl -s -o /dev/null -w '%{http_code}\n' -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE"; }; "#;
    let runs = || fs::read_to_string(sandbox.path("runs")).unwrap().lines().count();
    let ran = sandbox.spawn(["exec", "--broker", "--", "sh", "-c", &format!("{ask} ask; sleep 1; ask")]).expect(0);
    assert_eq!((ran.out.as_str(), runs()), ("200\n200\n", 1), "{ran:?}");
    // A change of the configuration is still noticed.
    deployment.issue(OTHER);
    let other = sandbox.path("other").display().to_string();
    fs::write(&other, config(&script.replace(TOKEN, OTHER))).unwrap();
    let change = format!(
        "{ask} ask; mv {other} {}; for i in $(seq 100); do sleep 0.1; test $(wc -l < {}) = 3 && break; done; ask",
        file.display(),
        sandbox.path("runs").display()
    );
    let ran = sandbox.spawn(["exec", "--broker", "--", "sh", "-c", &change]).expect(0);
    assert_eq!((ran.out.as_str(), runs()), ("200\n200\n", 3), "{ran:?}");
}
