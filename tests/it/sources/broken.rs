//! Sources that are here but cannot be used stop the search; what belongs to another user does not.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::sandbox::{Sandbox, TOKEN};

#[test]
fn a_named_file_or_variable_must_exist() {
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).with("HOLLOW", "").file("work/hollow", "\n");
    let path = |name: &str| world.path(name).display().to_string();
    for args in [
        ["--token-env", "MISSING"],
        ["--token-env", "HOLLOW"],
        ["--token-file", &path("work/missing")],
        ["--token-file", &path("work/hollow")],
        ["--token-file", &path("work")],
    ] {
        let ran = world.run(["token", "--offline"].iter().chain(&args)).expect(6);
        assert_eq!(ran.out, "");
    }
    // One of two that is empty is as final.
    let both = Sandbox::new().with("GOOD", TOKEN).with("CO_CRED_TOKEN_ENV", "GOOD").file("work/hollow", " ");
    let hollow = both.path("work/hollow");
    both.with("CO_CRED_TOKEN_FILE", hollow).run(["token", "--offline"]).expect(6);
    for name in ["CO_CRED_TOKEN_ENV", "CO_CRED_TOKEN_FILE"] {
        let world = Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).with(name, "/nowhere");
        world.run(["token", "--offline"]).expect(6);
    }
}

#[test]
fn a_broken_source_is_never_skipped_for_a_later_one() {
    let long = "x".repeat(9 * 1024);
    let worlds = [
        Sandbox::new().with("CODEOCEAN_TOKEN", format!("{TOKEN}\nmore")),
        Sandbox::new().with("CODEOCEAN_TOKEN", long.clone()),
        Sandbox::new().with("API_KEY", format!("cop_{long}")),
        Sandbox::new().file("mount/CODEOCEAN_TOKEN", &long),
        Sandbox::new().file("mount/secrets", "export A='"),
        Sandbox::new().file("mount/secrets", format!("#{}", "x".repeat(64 * 1024))),
        Sandbox::new().file("mount/secrets/x", ""),
        Sandbox::new().file("mount/secrets", "export CODEOCEAN_TOKEN=$(cat /token)"),
    ];
    for world in worlds {
        let world = world.credentials("https://co.example.org", TOKEN);
        for command in ["token", "check", "status"] {
            let ran = world.run([command, "--offline"]).expect(6);
            assert!(!ran.out.contains(TOKEN), "{ran:?}");
        }
        let ran = world.spawn(["exec", "--offline", "--", "true"]).expect(125);
        assert!(ran.err.contains("unreadable"), "{ran:?}");
    }
    let world = Sandbox::new().file("home/.codeocean/credentials.json", "{\"domain\": \"https://co.exam");
    world.run(["token", "--offline"]).expect(6);
}

#[test]
fn a_named_mount_must_be_readable_throughout() {
    let world = Sandbox::new().file("mount/fine", "x").with("CUSTOM_KEY", TOKEN);
    symlink("/nowhere", world.path("mount/CUSTOM_KEY")).unwrap();
    let ran = world.run(["token", "--offline"]).expect(6);
    assert!(ran.err.contains("dangling symbolic link"), "{ran:?}");
    // Where the mount has the token all the same, the rest is worth a remark.
    let world = world.file("mount/token", TOKEN);
    let ran = world.run(["token", "--offline"]).expect(0);
    assert!(ran.err.contains("dangling symbolic link"), "{ran:?}");
}

#[test]
fn token_in_the_shell_file_that_no_variable_has_is_reported() {
    let files = [
        format!("{TOKEN}\n"),
        format!("CODEOCEAN_TOKEN = {TOKEN}\n"),
        format!("CODEOCEAN_TOKEN: {TOKEN}\n"),
        format!("{{\"CODEOCEAN_TOKEN\": \"{TOKEN}\"}}\n"),
    ];
    for file in files {
        let world = Sandbox::new().file("mount/secrets", &file);
        for command in ["token", "check", "doctor"] {
            let ran = world.run([command, "--offline"]).expect(3);
            let all = format!("{}{}", ran.out, ran.err);
            assert!(all.contains("mount/secrets holds what looks like an access token"), "{command} {file}: {ran:?}");
            assert!(!all.contains(TOKEN), "{command} {file}: {ran:?}");
        }
        // Another source has a token: nothing to report.
        let ran = world.with("CUSTOM_KEY", TOKEN).run(["token", "--offline"]).expect(0);
        assert!(!ran.err.contains("looks like"), "{file}: {ran:?}");
    }
    let both = format!("# old: {TOKEN}\nexport CODEOCEAN_TOKEN={TOKEN}\n");
    let ran = Sandbox::new().file("mount/secrets", both).run(["token", "--offline"]).expect(0);
    assert!(!ran.err.contains("looks like"), "{ran:?}");
}

#[test]
fn a_generic_secret_that_is_computed_may_have_been_the_token() {
    let world = Sandbox::new().file("mount/secrets", "export CUSTOM_KEY=\"$(cat /x)\"\nexport PATH=\"$PATH:/y\"\n");
    let ran = world.run(["token", "--offline"]).expect(6);
    assert!(ran.err.contains("computes CUSTOM_KEY"), "{ran:?}");
    Sandbox::new().file("mount/secrets", "export PATH=\"$PATH:/y\"\n").run(["token", "--offline"]).expect(3);
}

#[test]
fn a_quote_on_one_side_is_a_mistake_and_not_a_token() {
    for raw in [format!("'{TOKEN}"), format!("{TOKEN}\"")] {
        let ran = Sandbox::new().with("API_KEY", raw).run(["token", "--offline"]).expect(6);
        assert!(ran.err.contains("quote"), "{ran:?}");
    }
    let blanks = format!("{}{TOKEN}", " ".repeat(100));
    Sandbox::new().with("API_KEY", blanks).run(["token", "--offline"]).expect(0);
}

#[test]
fn a_mount_of_another_user_is_skipped() {
    // As on a desktop whose /run/secrets belongs to other services: seen as another user, in a mount namespace.
    let script =
        "mkdir -p /run/secrets && mount -t tmpfs none /run/secrets && mkdir /run/secrets/x && chmod 0700 /run/secrets";
    let world =
        Sandbox::new().without("CO_CRED_SECRETS_DIR").with("API_KEY", TOKEN).without("HOME").without("CO_CAPSULE_PATH");
    if world.spawn_program("unshare", &["-m", "sh", "-c", script]).code != 0 {
        return;
    }
    crate::support::sandbox::copy_bin(&world.path("co-cred"));
    for (mode, domain) in [("0700", false), ("0751", true)] {
        let file = "echo https://mounted.example.org > /run/secrets/CODEOCEAN_DOMAIN && chmod 644 /run/secrets/*N";
        let binary = world.path("co-cred");
        let run = format!(
            "{script} && {file} && chmod {mode} /run/secrets && cp {} /run/lock/ && cd / && \
             exec setpriv --reuid=65534 --regid=65534 --clear-groups /run/lock/co-cred status --json --offline",
            binary.display()
        );
        let run = run.replace(
            "mount -t tmpfs none /run/secrets",
            "mount -t tmpfs none /run/lock && mount -t tmpfs none /run/secrets",
        );
        let ran = crate::support::sandbox::Ran::from(
            world.program("unshare").args(["-m", "sh", "-c", &run]).output().unwrap(),
        )
        .expect(0);
        assert_eq!(ran.json()["deployment"] == "https://mounted.example.org", domain, "{ran:?}");
        assert_eq!(ran.err, "");
    }
}

#[test]
fn a_closed_home_differs_from_the_home_of_another_user() {
    let run = |home: &std::path::Path| {
        let folder = home.parent().unwrap();
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(folder.join("co-cred"));
        let command = command.args(["token", "--offline"]).env_clear().env("HOME", home).current_dir("/");
        crate::support::sandbox::Ran::from(command.output().unwrap())
    };
    if !crate::support::sandbox::has("setpriv") || std::fs::read_dir("/root").is_err() {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let open = |mode| fs::Permissions::from_mode(mode);
    let folder = tempfile::Builder::new().permissions(open(0o755)).tempdir().unwrap();
    crate::support::sandbox::copy_bin(&folder.path().join("co-cred"));
    let home = folder.path().join("home");
    fs::create_dir_all(home.join(".codeocean")).unwrap();
    fs::set_permissions(&home, open(0o755)).unwrap();
    run(&home).expect(3);
    fs::set_permissions(home.join(".codeocean"), open(0o700)).unwrap();
    run(&home).expect(6);
    fs::set_permissions(&home, open(0o700)).unwrap();
    run(&home).expect(3);
}
