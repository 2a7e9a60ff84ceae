//! Files and folders that cannot be read: their content is unknown, so the search fails.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::sandbox::{Ran, Sandbox, TOKEN, bin, has, is_root};

/// Each command that searches, and its exit code where something was not searched.
const COMMANDS: [(&[&str], i32); 5] = [
    (&["scan", "../results"], 1),
    (&["scan", "--strict", "../results"], 1),
    (&["scan", "--json", "../results"], 1),
    (&["exec", "--offline", "--gate", "../results", "--", "true"], 125),
    (&["exec", "--offline", "--gate", "../results", "--mask", "--", "true"], 125),
];

/// A sandbox that another user may read, with a file without a token.
fn world() -> Sandbox {
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", TOKEN).file("results/a", "x");
    for path in ["", "results", "work", "home", "capsule", "cache"].map(|name| world.path(name)) {
        mode(&path, 0o755);
    }
    mode(&world.path("results/a"), 0o644);
    world
}

fn mode(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs each of the commands after a prefix, and expects it to fail and to report the folder.
#[track_caller]
fn expect_failure(world: &Sandbox, prefix: &[&str], words: &str) {
    for (args, code) in COMMANDS {
        let mut command = world.program(prefix.first().copied().unwrap_or(bin()));
        command.args(prefix.iter().skip(1)).args((!prefix.is_empty()).then_some(bin())).args(args);
        let ran = Ran::from(command.output().unwrap());
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
        assert!(format!("{}{}", ran.out, ran.err).contains(words), "{args:?}: {ran:?}");
        assert!(ran.err.contains("could not be searched"), "{args:?}: {ran:?}");
        if args.contains(&"--json") {
            assert!(ran.json()["counts"]["unread"].as_u64().unwrap() > 0, "{ran:?}");
        }
    }
}

/// Runs a command as another user, since root may enter any folder.
const AS_OTHER_USER: [&str; 4] = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

fn can_switch_user() -> bool {
    has("setpriv") && is_root()
}

#[test]
fn folder_that_cannot_be_entered_fails_the_search() {
    if !can_switch_user() {
        return;
    }
    let world = world().file("results/shut/a", TOKEN);
    // Neither list nor enter, only list, only enter.
    for bits in [0o700, 0o744, 0o711] {
        mode(&world.path("results/shut"), bits);
        expect_failure(&world, &AS_OTHER_USER, "shut");
    }
}

#[test]
fn gate_folder_that_cannot_be_entered_fails() {
    if !can_switch_user() {
        return;
    }
    let world = world();
    mode(&world.path("results"), 0o700);
    expect_failure(&world, &AS_OTHER_USER, "cannot be entered (permission denied)");
    // A folder above it cannot be entered: whether the folder exists is unknown.
    let above = world.file("above/results/a", "x");
    mode(&above.path("above"), 0o700);
    mode(&above.path("results"), 0o755);
    for (args, code) in [(&["scan"][..], 1), (&["exec", "--offline", "--", "true"], 125)] {
        let args: Vec<&str> = match args {
            ["exec", offline, rest @ ..] => [&["exec", offline, "--gate", "../above/results"], rest].concat(),
            args => [args, &["../above/results"]].concat(),
        };
        let mut command = above.program(AS_OTHER_USER[0]);
        let ran = Ran::from(command.args(&AS_OTHER_USER[1..]).arg(bin()).args(args).output().unwrap()).expect(code);
        assert!(format!("{}{}", ran.out, ran.err).contains("may not be read by this user"), "{ran:?}");
    }
}

#[test]
fn path_too_long_for_the_system_fails_the_search() {
    if !has("python3") {
        return;
    }
    let world = world();
    let script = "import os, sys\nos.chdir(sys.argv[1])\n\
                  for number in range(30):\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)\n\
                  open('a', 'w').write(sys.argv[2])\n";
    let mut deep = world.program("python3");
    assert!(deep.args(["-c", script]).arg(world.path("results")).arg(TOKEN).status().unwrap().success());
    expect_failure(&world, &[], "name too long");
}

#[test]
fn too_few_file_descriptors_for_a_deep_folder_fail_the_search() {
    let world = world();
    fs::create_dir_all(world.path("results").join(["d"; 60].join("/"))).unwrap();
    expect_failure(&world, &["sh", "-c", "ulimit -n 32; exec \"$0\" \"$@\""], "open files");
}

#[test]
fn token_takes_precedence_over_a_folder_that_cannot_be_entered() {
    if !can_switch_user() {
        return;
    }
    let world = world().file("results/shut/a", "x");
    mode(&world.path("results/shut"), 0o700);
    fs::write(world.path("results/a"), TOKEN).unwrap();
    for args in [COMMANDS[0].0, COMMANDS[2].0, COMMANDS[3].0] {
        let mut command: Command = world.program(AS_OTHER_USER[0]);
        Ran::from(command.args(&AS_OTHER_USER[1..]).arg(bin()).args(args).output().unwrap()).expect(9);
    }
}

#[test]
fn unreadable_files_are_reported_and_fail() {
    if !has("setpriv") || !is_root() {
        return;
    }
    let world = world().file("results/mine", "x").file("results/shut/a", TOKEN);
    fs::set_permissions(world.path("results/shut"), fs::Permissions::from_mode(0o700)).unwrap();
    for path in [world.path(""), world.path("results"), world.path("work"), world.path("home")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut other = world.program("setpriv");
    other.args(["--reuid=65534", "--regid=65534", "--clear-groups", bin(), "scan", "../results"]);
    let ran = Ran::from(other.output().unwrap()).expect(1);
    assert!(ran.out.contains("mine may not be read by this user"), "{ran:?}");
    assert!(ran.out.contains("shut cannot be entered"), "{ran:?}");
}
