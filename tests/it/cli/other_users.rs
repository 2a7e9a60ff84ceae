//! Files of other users: root in a user's home, and owners that a user namespace does not map.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use fake_deployment::Plan;

use crate::support::sandbox::{Sandbox, TOKEN, bin, has};
use crate::support::workstation::piped;

const USER: u32 = 12345;

/// A sandbox whose home and cache belong to another user, while this process is root.
fn home_of_a_user() -> Option<Sandbox> {
    let world = Sandbox::new();
    if fs::metadata(world.path("")).unwrap().uid() != 0 {
        return None;
    }
    fs::create_dir(world.path("run")).unwrap();
    for folder in ["home", "cache", "run", "work"] {
        std::os::unix::fs::chown(world.path(folder), Some(USER), Some(USER)).unwrap();
    }
    fs::set_permissions(world.path(""), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    Some(world)
}

/// The files of root in a folder.
fn of_root(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let all = entries.flat_map(|path| if path.is_dir() { [of_root(&path), vec![path]].concat() } else { vec![path] });
    all.filter(|path| path.symlink_metadata().unwrap().uid() == 0).collect()
}

#[test]
fn root_leaves_nothing_in_the_home_of_a_user() {
    let Some(world) = home_of_a_user() else { return };
    let deployment = Plan::with_token(TOKEN).start();
    let url = deployment.url();
    for runtime in [false, true] {
        let mut world = home_of_a_user().unwrap();
        if runtime {
            let run = world.path("run");
            world = world.with("XDG_RUNTIME_DIR", run);
        } else {
            world = world.without("XDG_CACHE_HOME");
        }
        let world = world.with("CODEOCEAN_TOKEN", TOKEN).with("CODEOCEAN_DOMAIN", &url);
        world.spawn(["check"]).expect(0);
        world.spawn(["exec", "--", "true"]).expect(0);
        let _ = world.spawn(["logout", "--all"]);
        let config = world.path("home/.config/co-cred/config.toml");
        for args in [
            &["login", "--insecure-storage", "--offline", "--email", "ada@example.org", "--deployment", &url][..],
            &["setup", "git"],
            &["setup", "docker"],
            &["agent"],
        ] {
            let ran = world.pipe(args, TOKEN).expect(2);
            assert!(ran.err.contains("another user's") && ran.err.contains("sudo"), "{args:?}: {ran:?}");
        }
        assert!(!config.exists());
        for folder in ["home", "cache", "run"] {
            assert_eq!(of_root(&world.path(folder)), [] as [PathBuf; 0]);
        }
    }
    // The user can log in afterwards.
    let copy = world.path("co-cred");
    assert!(Command::new("cp").arg(bin()).arg(&copy).status().unwrap().success());
    let login = ["login", "--insecure-storage", "--offline", "--email", "ada@example.org", "--deployment", &url];
    let mut user = world.program("setpriv");
    user.args(["--reuid=12345", "--regid=12345", "--clear-groups"]).arg(&copy).args(login);
    piped(&mut user, TOKEN).expect(0);
    // A warning names the other user's login, and root uses another token.
    let ran = world.spawn(["token", "--offline"]).expect(6);
    assert!(ran.err.contains("another user's") && ran.err.contains("sudo"), "{ran:?}");
    let world = world.with("CUSTOM_KEY", TOKEN);
    assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

/// In a user namespace, every owner that it does not map looks the same, this process's own included.
#[test]
fn a_file_of_an_unmapped_owner_is_foreign() {
    if !has("unshare") {
        return;
    }
    let world = Sandbox::new();
    let login =
        ["login", "--insecure-storage", "--offline", "--email", "ada@example.org", "--deployment=co.example.org"];
    world.pipe(&login, TOKEN).expect(0);
    let mut unmapped = world.program("unshare");
    unmapped.arg("--user").arg(bin());
    let ran = piped(unmapped.args(["token", "--offline"]), "");
    if ran.err.starts_with("unshare:") {
        return;
    }
    let ran = ran.expect(6);
    assert!(ran.err.contains("another user's"), "{ran:?}");
    // If the namespace maps the user, the files belong to the user.
    let mut mapped = world.program("unshare");
    mapped.args(["--user", "--map-root-user"]).arg(bin());
    assert_eq!(piped(mapped.args(["token", "--offline"]), "").expect(0).out, format!("{TOKEN}\n"));
}
