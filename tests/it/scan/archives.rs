//! Packed files: a token in any of them is found, and what cannot be unpacked is reported and fails.

use std::fs;

use super::support::{found, plant, scan, world};
use crate::support::sandbox::{TOKEN, has};

#[test]
fn token_is_found_in_every_supported_archive() {
    if !has("python3") {
        return;
    }
    let world = world();
    plant(&world, "plant.py");
    let found = found(&world);
    let long = format!("{}/{}", "d".repeat(90), "n".repeat(60));
    let wanted: &[(&str, &[&str], u64)] = &[
        ("plain.txt", &[], 777),
        ("plain.gz", &["plain"], 777),
        ("members.gz", &["members"], 782),
        ("arrays.npz", &["a.npy"], 783),
        ("stored.npz", &["a.npy"], 777),
        ("letter.docx", &["word/document.xml"], 782),
        ("zip64.zip", &["a"], 777),
        ("piped-8.zip", &["a"], 777),
        ("format-0.tar", &[&long], 777),
        ("format-0.tar", &["packed.gz", "packed"], 777),
        ("format-1.tar", &[&long], 777),
        ("format-1.tar", &["packed.gz", "packed"], 777),
        ("format-2.tar", &[&long], 777),
        ("format-2.tar", &["packed.gz", "packed"], 777),
        ("backup.tgz", &["backup.tar", "a"], 777),
        ("deep.zip", &["in.tar", "in.zip", "in.gz", "in"], 777),
        ("large.zip", &["large"], 700_777),
        ("picture.html", &["base64"], 333 + 777),
        ("line.ipynb", &["base64"], 301 + 777),
        ("lines.ipynb", &["base64"], 301 + 777),
        ("packed.ipynb", &["base64", "gzip"], 333 + 777),
        ("packed.ipynb.gz", &["packed.ipynb", "base64", "gzip"], 333 + 777),
        ("v7.tar", &["system/a"], 777),
        ("sparse.tar.gz", &["sparse.tar", "system/a"], 777),
        ("system/a", &[], 777),
        ("system.gz", &["system"], 777),
    ];
    for (file, inside, offset) in wanted {
        let here: Vec<_> = found.iter().filter(|(name, ..)| name == file).collect();
        let is_it = |(_, within, at, kind): &&&(String, Vec<String>, Option<u64>, String)| {
            within == inside && *at == Some(*offset) && kind == "raw"
        };
        assert!(here.iter().find(is_it).is_some(), "{file} > {inside:?} at {offset}: {here:?}");
    }
    // A stored member without its size is part of the archive; the offset in a list of strings varies.
    for file in ["piped-0.zip", "list.ipynb"] {
        assert!(found.iter().any(|(name, ..)| name == file), "{file}: {found:?}");
    }
    assert_eq!(scan(&world, &["--json"]).json()["unread"], serde_json::json!([]));
    let ran = scan(&world, &[]).expect(9);
    assert!(ran.out.contains("deep.zip > in.tar > in.zip > in.gz > in: the token at byte 777\n"), "{ran:?}");
    assert!(ran.err.contains("should be revoked"), "{ran:?}");
}

#[test]
fn hidden_token_is_found_or_reported_as_unsearched() {
    if !has("python3") {
        return;
    }
    let world = world();
    plant(&world, "hide.py");
    let mut count = 0;
    for entry in fs::read_dir(world.path("results")).unwrap() {
        let path = entry.unwrap().path();
        let ran = world.run(["scan", path.to_str().unwrap()]);
        let wanted: i32 = path.file_name().unwrap().to_str().unwrap()[..1].parse().unwrap();
        assert_eq!(ran.code, wanted, "{}: {ran:?}", path.display());
        count += 1;
    }
    assert_eq!(count, 25);
}

/// As nbformat writes it, and as the HTML that nbconvert makes of it.
#[test]
fn token_is_found_in_the_picture_of_a_real_notebook() {
    let Some(python) = std::env::var_os("CO_CRED_TESTS_PYTHON") else { return };
    let world = world();
    let script = r#"
import base64, os, sys, nbformat
from nbformat.v4 import new_notebook, new_code_cell, new_output
picture = base64.encodebytes(os.urandom(500) + os.environ["TOKEN"].encode() + os.urandom(900)).decode()
cell = new_code_cell("1", outputs=[new_output("display_data", data={"image/png": picture, "text/plain": "<Figure>"})])
nbformat.write(new_notebook(cells=[cell]), sys.argv[1])
"#;
    fs::create_dir_all(world.path("results")).unwrap();
    let notebook = world.path("results/a.ipynb");
    let mut write = world.program(&python);
    assert!(write.args(["-c", script]).arg(&notebook).env("TOKEN", TOKEN).status().unwrap().success());
    let mut convert = world.program(&python);
    convert.args(["-m", "nbconvert", "--to", "html", "--log-level", "ERROR"]).arg(&notebook);
    assert!(convert.status().unwrap().success());
    let found = found(&world);
    for file in ["a.ipynb", "a.html"] {
        assert!(found.iter().any(|(name, _, at, kind)| name == file && *at == Some(500) && kind == "raw"), "{found:?}");
    }
}

#[test]
fn broken_archives_are_reported_and_fail() {
    let world = world().file("results/good", "x");
    let plant = [
        ("cut.gz", "gzip.compress(os.urandom(9000))[:-3000]", "broken gzip"),
        ("cut.zip", "zipped()[:-100]", "is broken"),
        ("endless.zip", "zipped()[:-60]", "broken zip"),
        ("cut.tar", "tarred()[:700]", "broken tar"),
        ("locked.zip", "zipped().replace(b'PK\\x03\\x04\\x14\\x00\\x00', b'PK\\x03\\x04\\x14\\x00\\x01')", "encrypted"),
        ("strange.zip", r"zipped().replace(b'\x14\0\0\0\x08\0', b'\x14\0\0\0\x61\0')", "method 97"),
        ("deep.gz", "deep()", "too deeply"),
        ("bomb.gz", "bomb()", "far more than its size"),
    ];
    let script = r#"
import functools, gzip, io, os, sys, tarfile, zipfile
def zipped(method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive: archive.writestr("a", os.urandom(300))
    return out.getvalue()
def tarred():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a"); info.size = 900
        archive.addfile(info, io.BytesIO(bytes(900)))
    return out.getvalue()
def deep(): return functools.reduce(lambda data, _: gzip.compress(data), range(12), b"x")
def bomb(): return gzip.compress(gzip.compress(gzip.compress(bytes(1 << 26)) * 40))
open(sys.argv[1], "wb").write(eval(sys.argv[2]))
"#;
    for (name, python, why) in plant {
        let path = world.path("results").join(name);
        let mut write = world.program("python3");
        assert!(write.args(["-c", script]).arg(&path).arg(python).status().unwrap().success(), "{name}");
        let ran = scan(&world, &[]);
        assert_eq!(ran.code, 1, "{name}: {ran:?}");
        assert!(ran.out.contains(name) && ran.out.contains(why), "{name}: {ran:?}");
        assert!(ran.err.contains("could not be searched") && ran.err.contains("hint:"), "{ran:?}");
        // A token takes precedence.
        fs::write(world.path("results/good"), TOKEN).unwrap();
        scan(&world, &[]).expect(9);
        fs::write(world.path("results/good"), "x").unwrap();
        fs::remove_file(path).unwrap();
    }
    for (name, magic) in [("a.7z", &b"7z\xbc\xaf\x27\x1c"[..]), ("a.rar", b"Rar!\x1a\x07"), ("a.Z", b"\x1f\x9d\x90")] {
        fs::write(world.path("results").join(name), magic).unwrap();
        let ran = scan(&world, &[]).expect(0);
        assert!(ran.err.contains(&format!("{name} is compressed")), "{ran:?}");
    }
}
