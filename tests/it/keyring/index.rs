//! The list of logins as a file: other versions, unknown entries, limits; and many logins at once.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::sandbox::{OTHER, Sandbox, TOKEN, bin, has};
use crate::support::workstation::{Bus, piped};

const LIST: &str = "home/.local/share/co-cred/logins.json";
const LOGIN: [&str; 4] = ["login", "--insecure-storage", "--offline", "--deployment=https://co.example.org"];

fn login(world: &Sandbox, email: &str, token: &str) {
    world.pipe(&[&LOGIN[..], &["--email", email]].concat(), token).expect(0);
}

fn list(world: &Sandbox) -> Value {
    serde_json::from_slice(&fs::read(world.path(LIST)).unwrap()).unwrap()
}

/// Changes the list, as another version of co-cred or a user might.
fn edit(world: &Sandbox, change: impl FnOnce(&mut Value)) {
    let mut changed = list(world);
    change(&mut changed);
    fs::write(world.path(LIST), changed.to_string()).unwrap();
}

fn token(world: &Sandbox) -> String {
    world.spawn(["token", "--offline", "--deployment", "https://co.example.org"]).out
}

#[test]
fn the_index_has_a_version_and_keeps_unknown_keys() {
    let world = Sandbox::new();
    login(&world, "ada@example.org", TOKEN);
    assert_eq!(list(&world)["version"], 1);
    edit(&world, |list| {
        list["future"] = json!({"nested": [1, 2.50, "x"]});
        list["logins"][0]["colour"] = json!("blue");
    });
    login(&world, "grace@example.org", OTHER);
    let kept = list(&world);
    assert_eq!(kept["future"], json!({"nested": [1, 2.50, "x"]}));
    assert_eq!(kept["logins"][0]["colour"], "blue");
    // A new token of the same login keeps them too.
    login(&world, "ada@example.org", OTHER);
    assert_eq!(list(&world)["logins"][0]["colour"], "blue");
    world.spawn(["logout", "--email", "grace@example.org"]).expect(0);
    assert_eq!(list(&world)["future"], json!({"nested": [1, 2.50, "x"]}));
}

#[test]
fn an_unknown_entry_does_not_affect_the_others() {
    for bad in [
        json!({"deployment": "https://other.example.org", "email": "ada@example.org", "store": "quantum-vault"}),
        json!({"deployment": "http://other.example.org", "email": "ada@example.org", "store": "file"}),
        json!({"deployment": "https://other.example.org", "email": "not an e-mail", "store": "file"}),
        json!({"deployment": "https://other.example.org"}),
        json!({}),
        json!("x"),
        json!(null),
        json!([[[[]]]]),
    ] {
        let world = Sandbox::new();
        login(&world, "ada@example.org", TOKEN);
        edit(&world, |list| list["logins"].as_array_mut().unwrap().insert(0, bad.clone()));
        assert_eq!(token(&world), format!("{TOKEN}\n"), "{bad}");
        assert_eq!(world.spawn(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"), "{bad}");
        // It is reported by `list`, and where no token is found, since it may have been the wanted login.
        let ran = world.spawn(["list"]).expect(0);
        assert!(ran.out.contains("ada@example.org") && ran.err.contains("logins.json"), "{bad}: {ran:?}");
        let ran = world.spawn(["token", "--offline", "--deployment", "https://third.example.org"]).expect(6);
        assert!(ran.err.contains("logins.json"), "{bad}: {ran:?}");
        // It is written back unchanged, and Git gets no warning for other hosts.
        login(&world, "grace@example.org", OTHER);
        assert_eq!(list(&world)["logins"][0], bad);
        let ran = world.pipe(&["git-credential", "get"], "protocol=https\nhost=github.com\n").expect(0);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{bad}");
        let ran = world.spawn(["logout", "--all"]).expect(0);
        assert!(ran.err.contains("logins.json"), "{bad}: {ran:?}");
    }
}

#[test]
fn an_index_of_a_later_version_is_read_and_not_written() {
    let world = Sandbox::new();
    login(&world, "ada@example.org", TOKEN);
    edit(&world, |list| list["version"] = json!(2));
    let before = list(&world);
    assert_eq!(token(&world), format!("{TOKEN}\n"));
    let ran = world.pipe(&["git-credential", "get"], "protocol=https\nhost=github.com\n").expect(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    let ran = world.pipe(&[&LOGIN[..], &["--email", "ada@example.org"]].concat(), OTHER).expect(6);
    assert!(ran.err.contains("version 2") && ran.err.contains("newer co-cred"), "{ran:?}");
    assert_eq!(list(&world), before);
    for version in [json!(0), json!(-1), json!("one"), json!(null)] {
        edit(&world, |list| list["version"] = version.clone());
        assert_eq!(token(&world), format!("{TOKEN}\n"), "{version}");
    }
    // The first format had no version.
    edit(&world, |list| drop(list.as_object_mut().unwrap().remove("version")));
    login(&world, "ada@example.org", OTHER);
    assert_eq!(token(&world), format!("{OTHER}\n"));
}

#[test]
fn an_index_over_the_size_limit_is_not_written() {
    let world = Sandbox::new();
    login(&world, "ada@example.org", TOKEN);
    edit(&world, |list| list["future"] = json!("x".repeat(1024 * 1024 - 700)));
    let ran = world.pipe(&[&LOGIN[..], &["--email", &format!("{}@example.org", "y".repeat(60))]].concat(), OTHER);
    let mut ran = ran;
    for number in 0..10 {
        if ran.code != 0 {
            break;
        }
        ran = world.pipe(&[&LOGIN[..], &["--email", &format!("u{number}@example.org")]].concat(), OTHER);
    }
    let ran = ran.expect(6);
    assert!(ran.err.contains("1024 KiB") && !ran.err.contains("disk"), "{ran:?}");
    assert!(fs::metadata(world.path(LIST)).unwrap().len() <= 1024 * 1024);
    assert!(world.spawn(["list"]).expect(0).out.contains("ada@example.org"));
    world.spawn(["logout", "--email", "ada@example.org"]).expect(0);
}

/// A sandbox with the real keyring and many logins, of which one has an entry.
fn many(count: usize) -> Option<(Sandbox, Bus)> {
    if !has("strace") {
        return None;
    }
    let world = Sandbox::new();
    let bus = Bus::with_keyring(&world)?;
    let world = world.with("DBUS_SESSION_BUS_ADDRESS", bus.address());
    let args = ["login", "--offline", "--email=user0@example.org", "--deployment=https://co.example.org"];
    world.pipe(&args, TOKEN).expect(0);
    let login = |number: usize| json!({"deployment": "https://co.example.org", "email": format!("user{number}@example.org"), "store": "secret-service"});
    edit(&world, |list| list["logins"] = (0..count).map(login).collect());
    Some((world, bus))
}

#[test]
fn many_logins_are_listed_over_one_connection() {
    let Some((world, _bus)) = many(300) else { return };
    let log = world.path("work/strace");
    let mut strace = world.program("strace");
    strace.args(["-f", "-e", "trace=clone,clone3", "-o"]).arg(&log).arg(bin()).arg("list");
    let ran: crate::support::sandbox::Ran = strace.output().unwrap().into();
    assert_eq!(ran.out.lines().count(), 300, "{ran:?}");
    assert!(!ran.out.contains("did not answer"), "{ran:?}");
    assert_eq!(ran.out.matches("gone: log in again").count(), 299, "{ran:?}");
    let threads = fs::read_to_string(&log).unwrap().lines().filter(|line| line.contains("clone")).count();
    assert!(threads < 12, "{threads} threads");
    world.spawn(["logout", "--all"]).expect(0);
    assert_eq!(world.spawn(["list", "--json"]).expect(0).out, "[]\n");
    if has("secret-tool") {
        assert_eq!(world.spawn_program("secret-tool", &["lookup", "application", "co-cred"]).out, "");
    }
}

#[test]
fn a_hanging_keyring_is_waited_for_once() {
    let Some((world, bus)) = many(40) else { return };
    bus.signal("STOP");
    for (args, code) in [(&["list"][..], 0), (&["logout", "--all"], 6), (&["logout", "--all", "--force"], 0)] {
        let start = Instant::now();
        let ran = world.spawn(args.iter().copied()).expect(code);
        assert!(start.elapsed() < Duration::from_secs(10), "{args:?}: {:?}", start.elapsed());
        assert!(ran.err.contains("did not answer") || ran.out.contains("did not answer"), "{args:?}: {ran:?}");
    }
    bus.signal("CONT");
    // A login was removed with --force: its token is deleted as soon as the keyring answers.
    assert_eq!(world.spawn(["list", "--json"]).expect(0).out, "[]\n");
    world.spawn(["logout", "--all"]).expect(0);
    if has("secret-tool") {
        assert_eq!(world.spawn_program("secret-tool", &["lookup", "application", "co-cred"]).out, "");
    }
}

#[test]
fn logout_deletes_tokens_that_no_index_names() {
    let Some((world, _bus)) = many(1) else { return };
    fs::remove_file(world.path(LIST)).unwrap();
    world.spawn(["logout", "--all"]).expect(0);
    if has("secret-tool") {
        let found = world.spawn_program("secret-tool", &["search", "--all", "application", "co-cred"]);
        assert!(!found.out.contains("cop_"), "{found:?}");
    }
}

/// A login may be in a data folder that cannot be entered.
#[test]
fn a_data_folder_that_cannot_be_entered_is_an_error() {
    if !has("setpriv") {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let config = "[[deployment]]\ndomain = \"co.example.org\"\n";
    let world = Sandbox::new().file("home/.config/co-cred/config.toml", config);
    login(&world, "ada@example.org", TOKEN);
    let close = |below: &str, mode| fs::set_permissions(world.path(below), fs::Permissions::from_mode(mode)).unwrap();
    close("", 0o755);
    if fs::metadata(world.path("")).map(|meta| std::os::unix::fs::MetadataExt::uid(&meta)).unwrap() == 0 {
        assert!(Command::new("chown").args(["-R", "12345"]).arg(world.path("home")).status().unwrap().success());
    }
    let run = |world: &Sandbox| piped(as_another_user(world).args(["token", "--offline"]), "");
    assert_eq!(run(&world).expect(0).out, format!("{TOKEN}\n"));
    for (below, file) in [
        ("home/.local/share/co-cred", "logins.json"),
        ("home/.local/share", "logins.json"),
        ("home/.local", "logins.json"),
        ("home/.config/co-cred", "config.toml"),
        ("home/.config", "config.toml"),
    ] {
        for below in ["home/.local", "home/.config"] {
            close(below, 0o755);
        }
        close(below, 0o000);
        let ran = run(&world);
        assert_eq!(ran.code, 6, "{below}: {ran:?}");
        assert!(ran.err.contains("permission denied") && ran.err.contains(file), "{below}: {ran:?}");
        close(below, 0o755);
    }
    // The home of another user is not this user's data folder, unless it is named.
    close("home", 0o000);
    assert_eq!(run(&world).code, 3);
    let named = world.path("home/.local/share");
    let world = world.with("XDG_DATA_HOME", named);
    assert_eq!(run(&world).code, 6);
}

/// Runs the real binary as a user who is not root.
fn as_another_user(world: &Sandbox) -> Command {
    let copy = world.path("co-cred");
    // Copied by another process: a child forked meanwhile would inherit the file open for writing (ETXTBSY).
    assert!(Command::new("cp").arg(bin()).arg(&copy).status().unwrap().success());
    let mut other = world.program("setpriv");
    match fs::metadata(world.path("")).map(|meta| std::os::unix::fs::MetadataExt::uid(&meta)) {
        Ok(0) => other.args(["--reuid=12345", "--regid=12345", "--clear-groups"]),
        _ => other.arg("--no-new-privs"),
    };
    other.arg(copy);
    other
}
