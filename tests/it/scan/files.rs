//! The gate: a planted trace is found wherever it is packed, nothing is skipped in silence, and nothing else is an alarm.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::supervise::mask::encodings;
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, has};

fn world() -> Sandbox {
    Sandbox::new().with("CUSTOM_KEY", TOKEN)
}

fn scan(world: &Sandbox, args: &[&str]) -> Ran {
    let results = world.path("results").display().to_string();
    fs::create_dir_all(&results).unwrap();
    world.run([&["scan"], args, &[results.as_str()]].concat())
}

/// Where traces were found: the file below `results`, what is packed in it, the place, the kind.
fn found(world: &Sandbox) -> Vec<(String, Vec<String>, Option<u64>, String)> {
    places(world, &scan(world, &["--json"]).json()["found"])
}

fn places(world: &Sandbox, findings: &Value) -> Vec<(String, Vec<String>, Option<u64>, String)> {
    let root = world.path("results/").display().to_string();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |finding: &Value| {
        let file = text(&finding["file"]).strip_prefix(&root).unwrap().to_owned();
        let inside = finding["inside"].as_array().unwrap().iter().map(text);
        // Where it begins depends on what stands before it.
        let inside = inside.map(|name| if name.starts_with("base64 at byte ") { "base64".to_owned() } else { name });
        let inside = inside.collect();
        (file, inside, finding["offset"].as_u64(), text(&finding["kind"]))
    };
    findings.as_array().unwrap().iter().map(one).collect()
}

/// Lets one of the programs beside this one write to `results`.
fn plant(world: &Sandbox, program: &str) {
    fs::create_dir_all(world.path("results")).unwrap();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/scan").join(program);
    let mut python = world.program("python3");
    assert!(python.arg(program).arg(world.path("results")).env("TOKEN", TOKEN).status().unwrap().success());
}

/// Every encoding, at the beginning, at the end, and across every place where one piece that is read meets the next.
#[test]
fn a_trace_is_found_wherever_it_stands() {
    let world = world();
    for (number, (what, text)) in encodings().into_iter().enumerate() {
        for (place, len) in
            (262_100..262_180).step_by(7).map(|place| (place, 400_000)).chain([(0, 0), (1, 1), (99, 99)])
        {
            let mut bytes = vec![b'.'; place];
            bytes.extend_from_slice(text.as_bytes());
            bytes.resize(bytes.len().max(len), b'.');
            let name = format!("{number}-{place}");
            crate::support::sandbox::write(&world.path("results").join(&name), &bytes);
        }
        let found = found(&world);
        let prefix = format!("{number}-");
        let files: std::collections::BTreeSet<&str> =
            found.iter().map(|(file, ..)| file.as_str()).filter(|file| file.starts_with(&prefix)).collect();
        assert_eq!(files.len(), 15, "{what}: {files:?}");
        fs::remove_dir_all(world.path("results")).unwrap();
    }
}

#[test]
fn a_trace_is_found_whatever_it_is_packed_in() {
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
    // Its size unknown, its bytes are the archive's; a list of strings begins where it begins.
    for file in ["piped-0.zip", "list.ipynb"] {
        assert!(found.iter().any(|(name, ..)| name == file), "{file}: {found:?}");
    }
    assert_eq!(scan(&world, &["--json"]).json()["unread"], serde_json::json!([]));
    let ran = scan(&world, &[]).expect(9);
    assert!(ran.out.contains("deep.zip > in.tar > in.zip > in.gz > in: the token at byte 777\n"), "{ran:?}");
    assert!(ran.err.contains("should be revoked"), "{ran:?}");
}

#[test]
fn a_trace_is_found_where_somebody_hid_it() {
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

/// What nbformat writes and nbconvert makes of it.
#[test]
fn a_trace_is_found_in_the_picture_of_a_real_notebook() {
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
fn what_looks_like_a_token_is_told_apart() {
    let encoded = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let alarms = [
        "cop_d23dasd312".to_owned(),
        "COP_D23DASD312".to_owned(),
        "token: 'cop_d23dasd312'".to_owned(),
        "https://x?t=cop_d23dasd312&y".to_owned(),
        "%3Dcop_d23dasd312".to_owned(),
        "{\"a\": \"x\\ncop_d23dasd312\"}".to_owned(),
        format!("Authorization: Basic {}", encoded("cop_d23dasd312:")),
        encoded("ada@example.org:cop_d23dasd312"),
        encoded("x cop_d23dasd312 y"),
        "636f705f643233646173643331320a".to_owned(),
    ];
    let others = [
        "cop_",
        "cop_short1",
        "cop_counterproductive",
        "scop_d23dasd312",
        "a_cop_d23dasd312",
        "cop_one_two_three_4",
        "Y29wXyBub3RoaW5nIGhlcmUgdG8gc2Vl",
        "636f705f6e6f7468696e67",
    ];
    for (text, count) in alarms.iter().map(|text| (text.as_str(), 1)).chain(others.map(|text| (text, 0))) {
        let world = world().file("results/a", text);
        let ran = scan(&world, &["--json"]).expect(0).json();
        assert_eq!(ran["counts"]["suspected"], count, "{text}: {ran}");
        assert_eq!(ran["found"], serde_json::json!([]), "{text}");
        assert!(!ran.to_string().contains("d23dasd312"), "{text}: {ran}");
        let strict = scan(&world, &["--strict"]).expect(if count == 1 { 9 } else { 0 });
        assert_eq!(strict.err.contains("what looks like a token stands in a file, once"), count == 1, "{strict:?}");
    }
    // A trace that is known is no likeness as well.
    let world = world().file("results/a", format!("{TOKEN} {}", encoded(TOKEN)));
    let ran = scan(&world, &["--json"]).expect(9).json();
    assert_eq!((&ran["counts"]["found"], &ran["counts"]["suspected"]), (&2.into(), &0.into()));
}

#[test]
fn every_token_that_is_here_is_searched_for_and_without_one_whatever_looks_like_it() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("API_KEY", OTHER);
    let world = world.file("results/a", format!("{TOKEN}\n{OTHER}"));
    let ran = scan(&world, &["--json"]).expect(9).json();
    assert_eq!(ran["counts"]["found"], 2);
    assert_ne!(ran["found"][0]["fingerprint"], ran["found"][1]["fingerprint"]);
    let world = Sandbox::new().file("results/a", TOKEN);
    let ran = scan(&world, &[]).expect(0);
    assert!(ran.err.contains("no token is here") && ran.out.contains("looks like a token"), "{ran:?}");
    // One that should be here and cannot be read may be in there.
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", "a\nb").file("results/a", TOKEN);
    scan(&world, &[]).expect(6);
}

#[test]
fn a_trace_over_several_lines_is_found() {
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("ada:{TOKEN} and more"));
    let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    for (text, width, end) in [&encoded, &hex]
        .into_iter()
        .flat_map(|text| (16..40).map(move |width| (text, width, "\n")))
        .chain([(&encoded, 20, "\r\n"), (&hex, 30, "\r\n")])
    {
        let lines: Vec<&str> = text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let world = world().file("results/a", format!("first\n{}\nlast", lines.join(end)));
        assert_eq!(found(&world).len(), 1, "{width} {end:?}: {text}");
    }
}

#[test]
fn names_and_the_paths_that_links_point_to_are_searched_and_never_shown() {
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
fn links_are_not_followed_and_special_files_not_waited_for() {
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
    // Named itself, a link is meant, to a file as well.
    symlink("secret", world.path("elsewhere/link")).unwrap();
    world.run(["scan", world.path("elsewhere/link").to_str().unwrap()]).expect(9);
    let ran = world.run(["scan", world.path("results/fifo").to_str().unwrap()]).expect(1);
    assert!(ran.out.contains("not a regular file"), "{ran:?}");
    world.run(["scan", world.path("results/out").to_str().unwrap()]).expect(9);
    world.run(["scan", world.path("elsewhere/secret").to_str().unwrap()]).expect(9);
}

#[test]
fn what_cannot_be_searched_is_told_and_fails() {
    let world = world().file("results/good", "x");
    let plant = [
        ("cut.gz", "gzip.compress(os.urandom(9000))[:-3000]", "broken gzip"),
        ("cut.zip", "zipped()[:-100]", "is broken"),
        ("endless.zip", "zipped()[:-60]", "broken zip"),
        ("cut.tar", "tarred()[:700]", "broken tar"),
        ("locked.zip", "zipped().replace(b'PK\\x03\\x04\\x14\\x00\\x00', b'PK\\x03\\x04\\x14\\x00\\x01')", "encrypted"),
        ("strange.zip", "zipped(zipfile.ZIP_LZMA)", "not known here"),
        ("deep.gz", "deep()", "too deeply"),
        ("bomb.gz", "bomb()", "far more than it is"),
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
        // A trace weighs more.
        fs::write(world.path("results/good"), TOKEN).unwrap();
        scan(&world, &[]).expect(9);
        fs::write(world.path("results/good"), "x").unwrap();
        fs::remove_file(path).unwrap();
    }
    for name in ["a.bz2", "a.xz", "a.zst"] {
        let magic: &[u8] = match name {
            "a.bz2" => b"BZh91AY",
            "a.xz" => b"\xfd7zXZ\0",
            _ => b"\x28\xb5\x2f\xfd",
        };
        fs::write(world.path("results").join(name), magic).unwrap();
        let ran = scan(&world, &[]).expect(0);
        assert!(ran.err.contains(&format!("{name} is compressed")), "{ran:?}");
    }
}

#[test]
fn what_may_not_be_read_is_told_and_fails() {
    if !has("setpriv") || !is_root() {
        return;
    }
    let world = world().file("results/mine", "x").file("results/shut/a", TOKEN);
    fs::set_permissions(world.path("results/shut"), fs::Permissions::from_mode(0o700)).unwrap();
    for path in [world.path(""), world.path("results"), world.path("work"), world.path("home")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut other = world.program("setpriv");
    other.args([
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        crate::support::sandbox::bin(),
        "scan",
        "../results",
    ]);
    let ran = Ran::from(other.output().unwrap()).expect(1);
    assert!(ran.out.contains("mine may not be read by this user"), "{ran:?}");
    assert!(ran.out.contains("shut cannot be entered"), "{ran:?}");
}

pub fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Ends what goes on meanwhile, also where a test fails.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whatever happens to the files meanwhile, it comes to an end, and says what it could not see.
#[test]
fn files_that_change_while_they_are_read() {
    let world = &world();
    let results = world.path("results");
    fs::create_dir_all(&results).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let line = [b'x'; 4096];
            for round in (0_u64..).take_while(|_| !over.load(Ordering::Relaxed)) {
                let grows = File::options().append(true).create(true).open(results.join("grows")).unwrap();
                (&grows).write_all(&line).unwrap();
                let shrinks = File::create(results.join("shrinks")).unwrap();
                shrinks.write_all_at(&line, round % 7 * 1_000_000).unwrap();
                fs::write(results.join(format!("comes-{}", round % 50)), line).unwrap();
                let _ = fs::remove_file(results.join(format!("comes-{}", (round + 25) % 50)));
            }
        });
        let _end = Until(&over);
        for _ in 0..30 {
            let start = Instant::now();
            let ran = scan(world, &[]);
            assert!([0, 1].contains(&ran.code), "{ran:?}");
            let told = |line: &str| ["goes on changing", "does not exist"].iter().any(|why| line.contains(why));
            assert!(ran.out.lines().all(told), "{ran:?}");
            assert!(start.elapsed() < Duration::from_secs(20));
        }
    });
    // One that never rests is told to be so.
    let (over, begun) = (AtomicBool::new(false), std::sync::Barrier::new(2));
    std::thread::scope(|scope| {
        fs::write(results.join("busy"), vec![b'x'; 200_000_000]).unwrap();
        scope.spawn(|| {
            let busy = File::options().write(true).open(results.join("busy")).unwrap();
            begun.wait();
            while !over.load(Ordering::Relaxed) {
                busy.write_all_at(b"y", 5).unwrap();
            }
        });
        let _end = Until(&over);
        begun.wait();
        let ran = scan(world, &[]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.out.contains("busy goes on changing"), "{ran:?}");
    });
}

/// The peak of the memory that a command had, in KiB, beside what it gave.
fn with_memory(world: &Sandbox, args: &[&str]) -> (Ran, u64) {
    let script = "import resource, subprocess, sys\n\
                  code = subprocess.call(sys.argv[1:])\n\
                  print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\nsys.exit(code)";
    let mut python = world.program("python3");
    let ran = Ran::from(python.args(["-c", script, crate::support::sandbox::bin()]).args(args).output().unwrap());
    let peak = ran.out.lines().find_map(|line| line.strip_prefix("peak ")).unwrap().parse().unwrap();
    (ran, peak)
}

#[test]
fn huge_and_sparse_files_take_no_memory_and_no_time() {
    if !has("python3") {
        return;
    }
    let world = world();
    fs::create_dir_all(world.path("results")).unwrap();
    let sparse = File::create(world.path("results/sparse")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    sparse.write_all_at(TOKEN.as_bytes(), (1 << 39) + 4090).unwrap();
    let script = "import gzip, sys, zipfile\n\
                  open(sys.argv[1] + '/long', 'wb').write((b'cop_d23dasd312 ' * 7 + b'\\n') * 200000)\n\
                  gzip.open(sys.argv[1] + '/zeros.gz', 'wb', 1).write(bytes(90 << 20))\n\
                  archive = zipfile.ZipFile(sys.argv[1] + '/many.zip', 'w')\n\
                  [archive.writestr('member-%d' % number, b'x') for number in range(70000)]\n\
                  archive.close()\n\
                  open(sys.argv[1] + '/name.tar', 'wb').write(__import__('tarfile').TarInfo('n').tobuf() + b'')\n";
    assert!(world.program("python3").args(["-c", script]).arg(world.path("results")).status().unwrap().success());
    let start = Instant::now();
    let (ran, peak) = with_memory(&world, &["scan", "--json", "../results"]);
    assert_eq!(ran.code, 9, "{}", ran.err);
    assert!(peak < 64 * 1024, "{peak} KiB");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let json: Value = serde_json::from_str(ran.out.split("peak ").next().unwrap()).unwrap();
    assert_eq!(json["found"].as_array().unwrap().len(), 1);
    assert_eq!(json["found"][0]["offset"], (1_u64 << 39) + 4090);
    assert_eq!(json["counts"]["suspected"], 1_400_000);
    assert_eq!(json["unread"], serde_json::json!([]));
}

/// Many members, long names, one thing broken after the other.
#[test]
fn what_is_made_to_be_expensive_is_not() {
    if !has("python3") {
        return;
    }
    let world = world();
    plant(&world, "expensive.py");
    for (folder, code) in [("a", 9), ("b", 1), ("c", 9)] {
        let start = Instant::now();
        let (ran, peak) = with_memory(&world, &["scan", "--json", &format!("../results/{folder}")]);
        assert_eq!(ran.code, code, "{folder}: {}", ran.err);
        assert!(peak < 64 * 1024, "{folder}: {peak} KiB");
        assert!(start.elapsed() < Duration::from_secs(30), "{folder}: {:?}", start.elapsed());
    }
}

/// Many files that nobody here wrote: compilers, libraries, documentation.
#[test]
fn there_is_no_false_alarm_over_the_files_of_a_toolchain() {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    let sysroot = String::from_utf8(output.stdout).unwrap();
    let ran = world().run(["scan", "--json", sysroot.trim()]).expect(0).json();
    assert_eq!(
        (&ran["counts"]["found"], &ran["counts"]["suspected"]),
        (&0.into(), &0.into()),
        "{:#}",
        ran["suspected"]
    );
    assert_eq!(ran["unread"], serde_json::json!([]));
    assert!(ran["counts"]["bytes"].as_u64().unwrap() > 100_000_000, "{}", ran["counts"]["bytes"]);
}

#[test]
fn redacting_overwrites_the_traces_and_nothing_else() {
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{TOKEN}:"));
    let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    let (left, right) = hex.split_at(17);
    let text = format!("\u{0}a {TOKEN} b\n{encoded}\n{left}\r\n{right} old cop_d23dasd312 \u{7f}");
    let world = world().file("results/a", &text).file("results/clean", "x").file("results/packed.gz", gzip(TOKEN));
    let path = world.path("results/a");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let ran = scan(&world, &["--redact"]).expect(9);
    assert!(ran.err.contains("packed.gz is packed and stays"), "{ran:?}");
    assert!(
        ran.err.contains("in 2 files, 4 times in all; a file still holds it") && ran.err.contains("revoked"),
        "{ran:?}"
    );
    let after = fs::read(&path).unwrap();
    // As many characters as the token alone decides.
    let whole = TOKEN.len() * 8 / 6;
    let wanted = text
        .replace(TOKEN, &"*".repeat(TOKEN.len()))
        .replace(&encoded[..whole], &"A".repeat(whole))
        .replace(left, &"0".repeat(17))
        .replace(right, &"0".repeat(right.len()));
    assert_eq!(String::from_utf8_lossy(&after), wanted);
    assert_eq!(after.len(), text.len());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
    // Nothing is left of the work, and nothing but what is packed is found again.
    let names: Vec<_> = fs::read_dir(world.path("results")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(found(&world).len(), 1);
    fs::remove_file(world.path("results/packed.gz")).unwrap();
    let ran = scan(&world, &["--redact", "--strict"]).expect(9);
    assert!(ran.err.contains("each was overwritten"), "{ran:?}");
    scan(&world, &["--strict"]).expect(0);
}

/// However much there is, whatever hides it: what is said to be overwritten is.
#[test]
fn redacting_forgets_no_file() {
    let mut world = world();
    for number in 0..30 {
        world = world.file(&format!("results/{number}"), format!("{TOKEN} ").repeat(700));
    }
    let many: String = (0..3000).map(|number| format!("cop_aaaaaaaaa{number:05}\n")).collect();
    world = world.file("results/last", format!("{many}{TOKEN}"));
    let ran = scan(&world, &[]).expect(9);
    assert!(ran.out.contains("last: the token at byte 57000\n"), "{}", ran.err);
    let ran = scan(&world, &["--redact"]).expect(9);
    assert!(ran.err.contains("in 31 files, 21001 times in all; each was overwritten"), "{}", ran.err);
    scan(&world, &[]).expect(0);
    // What stands in a name, or is packed in a text, is left, and told.
    let name = format!("results/{TOKEN}.txt");
    let packed = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, gzip(&format!("{TOKEN} {many}")));
    let notebook = format!("{{\"cells\": \"{packed}\", \"raw\": \"{TOKEN}\"}}");
    let world = world.file(&name, "x").file("results/a.ipynb", notebook);
    let ran = scan(&world, &["--redact"]).expect(9);
    assert!(ran.err.contains("2 files still hold it") && ran.err.contains("rename it"), "{ran:?}");
    assert!(ran.err.contains("a.ipynb still holds it, encoded or packed"), "{ran:?}");
    assert_eq!(found(&world).len(), 2);
}

#[test]
fn redacting_keeps_attributes_and_what_is_written_meanwhile() {
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
    let mut scan = slow.arg(crate::support::sandbox::bin()).args(["scan", "--redact", "../results"]).spawn().unwrap();
    let begun = || fs::read_dir(world.path("results")).unwrap().count() == 2;
    crate::support::workstation::wait("the copy", begun);
    std::thread::sleep(Duration::from_millis(300));
    File::options().append(true).open(&path).unwrap().write_all(b"a line\n").unwrap();
    assert_eq!(scan.wait().unwrap().code(), Some(9));
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{TOKEN}\na line\n"));
}

#[test]
fn redacting_leaves_alone_what_it_cannot_do_whole() {
    let world = world().file("results/a", TOKEN);
    fs::hard_link(world.path("results/a"), world.path("elsewhere")).unwrap();
    let ran = scan(&world, &["--redact"]).expect(9);
    assert!(ran.err.contains("hard links") && ran.err.contains("a file still holds it"), "{ran:?}");
    assert_eq!(fs::read_to_string(world.path("results/a")).unwrap(), TOKEN);
    // Holes stay holes.
    fs::remove_file(world.path("elsewhere")).unwrap();
    let sparse = File::create(world.path("results/a")).unwrap();
    sparse.set_len(1 << 34).unwrap();
    sparse.write_all_at(TOKEN.as_bytes(), 1 << 33).unwrap();
    scan(&world, &["--redact"]).expect(9);
    let meta = fs::metadata(world.path("results/a")).unwrap();
    assert!(meta.len() == 1 << 34 && meta.blocks() < 1000, "{} {}", meta.len(), meta.blocks());
    scan(&world, &[]).expect(0);
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = Command::new("gzip").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    gzip.wait_with_output().unwrap().stdout
}

#[test]
fn what_is_staged_is_searched_and_not_what_lies_beside_it() {
    if !has("git") {
        return;
    }
    let world =
        world().with("GIT_CONFIG_NOSYSTEM", "1").with("GIT_AUTHOR_NAME", "a").with("GIT_AUTHOR_EMAIL", "a@b.org");
    let world = world.with("GIT_COMMITTER_NAME", "a").with("GIT_COMMITTER_EMAIL", "a@b.org");
    let git = |args: &[&str]| Ran::from(world.program("git").args(args).output().unwrap()).expect(0);
    let staged = || Ran::from(world.command().args(["scan", "--staged"]).output().unwrap());
    let put = |name: &str, bytes: &[u8]| crate::support::sandbox::write(&world.path("work").join(name), bytes);
    let ran = staged().expect(2);
    assert!(ran.err.contains("not a git repository") && ran.err.lines().count() < 5, "{ran:?}");
    git(&["init", "--quiet"]);
    staged().expect(0);
    put("code.py", format!("token = '{TOKEN}'").as_bytes());
    staged().expect(0);
    git(&["add", "code.py"]);
    // What is staged counts, whatever the file says by now.
    put("code.py", b"token = os.environ");
    let ran = staged().expect(9);
    assert!(ran.out.starts_with("code.py: the token at byte 9\n"), "{ran:?}");
    git(&["add", "code.py"]);
    staged().expect(0);
    git(&["commit", "--quiet", "-m", "x"]);
    let odd = "data/\"odd\"\n\u{e9}.gz";
    put(odd, &gzip(TOKEN));
    symlink(TOKEN, world.path("work/link")).unwrap();
    git(&["add", "."]);
    let ran = staged().expect(9);
    assert!(ran.out.lines().count() == 2 && ran.out.contains("link: the token at byte 0"), "{ran:?}");
    // The hook itself, on a commit of some files only.
    put(".git/hooks/pre-commit", b"#!/bin/sh\nexec co-cred scan --staged\n");
    fs::set_permissions(world.path("work/.git/hooks/pre-commit"), fs::Permissions::from_mode(0o755)).unwrap();
    let commit = world.shell("sh", "git commit --quiet -m y");
    assert!(commit.code == 1 && commit.err.contains("the token stands in 2 files"), "{commit:?}");
    // However Git is told to look at it.
    git(&["config", "diff.relative", "true"]);
    fs::create_dir(world.path("work/below")).unwrap();
    world.shell("sh", "cd below && co-cred scan --staged").expect(9);
    world.shell("sh", "git replace $(git rev-parse :link) $(git rev-parse HEAD:code.py)").expect(0);
    assert_eq!(staged().expect(9).out.lines().count(), 2);
    git(&["rm", "-f", "--quiet", "--cached", "-r", "data", "link"]);
    put("clean", b"x");
    git(&["add", "clean"]);
    world.shell("sh", "git commit --quiet -m y && cd .git && co-cred scan --staged").expect(0);
    let conflict =
        "git checkout -q -b other HEAD~ && echo 1 > clean && git add clean && git commit -qm o && git merge -q master";
    world.shell("sh", &format!("git branch -m master; rm -rf data link; {conflict}")).expect(1);
    let ran = staged().expect(1);
    assert!(ran.out.contains("clean is not merged"), "{ran:?}");
}

#[test]
fn a_stream_is_searched_too() {
    let world = world();
    let mut command = world.command();
    let ran = crate::support::workstation::piped(command.args(["scan", "-"]), &format!("x {TOKEN}"));
    assert!(ran.code == 9 && ran.out.starts_with("standard input: the token at byte 2\n"), "{ran:?}");
    crate::support::workstation::piped(world.command().args(["scan", "-"]), "nothing").expect(0);
}

#[test]
fn a_folder_that_is_not_there_is_no_clean_one() {
    let world = world();
    let ran = world.run(["scan", "/nowhere/results"]).expect(2);
    assert!(ran.err.contains("/nowhere/results does not exist") && ran.err.contains("hint:"), "{ran:?}");
    if !Path::new("/results").exists() {
        assert!(world.run(["scan"]).expect(2).err.contains("/results does not exist"));
    }
}

/// How `exec --gate` ends, with masking and without.
#[test]
fn the_gate_lets_pass_what_is_clean() {
    let world = &world();
    let results = world.path("work/results");
    let cases: [(&str, i32, &str); 8] = [
        ("echo fine > results/a", 0, ""),
        ("printenv CODEOCEAN_TOKEN > results/a", 9, "the token stands in a file, once"),
        ("printenv CODEOCEAN_TOKEN > results/a; exit 3", 3, "the token stands in a file"),
        ("printenv CODEOCEAN_TOKEN > results/a; kill -TERM $$", -1, "the token stands in a file"),
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
    // A mistyped folder is told before the command has run for hours.
    let mut command = world.command();
    command.args(["exec", "--offline", "--gate", "reslts", "--", "sh", "-c", "echo begun >&2"]);
    let ran = Ran::from(command.output().unwrap()).expect(125);
    assert!(ran.err.find("does not exist yet").unwrap() < ran.err.find("begun").unwrap(), "{ran:?}");
    assert!(ran.err.contains("behind --gate") && !ran.err.contains("co-cred scan"), "{ran:?}");
}

#[test]
fn progress_is_shown_on_a_terminal_and_nowhere_else() {
    if !has("script") {
        return;
    }
    let world = world();
    let slow = format!("(sleep 1.5; echo x) | {} scan", crate::support::sandbox::bin());
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
