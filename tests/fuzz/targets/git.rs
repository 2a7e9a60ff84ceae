//! What Git asks. What is read is written and read again as the same; a refused request is answered with `quit=1` alone;
//! and the token is given for no host but the one, by a reading of the request that is as simple as can be.
#![no_main]

use std::ffi::OsString;
use std::sync::LazyLock;

use co_cred::cli::{self, Streams};
use co_cred::deliver::git::Message;
use co_cred::env::Env;

const TOKEN: &str = "cop_FuzzedToken7";

/// A known deployment, a token and an e-mail: nobody is asked for anything.
static ENV: LazyLock<Env> = LazyLock::new(|| {
    let variables = [
        ("HOME", "/nonexistent"),
        ("CO_CRED_SECRETS_DIR", "/nonexistent"),
        ("CO_CAPSULE_PATH", "/nonexistent"),
        ("CODEOCEAN_DOMAIN", "https://co.example.org"),
        ("CODEOCEAN_TOKEN", TOKEN),
        ("CODEOCEAN_EMAIL", "ada@example.org"),
    ];
    variables.into_iter().collect()
});

fn get(mut request: &[u8]) -> Vec<u8> {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams =
        Streams { input: &mut request, interactive: false, out: &mut out, err: &mut err, colour: false };
    let args: Vec<OsString> = ["co-cred", "git-credential", "get"].map(OsString::from).into();
    cli::run(&args, &ENV, &mut streams);
    assert!(!String::from_utf8_lossy(&err).contains(TOKEN));
    out
}

/// Whether some line, up to the first empty one, is this.
fn has_line(request: &[u8], wanted: impl Fn(&str) -> bool) -> bool {
    let lines = request.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    lines.filter_map(|line| std::str::from_utf8(line).ok()).any(wanted)
}

libfuzzer_sys::fuzz_target!(|request: &[u8]| {
    let read = Message::read(&mut &request[..]);
    let answer = get(request);
    match read {
        Ok(message) => {
            let written = message.encode();
            assert!(Message::read(&mut written.as_slice()).is_ok_and(|again| again == message));
        }
        Err(_) => assert_eq!(answer, b"quit=1\n"),
    }
    if answer.len() > b"quit=1\n".len() {
        assert!(has_line(request, |line| line.strip_prefix("host=").is_some_and(is_ours)));
        assert!(has_line(request, |line| line == "protocol=https"));
        assert!(!request.contains(&b'\r') && !request.contains(&0) || has_empty_line(request));
    }
});

/// The deployment's host or the one for Git, in whatever letters IDNA takes for theirs, with the default port or none.
fn is_ours(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let is_default = port.is_empty() || port.trim_start_matches('0') == "443";
    let name = idna::domain_to_ascii(name).unwrap_or_default();
    is_default && matches!(name.as_str(), "co.example.org" | "git.co.example.org")
}

/// What stands behind an empty line is not read.
fn has_empty_line(request: &[u8]) -> bool {
    request.starts_with(b"\n") || request.windows(2).any(|bytes| bytes == b"\n\n")
}
