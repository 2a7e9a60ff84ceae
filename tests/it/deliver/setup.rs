//! `setup` changes only what it must in other programs' files, and `--undo` restores them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::json;

use crate::support::sandbox::{Sandbox, TOKEN, has};
use crate::support::setup::{HELPERS, desktop, text};

#[test]
fn setup_git_adds_one_line_and_one_file() {
    if !has("git") {
        return;
    }
    let mine = "# by hand\n[user]\n\tname = Ada   ; me\n[credential]\n\thelper = store\n[alias]\n\tst = status\n";
    let world = desktop().file("home/.gitconfig", mine);
    for _ in 0..3 {
        let ran = world.spawn(["setup", "git"]).expect(0);
        assert!(ran.err.contains("Git asks co-cred for co.example.org ("), "{ran:?}");
    }
    let ours = "[include]\n\tpath = ~/.config/co-cred/gitconfig\n";
    assert_eq!(text(&world, "home/.gitconfig"), format!("{mine}{ours}"));
    let helpers = text(&world, HELPERS);
    assert_eq!(helpers.matches("helper = !co-cred git-credential\n").count(), 2, "{helpers}");
    // No path, which an upgrade would break.
    assert!(!helpers.contains("/bin/"), "{helpers}");
    let asked = |url: &str| world.git(&["config", "--get-urlmatch", "credential.helper", url]).out;
    assert_eq!(asked("https://co.example.org/capsule-1234567.git"), "!co-cred git-credential\n");
    assert_eq!(asked("https://git.co.example.org/capsule-1234567.git"), "!co-cred git-credential\n");
    for other in ["https://github.com/x/y", "http://co.example.org/x", "https://co.example.org:8443/x"] {
        assert_eq!(asked(other), "store\n", "{other}");
    }
    world.spawn(["setup", "git", "--undo"]).expect(0);
    assert_eq!(text(&world, "home/.gitconfig"), mine);
    assert!(!world.path(HELPERS).exists());
    world.spawn(["setup", "git", "--undo"]).expect(0);
}

/// Another helper, which stores logins, does not get the token.
#[test]
fn a_helper_that_writes_plain_files_does_not_get_the_token() {
    if !has("git") {
        return;
    }
    let world = desktop().file("home/.gitconfig", "[credential]\n\thelper = store\n").with("CODEOCEAN_TOKEN", TOKEN);
    world.spawn(["setup", "git"]).expect(0);
    let mut fill = world.program("git");
    let filled = crate::support::workstation::piped(
        fill.args(["credential", "fill"]),
        "protocol=https\nhost=co.example.org\n\n",
    )
    .expect(0);
    assert!(filled.out.contains(TOKEN), "{filled:?}");
    crate::support::workstation::piped(world.program("git").args(["credential", "approve"]), &filled.out).expect(0);
    assert!(!world.path("home/.git-credentials").exists());
}

#[test]
fn docker_and_containers_keep_every_other_key() {
    let docker = json!({
        "auths": {"https://index.docker.io/v1/": {"auth": "eDp5"}},
        "credsStore": "desktop",
        "credHelpers": {"gcr.io": "gcloud", "registry.old.example.org": "co-cred"},
        "proxies": {"default": {"httpProxy": "http://proxy:3128"}},
        "zeta": [1, 2.5, null], "alpha": "é",
    });
    let containers = json!({"auths": {"quay.io": {"auth": "eDp5"}}});
    let world = desktop()
        .file("home/.docker/config.json", serde_json::to_string_pretty(&docker).unwrap())
        .file("home/.config/containers/auth.json", containers.to_string());
    let json = |below: &str| -> serde_json::Value { serde_json::from_str(&text(&world, below)).unwrap() };
    let ran = world.spawn(["setup", "docker"]).expect(0);
    assert!(ran.err.contains("ask co-cred for registry.co.example.org"), "{ran:?}");
    let once = text(&world, "home/.docker/config.json");
    let ran = world.spawn(["setup", "docker"]).expect(0);
    assert!(ran.err.contains("nothing had to be changed"), "{ran:?}");
    assert_eq!(text(&world, "home/.docker/config.json"), once);
    let mut expected = docker.clone();
    expected["credHelpers"] = json!({"gcr.io": "gcloud", "registry.co.example.org": "co-cred"});
    assert_eq!(json("home/.docker/config.json"), expected);
    // In their order, too.
    let at = |key: &str| once.find(&format!("\"{key}\"")).unwrap();
    assert!(at("auths") < at("credsStore") && at("proxies") < at("zeta") && at("zeta") < at("alpha"), "{once}");
    assert_eq!(json("home/.config/containers/auth.json")["auths"], containers["auths"]);
    world.spawn(["setup", "docker", "--undo"]).expect(0);
    expected["credHelpers"] = json!({"gcr.io": "gcloud"});
    assert_eq!(json("home/.docker/config.json"), expected);
    assert_eq!(json("home/.config/containers/auth.json"), containers);
}

#[test]
fn a_file_with_another_format_is_not_changed() {
    for broken in ["not json", "[]", "{\"credHelpers\": []}", "{\"auths\": {}", "\"x\""] {
        let world = desktop().file("home/.docker/config.json", broken);
        for args in [&["setup", "docker"][..], &["setup", "docker", "--undo"]] {
            let ran = world.spawn(args.iter().copied()).expect(6);
            assert!(ran.err.contains("config.json") && ran.err.contains("left as it is"), "{broken}: {ran:?}");
            assert_eq!(text(&world, "home/.docker/config.json"), broken);
        }
    }
    if has("git") {
        let world = desktop().file("home/.gitconfig", "[broken");
        let ran = world.spawn(["setup", "git"]);
        assert!(ran.code != 0 && ran.err.contains("Git did not change its configuration"), "{ran:?}");
        assert_eq!(text(&world, "home/.gitconfig"), "[broken");
    }
}

#[test]
fn links_and_modes_are_kept() {
    let world = desktop().file("dotfiles/config.json", "{}").file("dotfiles/gitconfig", "");
    fs::create_dir_all(world.path("home/.docker")).unwrap();
    fs::set_permissions(world.path("dotfiles/config.json"), fs::Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(world.path("dotfiles/config.json"), world.path("home/.docker/config.json")).unwrap();
    std::os::unix::fs::symlink(world.path("dotfiles/gitconfig"), world.path("home/.gitconfig")).unwrap();
    world.spawn(["setup", "docker"]).expect(0);
    assert!(text(&world, "dotfiles/config.json").contains("registry.co.example.org"));
    assert!(world.path("home/.docker/config.json").is_symlink());
    let mode = |below: &str| fs::metadata(world.path(below)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("dotfiles/config.json"), 0o644);
    // A new file is private.
    assert_eq!(mode("home/.config/containers/auth.json"), 0o600);
    if has("git") {
        world.spawn(["setup", "git"]).expect(0);
        assert!(text(&world, "dotfiles/gitconfig").contains("co-cred/gitconfig"));
        assert!(world.path("home/.gitconfig").is_symlink());
    }
}

/// Killed before each call that changes files: there is the former file or the new one, never a part.
#[test]
fn an_interruption_leaves_a_complete_file() {
    if !["strace", "git"].iter().all(|program| has(program)) {
        return;
    }
    let (mine, docker) = ("[user]\n\tname = Ada\n", "{\"auths\": {}}");
    for tool in ["git", "docker"] {
        let mut stopped = 0;
        for (call, number) in ["openat", "write", "fsync", "rename", "renameat", "unlink", "unlinkat", "ftruncate"]
            .iter()
            .flat_map(|call| (1..=40).step_by(3).map(move |number| (call, number)))
        {
            let world = desktop().file("home/.gitconfig", mine).file("home/.docker/config.json", docker);
            let inject = format!("inject={call}:signal=SIGKILL:when={number}");
            let mut strace = world.program("strace");
            strace
                .args(["-f", "-o", "/dev/null", "-e", &inject])
                .arg(crate::support::sandbox::bin())
                .args(["setup", tool]);
            let ran: crate::support::sandbox::Ran = strace.output().unwrap().into();
            stopped += usize::from(ran.code != 0);
            let git = text(&world, "home/.gitconfig");
            assert!(git == mine || git == format!("{mine}[include]\n\tpath = ~/.config/co-cred/gitconfig\n"), "{git}");
            let helpers = text(&world, HELPERS);
            assert!(helpers.is_empty() || helpers.ends_with("helper = !co-cred git-credential\n"), "{helpers}");
            // Git's configuration never names a file that does not exist yet.
            assert!(git == mine || !helpers.is_empty());
            let config = text(&world, "home/.docker/config.json");
            serde_json::from_str::<serde_json::Value>(&config).unwrap();
            // It can be done again; Git explains a lock that a killed Git left behind.
            let _ = fs::remove_file(world.path("home/.gitconfig.lock"));
            world.spawn(["setup", tool]).expect(0);
        }
        assert!(stopped > 5, "{tool}: {stopped}");
    }
}

#[test]
fn setup_reports_what_it_cannot_do() {
    let bare = Sandbox::new().on_path();
    for tool in ["git", "docker"] {
        let ran = bare.spawn(["setup", tool]).expect(3);
        assert!(ran.err.contains("no deployment is known") && ran.err.contains("co-cred login"), "{ran:?}");
    }
    // A helper that is not on PATH would not be found.
    let path = desktop().env.get("PATH").unwrap().to_owned();
    let others: Vec<_> = std::env::split_paths(&path).skip(1).collect();
    let world = desktop().with("PATH", std::env::join_paths(others).unwrap());
    let ran = world.spawn(["setup", "docker"]).expect(0);
    assert!(ran.err.contains("docker-credential-co-cred is not on PATH"), "{ran:?}");
    let folder = world.path("work/bin");
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(crate::support::sandbox::bin(), folder.join("co-cred")).unwrap();
    let found = std::env::split_paths(world.env.get("PATH").unwrap()).chain([folder.clone()]).collect::<Vec<_>>();
    let world = world.with("PATH", std::env::join_paths(found).unwrap());
    let ran = world.spawn(["setup", "docker"]).expect(0);
    assert!(ran.err.contains(&format!("ln -s co-cred {}/docker-credential-co-cred", folder.display())), "{ran:?}");
    bare.spawn(["setup", "podman"]).expect(2);
}

/// `doctor` shows what `setup` did, and what keeps it from working.
#[test]
fn doctor_checks_the_setup() {
    let path = desktop().env.get("PATH").unwrap().to_owned();
    let others: Vec<_> = std::env::split_paths(&path).skip(1).collect();
    let world = desktop().with("CODEOCEAN_TOKEN", TOKEN);
    for tool in ["docker", "git"].iter().take(1 + usize::from(has("git"))) {
        world.spawn(["setup", tool]).expect(0);
    }
    assert!(!world.spawn(["doctor", "--offline"]).expect(0).out.contains("not-on-path"));
    let away = world.with("PATH", std::env::join_paths(others).unwrap());
    let ran = away.spawn(["doctor", "--offline"]).expect(0);
    assert!(ran.out.contains("docker-credential-co-cred is not on PATH, where Docker looks for it"), "{ran:?}");
    assert!(!has("git") || ran.out.contains("co-cred is not on PATH, where Git looks for it"), "{ran:?}");
}

/// A login updates the setup with its deployment, if `setup` was run before. A logout does not: co-cred is silent for an unknown
/// deployment.
#[test]
fn a_login_updates_the_setup() {
    let world = desktop();
    world.spawn(["setup", "docker"]).expect(0);
    let login = |deployment: &str| {
        let login = ["login", "--offline", "--insecure-storage", "--email", "a@b.org", "--deployment", deployment];
        world.pipe(&login, TOKEN).expect(0);
    };
    login("two.example.org");
    assert!(text(&world, "home/.docker/config.json").contains("registry.two.example.org"));
    assert!(!world.path(HELPERS).exists(), "setup git was never run");
    world.spawn(["logout"]).expect(0);
    fs::remove_file(world.path("home/.config/co-cred/config.toml")).unwrap();
    login("three.example.org");
    assert!(text(&world, "home/.docker/config.json").contains("registry.three.example.org"));
}

/// The user chose another helper for a registry, or for all of Git: co-cred reports it.
#[test]
fn another_helper_is_not_replaced_silently() {
    let mine = "{\"credHelpers\": {\"registry.co.example.org\": \"pass\"}}";
    let world = desktop().file("home/.docker/config.json", mine);
    let ran = world.spawn(["setup", "docker"]).expect(6);
    assert!(ran.err.contains("names the helper \"pass\" for registry.co.example.org"), "{ran:?}");
    assert_eq!(text(&world, "home/.docker/config.json"), mine);
    assert!(!world.path("home/.config/containers/auth.json").exists(), "all or none");
    if !has("git") {
        return;
    }
    // A helper that was set later is cleared by the next `setup git`; one that cannot be cleared is a warning.
    world.spawn(["setup", "git"]).expect(0);
    world.git(&["config", "--global", "credential.helper", "store"]).expect(0);
    world.spawn(["setup", "git"]).expect(0);
    let last = ["config", "--get-urlmatch", "credential.helper", "https://co.example.org"];
    assert_eq!(world.git(&last).out, "!co-cred git-credential\n");
    world.git(&["init", "-q"]).expect(0);
    world.git(&["config", "credential.https://co.example.org.helper", "store"]).expect(0);
    let ran = world.spawn(["setup", "git"]).expect(0);
    assert!(ran.err.contains("another helper comes after co-cred"), "{ran:?}");
}

#[test]
fn undo_continues_after_an_error() {
    let world = desktop();
    world.spawn(["setup", "docker"]).expect(0);
    assert!(world.path("home/.docker/config.json").exists());
    fs::write(world.path("home/.docker/config.json"), "broken").unwrap();
    world.spawn(["setup", "docker", "--undo"]).expect(6);
    // A file with no other content is removed.
    assert!(!world.path("home/.config/containers/auth.json").exists());
    let world = desktop().file("home/.docker/config.json", "{\"credHelpers\": null, \"x\": 1}");
    world.spawn(["setup", "docker"]).expect(0);
    world.spawn(["setup", "docker", "--undo"]).expect(0);
    let left: serde_json::Value = serde_json::from_str(&text(&world, "home/.docker/config.json")).unwrap();
    assert_eq!(left, json!({"x": 1}));
}

#[test]
fn a_file_keeps_its_owner() {
    let world = desktop().file("home/.docker/config.json", "{}");
    let path = world.path("home/.docker/config.json");
    // Only root can give a file away.
    if std::os::unix::fs::chown(&path, Some(1234), Some(1234)).is_err() {
        return;
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    world.spawn(["setup", "docker"]).expect(0);
    let meta = fs::metadata(&path).unwrap();
    assert_eq!((meta.uid(), meta.gid(), meta.permissions().mode() & 0o777), (1234, 1234, 0o640));
}
