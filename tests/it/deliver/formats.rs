//! Each format of `env`, read by the very program that it is for, with values that need quoting.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use co_cred::deliver::env::FORMATS;
use fake_deployment::Plan;

use crate::support::sandbox::{Ran, Sandbox, TOKEN, has};

/// Every character that some quoting rule treats as special.
const HARD: &str = r#"cop_a b'c"d\e$f`g!h#i%j&k*l(m)n;o<p>q|r~s{t}u[v]w^x@y,z=1\\2''3""4 5"#;

fn world() -> Sandbox {
    Sandbox::new().with("CODEOCEAN_TOKEN", HARD).with("CODEOCEAN_DOMAIN", "https://co.example.org")
}

/// The program's output `token|domain|other`; the variables are not in its own environment.
#[track_caller]
fn proves(ran: Ran) {
    let ran = ran.expect(0);
    assert_eq!(ran.out.trim_end_matches('\n'), format!("{HARD}|https://co.example.org|{HARD}"), "{ran:?}");
}

const ENV: &str = "co-cred env --offline --quiet --as OTHER_1 --format";
const PRINT: &str = r#"printf '%s|%s|%s' "$CODEOCEAN_TOKEN" "$CODEOCEAN_DOMAIN" "$OTHER_1""#;

#[test]
fn every_format_has_a_test_and_a_place_in_the_readme() {
    let (tests, readme) = (include_str!("formats.rs"), include_str!("../../../README.md"));
    let list = readme.split_once("`--format` is one of").unwrap().1.split_once("`--only").unwrap().0;
    for word in FORMATS.iter().map(|format| format.word) {
        let calls = [format!("{{ENV}} {word}"), format!("--format {word}"), format!("\"--format\", \"{word}\"")];
        let is_called = |call: &String| {
            tests
                .match_indices(call.as_str())
                .any(|(at, _)| !tests[at + call.len()..].starts_with(|next: char| next.is_ascii_alphanumeric()))
        };
        assert!(calls.iter().any(is_called), "no test in tests/it/deliver/formats.rs reads --format {word}");
        assert!(list.contains(&format!("`{word}`")), "README.md, at \"`--format` is one of\", lacks `{word}`");
    }
}

#[test]
fn sh_and_bash_evaluate_it() {
    for shell in ["dash", "bash"] {
        let script = format!(r#"text=$({ENV} sh); unset CODEOCEAN_TOKEN CODEOCEAN_DOMAIN; eval "$text"; {PRINT}"#);
        proves(world().shell(shell, &script));
    }
}

#[test]
fn fish_evaluates_it() {
    if has("fish") {
        let script = format!(
            "set text ({ENV} fish); set -e CODEOCEAN_TOKEN; set -e CODEOCEAN_DOMAIN; string join \\n -- $text | source; {PRINT}"
        );
        proves(world().shell("fish", &script));
    }
}

#[test]
fn r_evaluates_it() {
    if has("Rscript") {
        let script = format!(
            "text <- system('{ENV} r', intern = TRUE); Sys.unsetenv(c('CODEOCEAN_TOKEN', 'CODEOCEAN_DOMAIN')); \
             invisible(eval(parse(text = text))); \
             cat(Sys.getenv('CODEOCEAN_TOKEN'), Sys.getenv('CODEOCEAN_DOMAIN'), Sys.getenv('OTHER_1'), sep = '|')"
        );
        let world = world().file("work/test.R", script);
        proves(world.shell("sh", "Rscript --vanilla test.R"));
    }
}

/// `readRenviron` expands `${...}` even within quotes, takes backslashes away outside of them, and takes no quote after a
/// backslash as one.
#[test]
fn r_reads_it_as_renviron() {
    if !has("Rscript") {
        return;
    }
    let hard = format!("{HARD}${{HOME}}$${{x-y}}\\${{}}'${{'x\\'y\\\\'z\\\"\\");
    let script = "Sys.unsetenv(c('CODEOCEAN_TOKEN', 'CODEOCEAN_DOMAIN')); invisible(readRenviron('vars')); \
                  cat(Sys.getenv('CODEOCEAN_TOKEN'), Sys.getenv('CODEOCEAN_DOMAIN'), Sys.getenv('OTHER_1'), sep = '|')";
    let world = world().file("work/test.R", script).with("CODEOCEAN_TOKEN", &hard);
    let ran = world.shell("sh", &format!("{ENV} renviron > vars && Rscript --vanilla test.R")).expect(0);
    assert_eq!(ran.out, format!("{hard}|https://co.example.org|{hard}"));
    // Also at R's start, by its name.
    let print = "cat(Sys.getenv('CODEOCEAN_TOKEN'))";
    let script = format!("unset CODEOCEAN_TOKEN; R_ENVIRON_USER=vars Rscript --no-init-file -e \"{print}\"");
    assert_eq!(world.shell("sh", &script).expect(0).out, hard);
}

/// A client of the MCP server over HTTP sends these headers.
#[test]
fn python_sends_the_headers() {
    let Some(python) = crate::support::clients::python() else { return };
    let program = "import json, sys, requests; h = json.load(sys.stdin); \
                   r = requests.Request('GET', 'http://localhost', headers=h).prepare(); \
                   print('|'.join(f'{k}: {v}' for k, v in r.headers.items()))";
    let world = world().file("work/test.py", program).with("CODEOCEAN_TOKEN", "cop_a\"b\\c");
    let script = format!("co-cred env --offline --quiet --format headers | {} test.py", python.display());
    assert_eq!(world.shell("sh", &script).expect(0).out, "Authorization: Bearer cop_a\"b\\c\n");
    let ran = world.run(["env", "--offline", "--quiet", "--format", "headers"]).expect(0);
    assert_eq!(ran.out, "{\"Authorization\":\"Bearer cop_a\\\"b\\\\c\"}\n");
    world.run(["env", "--offline", "--format", "headers", "--as", "X"]).expect(2);
}

#[test]
fn nextflow_quotes_as_in_groovy() {
    // Nextflow cannot be installed from Debian's packages: this follows its manual (Configuration, "env" scope). Groovy's
    // ConfigSlurper, of which its configuration is a dialect, reads it back as it was.
    let world =
        Sandbox::new().with("CODEOCEAN_TOKEN", "cop_a'b$c\\d\"e${f}").with("CODEOCEAN_DOMAIN", "co.example.org");
    let ran = world.run(["env", "--offline", "--quiet", "--format", "nextflow", "--as", "in"]).expect(0);
    let value = "'cop_a\\'b$c\\\\d\"e${f}'";
    let expected = ["CODEOCEAN_TOKEN", "in"].map(|name| format!("env.{name} = {value}\n")).concat();
    assert_eq!(ran.out, format!("{expected}env.CODEOCEAN_DOMAIN = 'https://co.example.org'\n"));
}

/// Without the colon behind the token, curl asks for a password.
#[test]
fn every_curl_in_the_documentation_has_the_colon() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["", "packaging", "packaging/capsule", "packaging/man", "packaging/completions"];
    let mut seen = 0;
    for path in
        folders.iter().flat_map(|folder| fs::read_dir(root.join(folder)).unwrap()).map(|entry| entry.unwrap().path())
    {
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_default().replace('\\', "");
        for user in text.split("-u ").skip(1).filter_map(|rest| rest.split_whitespace().next()) {
            if user.contains("TOKEN") || user.contains("cop_") {
                seen += 1;
                assert!(
                    user.trim_end_matches(['"', '\'', '`', ',', ')', '.']).ends_with(':'),
                    "{}: -u {user}",
                    path.display()
                );
            }
        }
    }
    assert!(seen > 0);
}

#[test]
fn jq_reads_the_json() {
    if has("jq") {
        let script = format!(r#"{ENV} json | jq -r '.CODEOCEAN_TOKEN + "|" + .CODEOCEAN_DOMAIN + "|" + .OTHER_1'"#);
        proves(world().shell("sh", &script));
    }
}

#[test]
fn python_dotenv_reads_it() {
    let python = crate::support::clients::python();
    let program = "import dotenv; v = dotenv.dotenv_values('.env'); \
                   print(v['CODEOCEAN_TOKEN'], v['CODEOCEAN_DOMAIN'], v['OTHER_1'], sep='|')";
    if let Some(python) = python {
        let world = world().file("work/test.py", program);
        proves(world.shell("sh", &format!("{ENV} dotenv > .env && {} test.py", python.display())));
    }
}

/// The body of the first request.
fn one_request(listener: TcpListener) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut text = String::new();
            let mut buffer = [0; 4096];
            loop {
                let length = stream.read(&mut buffer).unwrap_or(0);
                text.push_str(&String::from_utf8_lossy(&buffer[..length]));
                let body = text.split_once("\r\n\r\n").map(|(head, body)| (head.to_ascii_lowercase(), body.len()));
                let Some((head, have)) = body else { continue };
                let wanted =
                    head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.trim().parse().ok());
                if wanted.is_none_or(|wanted: usize| have >= wanted) {
                    break;
                }
            }
            let create = text.starts_with("POST") && text.contains("/containers/create");
            let reply = if create { r#"{"Id":"0123456789ab","Warnings":[]}"# } else { "{}" };
            let head = "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nConnection: close\r\nContent-Type: application/json";
            let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{reply}", reply.len());
            if create {
                return text;
            }
        }
        String::new()
    })
}

#[test]
fn docker_reads_the_env_file() {
    if !has("docker") {
        return;
    }
    // The client reads the file and sends what it found there to the engine, which need be none.
    let engine = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = engine.local_addr().unwrap();
    let request = one_request(engine);
    let script = format!("{ENV} docker > vars && docker -H tcp://{address} create --env-file vars image");
    world().shell("sh", &script).expect(0);
    let text = request.join().unwrap();
    let body: serde_json::Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    let expected = [
        format!("CODEOCEAN_TOKEN={HARD}"),
        format!("OTHER_1={HARD}"),
        "CODEOCEAN_DOMAIN=https://co.example.org".to_owned(),
    ];
    assert_eq!(body["Env"], serde_json::json!(expected));
}

#[test]
fn curl_reads_its_configuration_and_the_netrc() {
    let hard = HARD.replace('=', "");
    let deployment = Plan::with_token(&hard).start();
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", &hard).at(&deployment);
    let url = format!("{}/api/v1/capsules/{}", deployment.url(), deployment.capsule());
    for script in [
        format!("co-cred env -q --format curl | curl -sf -K - {url}"),
        format!("co-cred env -q --format netrc > netrc && curl -sf --netrc-file netrc {url}"),
    ] {
        let ran = world.shell("sh", &script).expect(0);
        assert!(ran.out.contains("Spike sorting"), "{ran:?}");
    }
}

/// curl takes http for an address without a scheme, and would send the token in the clear.
#[test]
fn curl_sends_the_token_to_a_bare_host_only_over_https() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let host = deployment.url().replace("https://", "");
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment).with("CODEOCEAN_DOMAIN", &host);
    let world = world.with("CAPSULE", deployment.capsule());
    let ask = "curl -s --cacert \"$SSL_CERT_FILE\" -K -";
    let script = format!("co-cred env --format curl | {ask} \"$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE\"");
    let ran = world.shell("sh", &script).expect(0);
    assert!(ran.out.contains("Spike sorting"), "{ran:?}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    world.shell("sh", &format!("co-cred env --format curl | {ask} -m 5 http://{other}/")).expect(1);
    assert!(listener.accept().is_err(), "the token went out in the clear");
}

#[test]
fn requests_reads_the_netrc() {
    let Some(python) = crate::support::clients::python() else { return };
    let deployment = Plan::with_token(TOKEN).start();
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    let url = format!("{}/api/v1/capsules/{}", deployment.url(), deployment.capsule());
    let world = world.file("work/test.py", format!("import requests; print(requests.get('{url}').status_code)"));
    let script = format!("co-cred env --format netrc > netrc && NETRC=netrc {} test.py", python.display());
    assert_eq!(world.shell("sh", &script).expect(0).out, "200\n");
}

#[test]
fn a_netrc_needs_a_deployment() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN);
    world.run(["env", "--offline", "--format", "curl", "--as", "X"]).expect(2);
    let ran = world.run(["env", "--offline", "--format", "netrc"]).expect(3);
    assert_eq!(ran.out, "");
}

#[test]
fn github_actions_masks_it_and_sets_it_for_the_steps_that_follow() {
    let world = Sandbox::new().with("CUSTOM_KEY", "cop_50%25off1234").with("CODEOCEAN_DOMAIN", "co.example.org");
    let world = world.file("work/github_env", "BEFORE=1\n");
    let path = world.path("work/github_env");
    let world = world.with("GITHUB_ENV", &path);
    let ran = world.run(["env", "--offline", "--format", "gha"]).expect(0);
    assert_eq!(ran.out, "::add-mask::cop_50%2525off1234\n");
    let written = fs::read_to_string(path).unwrap();
    assert_eq!(written, "BEFORE=1\nCODEOCEAN_TOKEN=cop_50%25off1234\nCODEOCEAN_DOMAIN=https://co.example.org\n");
    // The last line of the step before may have no line end; the token is masked before it is set.
    let path = world.path("work/open_end");
    let world = world.file("work/open_end", "FOO=bar").with("GITHUB_ENV", &path);
    world.run(["env", "--offline", "--format", "gha"]).expect(0);
    assert!(fs::read_to_string(&path).unwrap().starts_with("FOO=bar\nCODEOCEAN_TOKEN="));
    fs::write(&path, "").unwrap();
    world.shell("sh", "co-cred env --offline --format gha > /dev/full").expect(1);
    assert_eq!(fs::read_to_string(&path).unwrap(), "");
    let ran = world.without("GITHUB_ENV").run(["env", "--offline", "--format", "gha"]).expect(0);
    assert!(ran.out.starts_with("::add-mask::") && ran.out.contains("\nCODEOCEAN_TOKEN=cop_50%25off1234\n"), "{ran:?}");
}

#[test]
fn powershell_quotes_as_in_its_manual() {
    // No PowerShell can be installed from Debian's packages: this follows about_Quoting_Rules, unproven by the program.
    let world = Sandbox::new().with("CODEOCEAN_TOKEN", "cop_a'b$c\u{2019}d");
    let ran = world.run(["env", "--offline", "--quiet", "--format", "powershell"]).expect(0);
    assert_eq!(ran.out, "$env:CODEOCEAN_TOKEN = 'cop_a''b$c\u{2019}\u{2019}d'\n");
}
