//! The files that a user keeps, as TOML and JSON: none of them makes a command panic or overflow its stack, and none but
//! one that was read is answered with a token.
#![no_main]

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use co_cred::cli::{self, Streams};
use co_cred::env::Env;

const FILES: [&str; 4] =
    [".codeocean/credentials.json", ".config/co-cred/config.toml", ".docker/config.json", "capsule/.git/config"];

static HOME: LazyLock<PathBuf> = LazyLock::new(|| {
    let home = std::env::temp_dir().join(format!("co-cred-fuzz-{}", std::process::id()));
    for file in FILES {
        fs::create_dir_all(home.join(file).parent().unwrap()).unwrap();
    }
    home
});

fn run(args: &[&str]) -> (u8, Vec<u8>) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut env = Env::default();
    env.set("HOME", HOME.as_os_str());
    env.set("CO_CAPSULE_PATH", HOME.join("capsule"));
    env.set("CO_CRED_SECRETS_DIR", HOME.join("mount"));
    let mut streams = Streams { input: &mut &b""[..], interactive: false, out: &mut out, err: &mut err, colour: false };
    let args: Vec<OsString> = std::iter::once("co-cred").chain(args.iter().copied()).map(OsString::from).collect();
    let code = cli::run(&args, &env, &mut streams);
    (code, out)
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, contents)) = bytes.split_first() else { return };
    let file = HOME.join(FILES[usize::from(*which) % FILES.len()]);
    fs::write(&file, contents).unwrap();
    let (code, out) = run(&["token", "--offline"]);
    assert_eq!(code == 0, !out.is_empty());
    if file.ends_with(FILES[2]) {
        run(&["setup", "docker", "--undo"]);
    }
    fs::remove_file(file).unwrap();
});
