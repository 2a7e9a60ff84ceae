//! Folders that cannot be entered: what is in them is not known, so no search that met one ends well.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::sandbox::{Ran, Sandbox, TOKEN, bin, has};

/// Each way to ask for a search, and the code that it ends with where something was not searched.
const WAYS: [(&[&str], i32); 5] = [
    (&["scan", "../results"], 1),
    (&["scan", "--strict", "../results"], 1),
    (&["scan", "--json", "../results"], 1),
    (&["exec", "--offline", "--gate", "../results", "--", "true"], 125),
    (&["exec", "--offline", "--gate", "../results", "--mask", "--", "true"], 125),
];

/// A world that another user may look at, with a file that holds nothing.
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

/// Runs each of the ways behind a command, and expects the folder to be named.
#[track_caller]
fn expect_told(world: &Sandbox, before: &[&str], words: &str) {
    for (args, code) in WAYS {
        let mut command = world.program(before.first().copied().unwrap_or(bin()));
        command.args(before.iter().skip(1)).args((!before.is_empty()).then_some(bin())).args(args);
        let ran = Ran::from(command.output().unwrap());
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
        assert!(format!("{}{}", ran.out, ran.err).contains(words), "{args:?}: {ran:?}");
        assert!(ran.err.contains("could not be searched"), "{args:?}: {ran:?}");
        if args.contains(&"--json") {
            assert!(ran.json()["counts"]["unread"].as_u64().unwrap() > 0, "{ran:?}");
        }
    }
}

/// Root may enter any folder: seen as another user.
const AS_ANOTHER: [&str; 4] = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

fn may_become_another() -> bool {
    has("setpriv") && crate::scan::files::is_root()
}

#[test]
fn a_folder_that_may_not_be_entered_fails_the_search() {
    if !may_become_another() {
        return;
    }
    let world = world().file("results/shut/a", TOKEN);
    // Neither listed nor entered, listed alone, entered alone.
    for bits in [0o700, 0o744, 0o711] {
        mode(&world.path("results/shut"), bits);
        expect_told(&world, &AS_ANOTHER, "shut");
    }
}

#[test]
fn a_gate_whose_own_folder_may_not_be_entered_fails() {
    if !may_become_another() {
        return;
    }
    let world = world();
    mode(&world.path("results"), 0o700);
    expect_told(&world, &AS_ANOTHER, "cannot be entered (permission denied)");
    // A folder above it is shut: it cannot be told whether the folder is there.
    let above = world.file("above/results/a", "x");
    mode(&above.path("above"), 0o700);
    mode(&above.path("results"), 0o755);
    for (args, code) in [(&["scan"][..], 1), (&["exec", "--offline", "--", "true"], 125)] {
        let args: Vec<&str> = match args {
            ["exec", offline, rest @ ..] => [&["exec", offline, "--gate", "../above/results"], rest].concat(),
            args => [args, &["../above/results"]].concat(),
        };
        let mut command = above.program(AS_ANOTHER[0]);
        let ran = Ran::from(command.args(&AS_ANOTHER[1..]).arg(bin()).args(args).output().unwrap()).expect(code);
        assert!(format!("{}{}", ran.out, ran.err).contains("may not be read by this user"), "{ran:?}");
    }
}

#[test]
fn a_path_that_is_too_long_for_the_system_fails_the_search() {
    if !has("python3") {
        return;
    }
    let world = world();
    let script = "import os, sys\nos.chdir(sys.argv[1])\n\
                  for number in range(30):\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)\n\
                  open('a', 'w').write(sys.argv[2])\n";
    let mut deep = world.program("python3");
    assert!(deep.args(["-c", script]).arg(world.path("results")).arg(TOKEN).status().unwrap().success());
    expect_told(&world, &[], "name too long");
}

#[test]
fn too_few_file_descriptors_for_a_deep_folder_fail_the_search() {
    let world = world();
    fs::create_dir_all(world.path("results").join(["d"; 60].join("/"))).unwrap();
    expect_told(&world, &["sh", "-c", "ulimit -n 32; exec \"$0\" \"$@\""], "open files");
}

/// A token that was found weighs more than a folder that was not searched.
#[test]
fn a_token_beside_a_folder_that_may_not_be_entered_is_a_leak() {
    if !may_become_another() {
        return;
    }
    let world = world().file("results/shut/a", "x");
    mode(&world.path("results/shut"), 0o700);
    fs::write(world.path("results/a"), TOKEN).unwrap();
    for args in [WAYS[0].0, WAYS[2].0, WAYS[3].0] {
        let mut command: Command = world.program(AS_ANOTHER[0]);
        Ran::from(command.args(&AS_ANOTHER[1..]).arg(bin()).args(args).output().unwrap()).expect(9);
    }
}
