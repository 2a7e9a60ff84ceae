//! Names of files, their extended attributes and the targets of links: they are searched, and shown with tokens masked.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use super::support::{scan, world};
use crate::support::sandbox::{OTHER, Sandbox, TOKEN, has, skipped};

#[test]
fn name_that_only_resembles_a_token_is_shown() {
    let names = [
        "opt/scop_tools/lib/a",
        "microscop_images2024/b",
        "cop_analysis/c",
        "cop_subject01/d.txt",
        "cop_2024/e",
        "data-cop_/f",
        "cop_/g",
        "COP_STRUCTURES/h",
    ];
    let world = names.iter().fold(Sandbox::new().with("CUSTOM_KEY", TOKEN), |world, name| {
        world.file(&format!("results/{name}"), format!("a {TOKEN}"))
    });
    let results = world.path("results").display().to_string();
    let ran = world.run(["scan", &results]).expect(9);
    let json = world.run(["scan", "--strict", "--json", &results]).expect(9).json();
    for name in names {
        assert!(ran.out.contains(&format!("{results}/{name}:1:3: the token at byte 2\n")), "{name}: {ran:?}");
        let files: Vec<_> = json["found"].as_array().unwrap().iter().map(|found| found["file"].clone()).collect();
        assert!(files.contains(&format!("{results}/{name}").into()), "{name}: {files:?}");
    }
    assert_eq!(json["suspected"], serde_json::json!([]));
}

#[test]
fn token_like_name_is_masked_and_found() {
    for case in ["cop_", "Cop_", "COP_", "cOp_", "coP_", "cOP_", "CoP_", "COp_"] {
        let foreign = format!("{case}{}", &OTHER[4..]);
        let world =
            Sandbox::new().with("CUSTOM_KEY", TOKEN).file(&format!("results/a-{foreign}.txt"), format!("x {foreign}"));
        let results = world.path("results").display().to_string();
        let ran = world.run(["scan", "--strict", &results]).expect(9);
        assert_eq!(ran.out.lines().count(), 2, "{case}: {ran:?}");
        assert!(!format!("{ran:?}").contains(&OTHER[4..]), "{case}: {ran:?}");
        let ran = world.run(["scan", "--json", &results]).expect(0);
        assert!(!ran.out.contains(&OTHER[4..]), "{case}: {ran:?}");
    }
}

#[test]
fn names_and_link_targets_are_searched_and_masked() {
    let world = world();
    let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    fs::create_dir_all(world.path("results").join(format!("run-{hex}"))).unwrap();
    fs::write(world.path("results").join(format!("{TOKEN}.log")), "").unwrap();
    symlink(format!("/nowhere/{TOKEN}"), world.path("results/link")).unwrap();
    let odd = std::ffi::OsStr::from_bytes(b"new\nline \xff\x1b[31m.txt");
    fs::write(world.path("results").join(odd), TOKEN).unwrap();
    let ran = scan(&world, &[]).expect(9);
    for part in ["….log: the token in its name", "run-…: the token in hexadecimal in its name", "points to"] {
        assert!(ran.out.contains(part), "{part}: {ran:?}");
    }
    assert_eq!(ran.out.lines().count(), 4, "{ran:?}");
    assert!(!ran.out.contains('\x1b') && !ran.out.contains(&TOKEN[4..]) && !ran.out.contains(&hex[8..]), "{ran:?}");
    let json = scan(&world, &["--json"]).out;
    assert!(!json.contains(&TOKEN[4..]) && !json.contains(&hex[8..]), "{json}");
}

#[test]
fn token_in_an_extended_attribute_is_found_and_not_called_overwritten() {
    if !has("python3") {
        return;
    }
    let world = world().file("results/a.csv", "plain");
    let script = "import os, sys; os.setxattr(sys.argv[1], 'user.origin', ('https://' + os.environ['TOKEN']).encode())";
    let mut python = world.program("python3");
    python.args(["-c", script]).arg(world.path("results/a.csv")).env("TOKEN", TOKEN);
    if !python.output().unwrap().status.success() {
        return skipped("this file system has no extended attributes");
    }
    let ran = scan(&world, &[]).expect(9);
    assert!(ran.out.contains("/a.csv: the token in an extended attribute\n"), "{ran:?}");
    let ran = scan(&world, &["--redact"]).expect(9);
    assert!(
        ran.err.contains("extended attribute: remove that") || ran.out.contains("extended attribute: remove that"),
        "{ran:?}"
    );
    assert_eq!(fs::read(world.path("results/a.csv")).unwrap(), b"plain");
}
