//! `scan --redact`: what it overwrites, what it keeps, and what it leaves and reports.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::time::Duration;

use super::support::{found, gzip, scan, world};
use crate::support::sandbox::{Ran, TOKEN, bin, has};

fn bzip2(text: &str) -> Vec<u8> {
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(text.as_bytes()).unwrap();
    bzip2.finish().unwrap()
}

#[test]
fn redaction_overwrites_tokens_and_nothing_else() {
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{TOKEN}:"));
    let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    let (left, right) = hex.split_at(17);
    let text = format!("\u{0}a {TOKEN} b\n{encoded}\n{left}\r\n{right} old cop_d23dasd312 \u{7f}");
    let world = world().file("results/a", &text).file("results/clean", "x").file("results/packed.bz2", bzip2(TOKEN));
    let path = world.path("results/a");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let ran = scan(&world, &["--redact"]).expect(9);
    assert!(ran.err.contains("packed.bz2 is packed and was not changed"), "{ran:?}");
    assert!(
        ran.err.contains("found the token 4 times, in 2 files; 1 file still contains it")
            && ran.err.contains("revoked"),
        "{ran:?}"
    );
    let after = fs::read(&path).unwrap();
    // The characters that depend on the token alone.
    let whole = TOKEN.len() * 8 / 6;
    let wanted = text
        .replace(TOKEN, &"*".repeat(TOKEN.len()))
        .replace(&encoded[..whole], &"A".repeat(whole))
        .replace(left, &"0".repeat(17))
        .replace(right, &"0".repeat(right.len()));
    assert_eq!(String::from_utf8_lossy(&after), wanted);
    assert_eq!(after.len(), text.len());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
    // No temporary file is left, and only the packed token is found again.
    let names: Vec<_> = fs::read_dir(world.path("results")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(found(&world).len(), 1);
    fs::remove_file(world.path("results/packed.bz2")).unwrap();
    let ran = scan(&world, &["--redact", "--strict"]).expect(9);
    assert!(ran.err.contains("each was overwritten"), "{ran:?}");
    scan(&world, &["--strict"]).expect(0);
}

#[test]
fn redaction_reaches_every_file_and_reports_what_remains() {
    let mut world = world();
    for number in 0..30 {
        world = world.file(&format!("results/{number}"), format!("{TOKEN} ").repeat(700));
    }
    let many: String = (0..3000).map(|number| format!("cop_aaaaaaaaa{number:05}\n")).collect();
    world = world.file("results/last", format!("{many}{TOKEN}"));
    let ran = scan(&world, &[]).expect(9);
    assert!(ran.out.contains("last:3001:1: the token at byte 57000\n"), "{}", ran.err);
    let ran = scan(&world, &["--redact"]).expect(9);
    assert!(ran.err.contains("21001 times, in 31 files; each was overwritten"), "{ran:?}");
    scan(&world, &[]).expect(0);
    // A token in a name, or packed in a text, remains and is reported.
    let name = format!("results/{TOKEN}.txt");
    let packed = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, gzip(&format!("{TOKEN} {many}")));
    let notebook = format!("{{\"cells\": \"{packed}\", \"raw\": \"{TOKEN}\"}}");
    let world = world.file(&name, "x").file("results/a.ipynb", notebook);
    let ran = scan(&world, &["--redact"]).expect(9);
    assert!(ran.err.contains("2 files still contain it") && ran.err.contains("rename it"), "{ran:?}");
    assert!(ran.err.contains("a.ipynb still contains it, encoded or packed"), "{ran:?}");
    assert_eq!(found(&world).len(), 2);
}

#[test]
fn redaction_keeps_attributes_and_concurrent_writes() {
    let world = world().file("results/a", TOKEN);
    let path = world.path("results/a");
    let set = "import os, sys; os.setxattr(sys.argv[1], 'user.note', b'hi')";
    let has_attributes = world.program("python3").args(["-c", set]).arg(&path).status().unwrap().success();
    scan(&world, &["--redact"]).expect(9);
    let get = "import os, sys; print(os.getxattr(sys.argv[1], 'user.note'))";
    let got = Ran::from(world.program("python3").args(["-c", get]).arg(&path).output().unwrap());
    assert!(!has_attributes || got.out == "b'hi'\n", "{got:?}");
    if !has("strace") {
        return;
    }
    fs::write(&path, format!("{TOKEN}\n")).unwrap();
    let mut slow = world.program("strace");
    slow.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=1500000"]);
    let mut scan = slow.arg(bin()).args(["scan", "--redact", "../results"]).spawn().unwrap();
    let begun = || fs::read_dir(world.path("results")).unwrap().count() == 2;
    crate::support::workstation::wait("the copy", begun);
    std::thread::sleep(Duration::from_millis(300));
    File::options().append(true).open(&path).unwrap().write_all(b"a line\n").unwrap();
    assert_eq!(scan.wait().unwrap().code(), Some(9));
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{TOKEN}\na line\n"));
}

#[test]
fn redaction_skips_hard_links_and_keeps_holes() {
    let world = world().file("results/a", TOKEN);
    fs::hard_link(world.path("results/a"), world.path("elsewhere")).unwrap();
    let ran = scan(&world, &["--redact"]).expect(9);
    assert!(ran.err.contains("hard links") && ran.err.contains("1 file still contains it"), "{ran:?}");
    assert_eq!(fs::read_to_string(world.path("results/a")).unwrap(), TOKEN);
    // Holes are kept.
    fs::remove_file(world.path("elsewhere")).unwrap();
    let sparse = File::create(world.path("results/a")).unwrap();
    sparse.set_len(1 << 34).unwrap();
    sparse.write_all_at(TOKEN.as_bytes(), 1 << 33).unwrap();
    scan(&world, &["--redact"]).expect(9);
    let meta = fs::metadata(world.path("results/a")).unwrap();
    assert!(meta.len() == 1 << 34 && meta.blocks() < 1000, "{} {}", meta.len(), meta.blocks());
    scan(&world, &[]).expect(0);
}
