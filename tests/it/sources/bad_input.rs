//! Files that are not what they should be: a clear error with the path and the reason, exit 6 where the file was needed,
//! a remark where it was a hint only; never a panic, never a hang.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::sandbox::{Sandbox, TOKEN, has, is_root, write};

/// Ways to spoil the file at a path, and a word of the reason.
fn spoilers(limit: usize) -> Vec<(&'static str, Box<dyn Fn(&Path)>, &'static str)> {
    vec![
        ("too large", Box::new(move |path| write(path, &vec![b' '; limit + 1])), "larger than"),
        ("a folder", Box::new(|path| fs::create_dir_all(path).unwrap()), "folder"),
        (
            "a FIFO",
            Box::new(|path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success())),
            "regular file",
        ),
        ("a dangling link", Box::new(|path| symlink("/nowhere/at/all", path).unwrap()), "dangling symbolic link"),
        ("a link to itself", Box::new(|path| symlink(path, path).unwrap()), "cannot be opened"),
        ("a device", Box::new(|path| symlink("/dev/zero", path).unwrap()), "regular file"),
    ]
}

fn spoiled(file: &str, spoil: &dyn Fn(&Path)) -> Sandbox {
    let world = Sandbox::new();
    fs::create_dir_all(world.path(file).parent().unwrap()).unwrap();
    spoil(&world.path(file));
    world
}

#[test]
fn a_needed_file_that_cannot_be_used_is_named_with_its_reason() {
    let cases = [
        ("mount/secrets", 64 * 1024),
        ("mount/CODEOCEAN_TOKEN", 8 * 1024),
        ("home/.codeocean/credentials.json", 64 * 1024),
        ("work/token", 8 * 1024),
    ];
    for (file, limit) in cases {
        for (name, spoil, reason) in spoilers(limit) {
            let world = spoiled(file, &*spoil);
            let path = world.path(file).display().to_string();
            let args: &[&str] = if file == "work/token" { &["--token-file", &path] } else { &[] };
            let ran = world.run(["token", "--offline"].iter().chain(args)).expect(6);
            assert!(ran.err.contains(&path) && ran.err.contains(reason), "{file}, {name}: {ran:?}");
        }
    }
}

#[test]
fn a_slot_file_that_cannot_be_used_is_remarked_on() {
    for file in ["capsule/.codeocean/secrets.json", "capsule/environment/environment.yml"] {
        for (name, spoil, reason) in spoilers(64 * 1024) {
            let world = spoiled(file, &*spoil).with("CUSTOM_KEY", TOKEN);
            let path = world.path(file).display().to_string();
            let ran = world.run(["token", "--offline"]).expect(0);
            assert!(
                ran.err.contains("warning") && ran.err.contains(&path) && ran.err.contains(reason),
                "{name}: {ran:?}"
            );
            let ran = world.without("CUSTOM_KEY").run(["token", "--offline"]).expect(3);
            assert!(ran.err.contains(&path) && ran.err.contains(reason), "{name}: {ran:?}");
        }
    }
}

#[test]
fn a_slot_file_with_the_wrong_contents_is_remarked_on() {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\ncredentials: [*e,*e,*e,*e,*e,*e]\n";
    let json = [
        "",
        "{\"version\": 1, \"secrets\": [{\"type\": \"gen",
        "{\"version\": 2, \"secrets\": []}",
        "{\"version\": \"1\", \"secrets\": []}",
        "{\"secrets\": []}",
        "[]",
        "null",
        "{\"version\": 1, \"secrets\": {\"a\": \"b\"}}",
        "{\"version\": 1, \"secrets\": [\"a\"]}",
        deep.as_str(),
    ];
    let yaml = ["credentials: 7", "credentials:\n- a\n- b", "a: [b", deep.as_str(), bomb, "? {"];
    let files = json.map(|text| ("capsule/.codeocean/secrets.json", text)).into_iter();
    let files = files.chain(yaml.map(|text| ("capsule/environment/environment.yml", text)));
    for (file, text) in files {
        let world = Sandbox::new().file(file, text).with("CUSTOM_KEY", TOKEN);
        let ran = world.run(["token", "--offline"]).expect(0);
        let path = world.path(file).display().to_string();
        assert!(ran.err.contains("warning") && ran.err.contains(&path), "{text:.60}: {ran:?}");
    }
    for (file, bytes) in
        [("capsule/.codeocean/secrets.json", b"\xff\xfe{"), ("capsule/environment/environment.yml", b"\xff\xfea")]
    {
        let ran = Sandbox::new().file(file, bytes).with("CUSTOM_KEY", TOKEN).run(["token", "--offline"]).expect(0);
        assert!(ran.err.contains("warning"), "{ran:?}");
    }
}

#[test]
fn what_is_odd_but_harmless_in_a_slot_file_passes() {
    let json = [
        "{\"version\": 1}",
        "{\"version\": 1, \"secrets\": [], \"more\": {}}",
        "{\"version\": 1, \"secrets\": [{\"type\": \"general\", \"value\": 7}, {\"value\": \"1 bad\"}, {}]}",
    ];
    let yaml =
        ["", "# nothing\n", "other: 1\n", "credentials:\n", "credentials: []\n", "x: !custom y\ncredentials: []\n"];
    for text in json {
        let world = Sandbox::new().file("capsule/.codeocean/secrets.json", text).with("CUSTOM_KEY", TOKEN);
        assert_eq!(world.run(["token", "--offline"]).expect(0).err, "", "{text}");
    }
    for text in yaml {
        let world = Sandbox::new().file("capsule/environment/environment.yml", text).with("CUSTOM_KEY", TOKEN);
        assert_eq!(world.run(["token", "--offline"]).expect(0).err, "", "{text}");
    }
}

#[test]
fn unknown_yaml_tags_are_no_reason_to_panic() {
    let yaml = "credentials: !secret\n- !slot\n  type: !t general\n  value: !name CUSTOM_KEY\n";
    let world = Sandbox::new().file("capsule/environment/environment.yml", yaml).with("CUSTOM_KEY", TOKEN);
    assert_eq!(world.run(["token", "--offline"]).expect(0).out, format!("{TOKEN}\n"));
}

#[test]
fn ten_thousand_slots_are_too_many_and_a_thousand_are_not() {
    let slots = |number: usize| {
        let slots: Vec<_> =
            (0..number).map(|n| serde_json::json!({"type": "general", "value": format!("V{n}")})).collect();
        serde_json::json!({"version": 1, "secrets": slots}).to_string()
    };
    let world = Sandbox::new().file("capsule/.codeocean/secrets.json", slots(10_000)).with("V9999", TOKEN);
    let ran = world.run(["token", "--offline"]).expect(0);
    assert!(ran.err.contains("larger than 64 KiB"), "{ran:?}");
    let world = Sandbox::new().file("capsule/.codeocean/secrets.json", slots(1_000)).with("V999", TOKEN);
    assert_eq!(world.run(["token", "--offline"]).expect(0).err, "");
}

#[test]
fn credentials_with_the_wrong_contents_are_unreadable() {
    for text in [
        "",
        "{",
        "[]",
        "7",
        "{\"token\": 7, \"domain\": \"a.example.org\"}",
        "{\"domain\": \"a.example.org\"}",
        "{\"token\": \"\"}",
    ] {
        let ran = Sandbox::new().file("home/.codeocean/credentials.json", text).run(["token", "--offline"]).expect(6);
        assert!(ran.err.contains("credentials.json"), "{text}: {ran:?}");
    }
    Sandbox::new().file("home/.codeocean/credentials.json", b"\xff\xfe").run(["token", "--offline"]).expect(6);
}

#[test]
fn a_git_configuration_that_cannot_be_read_says_nothing() {
    for text in ["", "[", "[remote \"origin\"", "[remote \"origin\"]\nurl", "\u{0}\u{1}", "url = x"] {
        let world = Sandbox::new().file("capsule/.git/config", text).with("CUSTOM_KEY", TOKEN);
        let status = world.run(["status", "--json", "--offline"]).expect(0).json();
        assert_eq!(status["deployment"], serde_json::Value::Null, "{text:?}");
    }
    for (_, spoil, _) in spoilers(64 * 1024) {
        spoiled("capsule/.git/config", &*spoil).with("CUSTOM_KEY", TOKEN).run(["token", "--offline"]).expect(0);
    }
}

#[test]
fn a_mount_that_is_no_folder_or_too_full_is_told() {
    let world = Sandbox::new().file("mount", "x").with("CUSTOM_KEY", TOKEN);
    let ran = world.run(["token", "--offline"]).expect(6);
    assert!(ran.err.contains("cannot be listed"), "{ran:?}");
    let world = Sandbox::new();
    for number in 0..1100 {
        write(&world.path(&format!("mount/f{number}")), b"x");
    }
    world.run(["token", "--offline"]).expect(6);
}

#[test]
fn what_this_user_may_not_read_is_told_apart_from_what_is_not_there() {
    // Root may read everything, and may become another user.
    if !has("setpriv") || !is_root() || fs::metadata("/root").is_err() {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let open = |mode| fs::Permissions::from_mode(mode);
    let folder = tempfile::Builder::new().permissions(open(0o755)).tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    crate::support::sandbox::copy_bin(&at("co-cred"));
    fs::create_dir_all(at("mount")).unwrap();
    let run = |mount: &Path, token: Option<&str>| {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(at("co-cred"))
            .args(["token", "--offline"]);
        command.env_clear().env("CO_CRED_SECRETS_DIR", mount).env("HOME", "/root").current_dir("/");
        command.envs(token.map(|token| ("CUSTOM_KEY", token)));
        crate::support::sandbox::Ran::from(command.output().unwrap())
    };
    // Somebody else's home and capsule are not here; a mount that was named and is closed is broken.
    fs::set_permissions(at("mount"), open(0o755)).unwrap();
    write(&at("mount/CODEOCEAN_TOKEN"), TOKEN.as_bytes());
    let ran = run(&at("mount"), Some(TOKEN)).expect(6);
    assert!(ran.err.contains("permission denied"), "{ran:?}");
    fs::set_permissions(at("mount"), open(0o700)).unwrap();
    run(&at("mount"), Some(TOKEN)).expect(6);
    fs::remove_dir_all(at("mount")).unwrap();
    run(&at("mount"), Some(TOKEN)).expect(0);
}
