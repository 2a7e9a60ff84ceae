//! What is searched: folders, links, standard input; and the progress that is shown.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::support::{scan, world};
use crate::support::sandbox::{Ran, TOKEN, bin, has};

#[test]
fn links_are_not_followed_and_special_files_do_not_block() {
    let world = world().file("elsewhere/secret", TOKEN).file("results/deep/a", "x");
    symlink(world.path("elsewhere"), world.path("results/out")).unwrap();
    symlink("deep/a", world.path("results/within")).unwrap();
    symlink("round", world.path("results/round")).unwrap();
    symlink("..", world.path("results/deep/up")).unwrap();
    symlink("/nowhere", world.path("results/nowhere")).unwrap();
    let fifo = Command::new("mkfifo").arg(world.path("results/fifo")).status().unwrap();
    assert!(fifo.success());
    let _socket = std::os::unix::net::UnixListener::bind(world.path("results/socket")).unwrap();
    let ran = scan(&world, &[]).expect(0);
    assert_eq!(ran.err.matches("warning").count(), 3, "{ran:?}");
    for part in ["out is a link out of the folder", "fifo is a pipe", "socket is a socket", "no token in 1 file"] {
        assert!(ran.err.contains(part), "{part}: {ran:?}");
    }
    // A link that is named itself is followed, also to a file.
    symlink("secret", world.path("elsewhere/link")).unwrap();
    world.run(["scan", world.path("elsewhere/link").to_str().unwrap()]).expect(9);
    let ran = world.run(["scan", world.path("results/fifo").to_str().unwrap()]).expect(1);
    assert!(ran.out.contains("not a regular file"), "{ran:?}");
    world.run(["scan", world.path("results/out").to_str().unwrap()]).expect(9);
    world.run(["scan", world.path("elsewhere/secret").to_str().unwrap()]).expect(9);
}

#[test]
fn standard_input_is_searched() {
    let world = world();
    let mut command = world.command();
    let ran = crate::support::workstation::piped(command.args(["scan", "-"]), &format!("x {TOKEN}"));
    assert!(ran.code == 9 && ran.out.starts_with("standard input: the token at byte 2\n"), "{ran:?}");
    crate::support::workstation::piped(world.command().args(["scan", "-"]), "nothing").expect(0);
}

#[test]
fn missing_folder_is_an_error() {
    let world = world();
    let ran = world.run(["scan", "/nowhere/results"]).expect(2);
    assert!(ran.err.contains("/nowhere/results does not exist") && ran.err.contains("hint:"), "{ran:?}");
    if !Path::new("/results").exists() {
        assert!(world.run(["scan"]).expect(2).err.contains("/results does not exist"));
    }
}

#[test]
fn progress_is_shown_only_on_a_terminal() {
    if !has("script") {
        return;
    }
    let world = world();
    let slow = format!("(sleep 1.5; echo x) | {} scan", bin());
    let on_terminal = |args: &str| {
        let mut script = world.program("script");
        Ran::from(script.args(["-qec", &format!("{slow} {args}"), "/dev/null"]).env("TERM", "xterm").output().unwrap())
    };
    let ran = on_terminal("-");
    assert!(ran.code == 0 && ran.out.contains("searched 0 files, 0 B"), "{ran:?}");
    assert!(!on_terminal("- --quiet").out.contains("searched"));
    let ran = world.spawn_program("sh", &["-c", &format!("{slow} -")]).expect(0);
    assert_eq!(ran.err, "co-cred: no token in 1 file\n");
}
