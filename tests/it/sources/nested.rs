//! Deeply nested files: an error or a warning, never a stack overflow.

use crate::support::sandbox::{Ran, Sandbox, TOKEN, has};

/// A piece repeated up to this many bytes.
fn deep(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len())
}

/// The real binary on a stack of 1 MiB, smaller than any thread's; in a process of its own, since an overflow kills it.
fn run(world: &Sandbox, args: &str) -> Ran {
    world.spawn_program("sh", &["-c", &format!("ulimit -s 1024; exec \"$0\" {args}"), crate::support::sandbox::bin()])
}

fn token(world: &Sandbox) -> Ran {
    run(world, "token --offline")
}

#[test]
fn a_deeply_nested_secrets_file_is_an_error() {
    let pieces = [
        "$(", "\"$(", "${", "\"${", "${a:-", "\"${a:-", "$(\"${", "${$(", "\"${\"$(", "$((", "\"$((", "$(`", "$(${",
        "<<$(", "<<\"$(",
    ];
    for piece in pieces {
        for script in [deep(piece, 60_000), format!("CODEOCEAN_TOKEN={}", deep(piece, 60_000))] {
            let world = Sandbox::new().file("mount/secrets", &script).with("CUSTOM_KEY", TOKEN);
            let ran = token(&world).expect(6);
            assert!(ran.err.contains("mount/secrets is nested too deeply"), "{piece}: {ran:?}");
            assert!(ran.err.contains("hint:"), "{piece}: {ran:?}");
        }
    }
    // A depth beyond what people write is accepted.
    let nested = format!("A={}x{}\nCODEOCEAN_TOKEN={TOKEN}\n", "\"$(echo ".repeat(20), ")\"".repeat(20));
    assert_eq!(token(&Sandbox::new().file("mount/secrets", nested)).expect(0).out, format!("{TOKEN}\n"));
}

#[test]
fn a_deeply_nested_slot_file_is_a_warning() {
    let json = ["[", "{\"a\":", "[{\"a\":", "{\"version\":1,\"secrets\":[", "{\"version\":1,\"x\":["];
    let yaml =
        ["[", "{", "{a: ", "- ", "? ", "a: [", "[{a: ", "- ? ", "? - ", "- - ", "&a [", "!t [", "!!map {? ", "[? "];
    let files = json.map(|piece| ("capsule/.codeocean/secrets.json", deep(piece, 60_000)));
    let files = files.into_iter().chain(yaml.map(|piece| ("capsule/environment/environment.yml", deep(piece, 60_000))));
    let indented: String = (0..300).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    for (file, text) in files.chain([("capsule/environment/environment.yml", indented)]) {
        let world = Sandbox::new().file(file, &text).with("CUSTOM_KEY", TOKEN);
        let ran = token(&world).expect(0);
        assert!(ran.err.contains("warning") && ran.err.contains(file), "{text:.20}: {ran:?}");
    }
}

#[test]
fn a_deeply_nested_credentials_file_is_an_error() {
    for piece in ["[", "{\"token\":", "{\"x\":[", "{\"token\":\"cop_a\",\"domain\":{\"x\":"] {
        let world = Sandbox::new().file("home/.codeocean/credentials.json", deep(piece, 60_000));
        let ran = token(&world).expect(6);
        assert!(ran.err.contains("credentials.json"), "{piece}: {ran:?}");
    }
    // Valid JSON with a deeply nested key that is not needed.
    let more = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let whole = format!("{{\"domain\": \"co.example.org\", \"token\": \"{TOKEN}\", \"x\": {more}}}");
    let ran = token(&Sandbox::new().file("home/.codeocean/credentials.json", whole));
    assert!([0, 6].contains(&ran.code), "{ran:?}");
}

#[test]
fn a_deeply_nested_configuration_is_an_error() {
    let pieces = ["a=[", "a={a=", "[", "[[", "a.", "[a.", "[[a.", "a=[[", "a={a.a=", "a={a=["];
    let whole = [
        format!("{}a = 1\n", "a.".repeat(25_000)),
        format!("[{}a]\nx = 1\n", "a.".repeat(25_000)),
        format!("[[{}a]]\nx = 1\n", "a.".repeat(25_000)),
        format!("a = {}{}\n", "[".repeat(25_000), "]".repeat(25_000)),
        format!("a = {}1{}\n", "{a=".repeat(12_000), "}".repeat(12_000)),
        format!("[[deployment]]\ndomain = \"co.example.org\"\nemail = {}{}\n", "[".repeat(25_000), "]".repeat(25_000)),
    ];
    for text in pieces.map(|piece| deep(piece, 60_000)).into_iter().chain(whole) {
        let world = Sandbox::new().file("home/.config/co-cred/config.toml", &text).with("CUSTOM_KEY", TOKEN);
        let ran = run(&world, "status --offline");
        assert!([2, 6].contains(&ran.code), "{text:.30}: {ran:?}");
        assert!(ran.err.contains("config.toml") && ran.err.contains("hint:"), "{text:.30}: {ran:?}");
    }
}

#[test]
fn a_deeply_nested_docker_configuration_is_not_changed() {
    for piece in ["[", "{\"a\":", "{\"auths\":[{\"a\":"] {
        let world = Sandbox::new().with("CODEOCEAN_DOMAIN", "co.example.org").with("CODEOCEAN_TOKEN", TOKEN);
        let text = deep(piece, 60_000);
        let world = world.file("home/.docker/config.json", &text);
        let ran = run(&world, "setup docker");
        assert!(ran.code > 0 && ran.err.contains("config.json"), "{piece}: {ran:?}");
        assert_eq!(std::fs::read_to_string(world.path("home/.docker/config.json")).unwrap(), text);
    }
}

/// Archives inside archives, up to a thousand levels.
#[test]
fn a_deeply_nested_archive_is_reported_as_not_searched() {
    if !has("python3") {
        return;
    }
    let script = r#"
import base64, gzip, io, os, sys, tarfile, zipfile
def gz(data): return gzip.compress(data, 1)
def zipped(data, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive: archive.writestr("a.zip", data)
    return out.getvalue()
def deflated(data): return zipped(data, zipfile.ZIP_DEFLATED)
def tarred(data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.ipynb"); info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()
def notebook(data): return b'{"cells": "' + base64.b64encode(data) + b'"}'
def page(data): return zipped(b'<a href="data:;base64,' + base64.b64encode(data) + b'">').replace(b"a.zip", b"a.htm")
token = os.environ["TOKEN"].encode()
for kind, times in [(gz, 1000), (zipped, 1000), (deflated, 1000), (tarred, 200), (notebook, 22), (page, 14)]:
    data = gz(token)
    for _ in range(times): data = kind(data)
    open(os.path.join(sys.argv[1], kind.__name__ + (".ipynb" if kind is notebook else "")), "wb").write(data)
"#;
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).file("results/a", "x");
    let mut python = world.program("python3");
    assert!(python.args(["-c", script]).arg(world.path("results")).env("TOKEN", TOKEN).status().unwrap().success());
    // On the search's worker threads too.
    assert!(world.spawn(["scan", "../results"]).expect(1).err.contains("6 files or folders"));
    for name in ["gz", "zipped", "deflated", "tarred", "notebook.ipynb", "page"] {
        let ran = world.spawn(["scan", world.path("results").join(name).to_str().unwrap()]).expect(1);
        assert!(ran.out.contains("packed too deeply"), "{name}: {ran:?}");
    }
}
