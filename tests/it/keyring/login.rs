//! `co-cred login` and `logout`: several users and deployments, failures, the account of the token.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fake_deployment::{Account, Fault, Plan};

use super::{GRACE, deployment, login, with_keyring, workstation};
use crate::support::sandbox::{OTHER, Sandbox, TOKEN, has};
use crate::support::workstation::{Bus, piped};

#[test]
fn one_login_serves_the_api_and_git() {
    let deployment = deployment();
    let Some((world, _bus)) = with_keyring(&deployment) else { return };
    let ran = login(&world, &deployment, &format!("{TOKEN}\n"), &[]).expect(0);
    assert!(ran.err.contains("ada@example.org is logged in") && ran.err.contains("the Secret Service"), "{ran:?}");
    assert_eq!(world.spawn(["token"]).expect(0).out, format!("{TOKEN}\n"));
    let status = world.spawn(["status", "--json"]).expect(0).json();
    assert_eq!(status["source"]["kind"], "keyring");
    assert_eq!(status["deployment"], deployment.url());
    world.spawn(["setup", "git"]).expect(0);
    world.git(&["clone", "-q", &deployment.clone_url(), "clone"]).expect(0);
    world.git(&["-C", "clone", "commit", "-q", "--allow-empty", "-m", "again"]).expect(0);
    world.git(&["-C", "clone", "push", "-q"]).expect(0);
    // The token is in no file but the keyring's.
    for file in files(&world.path("home")).iter().chain(&files(&world.path("work"))) {
        assert!(!String::from_utf8_lossy(&fs::read(file).unwrap()).contains(TOKEN), "{}", file.display());
    }
    let ran = world.spawn(["logout"]).expect(0);
    assert!(ran.err.contains("is logged out"), "{ran:?}");
    world.spawn(["token", "--offline"]).expect(3);
    let ran = world.spawn(["list"]).expect(0);
    assert!(ran.out.is_empty() && ran.err.contains("no login is saved"), "{ran:?}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.is_file() && !path.starts_with(folder.join(".local/share/keyrings")))
        .collect()
}

#[test]
fn a_failed_login_keeps_the_former_one() {
    let deployment = deployment();
    let Some((world, bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    // Rejected, not a token, empty, another account's e-mail, an invalid option, an unreachable deployment.
    login(&world, &deployment, "cop_Wrong", &[]).expect(4);
    login(&world, &deployment, "cop_a\ncop_b\n", &[]).expect(2);
    login(&world, &deployment, "", &[]).expect(2);
    login(&world, &deployment, OTHER, &["--email", "ada@example.org"]).expect(2);
    login(&world, &deployment, OTHER, &["--expires", "soon"]).expect(2);
    let ran = world.pipe(&["login", "--deployment", "https://localhost:9", "--timeout", "1s"], TOKEN);
    assert_eq!(ran.code, 5, "{ran:?}");
    bus.signal("STOP");
    login(&world, &deployment, TOKEN, &[]).expect(6);
    bus.signal("CONT");
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
    assert_eq!(world.spawn(["list", "--json"]).expect(0).json().as_array().unwrap().len(), 1);
}

#[test]
fn logins_of_two_users_and_two_deployments_are_separate() {
    let (one, two) = (deployment(), deployment());
    let world = Sandbox::new().with_git(&[&one, &two]).on_path();
    let Some(bus) = Bus::with_keyring(&world) else { return };
    let world = world.with("DBUS_SESSION_BUS_ADDRESS", bus.address());
    login(&world, &one, TOKEN, &[]).expect(0);
    login(&world, &one, OTHER, &[]).expect(0);
    let ran = world.spawn(["token", "--offline"]).expect(8);
    assert!(ran.err.contains("ada@example.org and grace@example.org are both logged in"), "{ran:?}");
    assert!(ran.err.contains("CODEOCEAN_EMAIL="), "{ran:?}");
    login(&world, &two, OTHER, &[]).expect(0);
    let ran = world.spawn(["token", "--offline"]).expect(8);
    assert!(ran.err.contains("nothing says which is meant") && ran.err.contains("--deployment"), "{ran:?}");
    let (url, ada, grace) = (one.url(), "ada@example.org", GRACE);
    let token = |world: &Sandbox, email: &str, url: &str| {
        let mut command = world.command();
        command.args(["token", "--offline", "--deployment", url]).env("CODEOCEAN_EMAIL", email);
        piped(&mut command, "").out
    };
    assert_eq!(token(&world, ada, &url), format!("{TOKEN}\n"));
    assert_eq!(token(&world, grace, &url), format!("{OTHER}\n"));
    assert_eq!(token(&world, "zoe@example.org", &url), "");
    let mut command = world.command();
    command.args(["token", "--offline", "--deployment", &url]).env("CODEOCEAN_EMAIL", "zoe@example.org");
    let ran = piped(&mut command, "").expect(3);
    assert!(ran.err.contains(&format!("zoe@example.org is not logged in at {url}")), "{ran:?}");
    assert_eq!(world.spawn(["token", "--offline", "--deployment", &two.url()]).expect(0).out, format!("{OTHER}\n"));
    // Git gives the user and gets that user's token; for a user without a login, nothing.
    let host = &url["https://".len()..];
    let ask =
        |user: &str| world.pipe(&["git-credential", "get"], &format!("protocol=https\nhost={host}\nusername={user}\n"));
    assert_eq!(ask(ada).expect(0).out, format!("password={TOKEN}\nusername={ada}\n"));
    assert_eq!(ask(grace).expect(0).out, format!("password={OTHER}\nusername={grace}\n"));
    assert_eq!(ask("zoe@example.org").expect(0).out, "");
    let ran = world.spawn(["logout"]).expect(2);
    assert!(ran.err.contains("--all"), "{ran:?}");
    world.spawn(["logout", "--deployment", &url, "--email", grace]).expect(0);
    assert_eq!(world.spawn(["token", "--offline", "--deployment", &url]).expect(0).out, format!("{TOKEN}\n"));
    world.spawn(["logout", "--all"]).expect(0);
    assert_eq!(world.spawn(["list", "--json"]).expect(0).out, "[]\n");
}

/// The index is read before a store is written to.
#[test]
fn login_stores_nothing_if_the_index_is_unusable() {
    let deployment = deployment();
    let Some((world, _bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    let list = world.path("home/.local/share/co-cred/logins.json");
    fs::set_permissions(&list, fs::Permissions::from_mode(0o644)).unwrap();
    login(&world, &deployment, TOKEN, &["--expires", "2999-12-31"]).expect(6);
    login(&world, &deployment, OTHER, &[]).expect(6);
    fs::set_permissions(&list, fs::Permissions::from_mode(0o600)).unwrap();
    let kept = world.spawn(["list", "--json"]).expect(0).json();
    assert_eq!((kept.as_array().unwrap().len(), &kept[0]["expires"]), (1, &serde_json::Value::Null));
    if has("secret-tool") {
        let found = world.spawn_program("secret-tool", &["lookup", "application", "co-cred", "user", GRACE]);
        assert_eq!(found.out, "", "a token without a record in the index");
    }
}

#[test]
fn logout_force_removes_a_login_whose_keyring_is_gone() {
    let deployment = deployment();
    let Some((world, bus)) = with_keyring(&deployment) else { return };
    login(&world, &deployment, TOKEN, &[]).expect(0);
    login(&world, &deployment, OTHER, &["--insecure-storage"]).expect(0);
    let address = bus.address();
    let away = world.without("DBUS_SESSION_BUS_ADDRESS");
    // A login that cannot be removed does not stop the removal of the others.
    let ran = away.spawn(["logout", "--all"]).expect(6);
    assert!(ran.err.contains("grace@example.org is logged out") && ran.err.contains("--force"), "{ran:?}");
    let ran = login(&away, &deployment, TOKEN, &["--insecure-storage"]).expect(0);
    assert!(ran.err.contains("the former token of ada@example.org is still in the Secret Service"), "{ran:?}");
    away.spawn(["logout"]).expect(0);
    let world = away.with("DBUS_SESSION_BUS_ADDRESS", &address);
    login(&world, &deployment, TOKEN, &[]).expect(0);
    let away = world.without("DBUS_SESSION_BUS_ADDRESS");
    away.spawn(["logout"]).expect(6);
    let ran = away.spawn(["logout", "--force"]).expect(0);
    assert!(ran.err.contains("its token is still stored there"), "{ran:?}");
    assert_eq!(away.spawn(["list", "--json"]).expect(0).out, "[]\n");
}

#[test]
fn login_needs_an_email_if_the_deployment_does_not_name_the_account() {
    let owner = Account { has_capsule: false, data_assets: false, ..Account::new(TOKEN) };
    let deployment = Plan::default().account(owner).tls().start();
    let world = workstation(&deployment);
    let ran = login(&world, &deployment, TOKEN, &["--insecure-storage"]).expect(2);
    assert!(
        ran.err.contains("does not say which account the token belongs to") && ran.err.contains("--email"),
        "{ran:?}"
    );
    login(&world, &deployment, TOKEN, &["--insecure-storage", "--email", "ada@example.org"]).expect(0);
    // Without a deployment, nothing can be saved.
    let ran = Sandbox::new().pipe(&["login"], TOKEN).expect(3);
    assert!(ran.err.contains("--deployment"), "{ran:?}");
}

#[test]
fn login_saves_nothing_if_the_deployment_is_unreachable() {
    let deployment = Plan::with_token(TOKEN).tls().always(Fault::Status(503)).start();
    let world = workstation(&deployment);
    login(&world, &deployment, TOKEN, &["--insecure-storage", "--timeout", "500ms"]).expect(5);
    assert_eq!(world.spawn(["list", "--json"]).expect(0).out, "[]\n");
}
