//! `exec --gate`: folders that are searched once the command has ended.

use std::fs;

use super::support::world;
use crate::support::sandbox::{Ran, TOKEN};

/// With masking and without.
#[test]
fn gate_fails_on_findings_and_missing_folders() {
    let world = &world();
    let results = world.path("work/results");
    let cases: [(&str, i32, &str); 8] = [
        ("echo fine > results/a", 0, ""),
        ("printenv CODEOCEAN_TOKEN > results/a", 9, "found the token once, in 1 file"),
        ("printenv CODEOCEAN_TOKEN > results/a; exit 3", 3, "found the token once, in 1 file"),
        ("printenv CODEOCEAN_TOKEN > results/a; kill -TERM $$", -1, "found the token once, in 1 file"),
        ("echo cop_d23dasd312 > results/a", 0, "looks like a token"),
        ("printf '\\037\\213\\010' > results/a.gz", 125, "could not be searched"),
        ("rmdir results", 125, "results does not exist"),
        ("rmdir results; exit 4", 4, "results does not exist"),
    ];
    for (script, code, words) in cases {
        for mask in [&[][..], &["--mask"]] {
            fs::create_dir_all(&results).unwrap();
            let mut command = world.command();
            command.args(["exec", "--offline", "--gate", "results"]).args(mask).args(["--", "sh", "-c", script]);
            let ran = Ran::from(command.output().unwrap());
            assert_eq!(ran.code, code, "{script} {mask:?}: {ran:?}");
            assert!(ran.err.contains(words) && ran.out.is_empty(), "{script} {mask:?}: {ran:?}");
            assert!(!ran.err.contains(&TOKEN[4..]), "{ran:?}");
            let _ = fs::remove_dir_all(&results);
        }
    }
    // A mistyped folder is reported before the command runs.
    let mut command = world.command();
    command.args(["exec", "--offline", "--gate", "reslts", "--", "sh", "-c", "echo begun >&2"]);
    let ran = Ran::from(command.output().unwrap()).expect(125);
    assert!(ran.err.find("does not exist yet").unwrap() < ran.err.find("begun").unwrap(), "{ran:?}");
    assert!(ran.err.contains("after --gate") && !ran.err.contains("co-cred scan"), "{ran:?}");
}
