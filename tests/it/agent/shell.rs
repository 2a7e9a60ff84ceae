//! An agent and the shell that starts it: restrictions, variables that are set and restored, text that is shown.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread;

use fake_deployment::{Deployment, Plan};

use crate::agent::support::agent_sandbox;
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN};

/// A sandbox with a deployment whose token is in a mount.
fn brokered(deployment: &Deployment) -> Sandbox {
    agent_sandbox().at(deployment).file("mount/co", TOKEN).with("CAPSULE", deployment.capsule())
}

/// The statuses of requests through a broker with these options, each "METHOD PATH" below /api/v1.
fn statuses(sandbox: &Sandbox, options: &str, requests: &[&str]) -> Vec<String> {
    let mut script = format!("set -e\neval \"$(co-cred agent --broker {options} || echo false)\"\n");
    for request in requests {
        let (method, path) = request.split_once(' ').unwrap();
        script.push_str(&format!(
            "curl -s -o /dev/null -w '%{{http_code}}\\n' -X {method} -u \"$CODEOCEAN_TOKEN:\" \
             \"$CODEOCEAN_DOMAIN/api/v1/{path}\"\n"
        ));
    }
    script.push_str("co-cred agent status --json > \"$HOME/status\"\neval \"$(co-cred agent stop)\"\n");
    sandbox.shell("sh", &script).expect(0).out.lines().map(str::to_owned).collect()
}

/// The agent is another process: every restriction must reach it.
#[test]
fn every_broker_restriction_reaches_the_agent() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let sandbox = brokered(&deployment);
    let (get, delete) =
        (format!("GET capsules/{}", deployment.capsule()), format!("DELETE capsules/{}", deployment.capsule()));
    let rules = || fs::read_to_string(sandbox.path("home/status")).unwrap();
    assert_eq!(statuses(&sandbox, "", &[&get])[0], "200");
    assert_eq!(statuses(&sandbox, "--read-only", &[&get, &delete]), ["200", "403"]);
    assert!(rules().contains("--read-only"), "{}", rules());
    let allow = "--allow 'GET /api/v1/capsules/**' --allow 'GET /api/v1/other'";
    assert_eq!(statuses(&sandbox, allow, &[&get, &delete, "POST capsules/search"]), ["200", "403", "403"]);
    assert!(rules().contains("--allow GET /api/v1/capsules/**") && rules().contains("/api/v1/other"), "{}", rules());
    assert_eq!(statuses(&sandbox, "--rate 1/h", &[&get, &get]), ["200", "429"]);
    assert!(rules().contains("--rate 1/h"), "{}", rules());
    assert_eq!(statuses(&sandbox, "--audit requests", &[&get, &delete]).len(), 2);
    assert!(rules().contains("--audit "), "{}", rules());
    assert_eq!(fs::read_to_string(sandbox.path("work/requests")).unwrap().lines().count(), 4);
    let all = format!("--read-only {allow} --rate 1/h --audit all");
    assert_eq!(statuses(&sandbox, &all, &[&delete, &get, &get]), ["403", "200", "429"]);
    assert_eq!(fs::read_to_string(sandbox.path("work/all")).unwrap().lines().count(), 4);
}

/// A relative path in another folder names another file.
#[test]
fn broker_with_another_audit_file_is_not_joined() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let sandbox = brokered(&deployment);
    let script = "eval \"$(co-cred agent --broker --audit log)\"\nco-cred agent --broker --audit log >/dev/null || exit 9\n\
                  cd \"$HOME\"\nco-cred agent --broker --audit log >/dev/null; echo $?\nco-cred agent stop >/dev/null";
    let ran = sandbox.shell("sh", script).expect(0);
    assert!(ran.out == "2\n" && ran.err.contains("other rules"), "{ran:?}");
}

/// Among them: a token under several names and in base64, exceptions of a proxy, variables that lead to a token.
#[test]
fn stop_restores_every_variable() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let set = |sandbox: Sandbox| {
        sandbox
            .with("CODEOCEAN_TOKEN", TOKEN)
            .with("API_SECRET", TOKEN)
            .with("IN_BASE64", "dXNlcjpjb3BfWng4MVFtVHo1NWFC")
            .with("CODEOCEAN_URL", format!("{}/", deployment.url()))
            .with("NO_PROXY", "intern.example.org, 10.0.0.0/8")
            .with("ODD", "it's \"odd\"\n$HOME `x` \\")
    };
    let bare = brokered(&deployment).with("HTTPS_PROXY", "");
    for (sandbox, options) in [
        (set(brokered(&deployment)), ""),
        (bare, ""),
        (set(brokered(&deployment)), "-eux"),
        (set(brokered(&deployment)), "-ea"),
    ] {
        for shell in ["sh", "bash"] {
            let script = "seen() { env | grep -v '^_=\\|^SHLVL=\\|^EPOCH\\|RANDOM=\\|^LINENO=\\|^SECONDS=' | LC_ALL=C sort; }\nseen > \"$HOME/before\"\n\
                 eval \"$(co-cred agent --broker)\"\nseen > \"$HOME/during\"\neval \"$(co-cred agent --broker)\"\n\
                 seen >> \"$HOME/during\"\neval \"$(co-cred agent stop)\"\nseen > \"$HOME/after\"\nset > \"$HOME/set\"\n";
            let mut command = sandbox.program(shell);
            let bin = PathBuf::from(crate::support::sandbox::bin());
            let paths = std::iter::once(bin.parent().unwrap().to_path_buf())
                .chain(std::env::split_paths(sandbox.env.get("PATH").unwrap()));
            command.env("PATH", std::env::join_paths(paths).unwrap());
            if !options.is_empty() {
                command.arg(options);
            }
            let ran = Ran::from(command.args(["-c", script]).output().unwrap()).expect(0);
            let read = |name: &str| fs::read_to_string(sandbox.path(&format!("home/{name}"))).unwrap();
            assert_eq!(read("before"), read("after"), "{shell} {options}");
            for secret in [TOKEN, "dXNlcjpjb3BfWng4MVFtVHo1NWFC"] {
                assert!(!read("during").contains(secret), "{shell} {options}: {}", read("during"));
                assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{shell} {options}: {ran:?}");
            }
            assert!(read("during").contains("CODEOCEAN_DOMAIN=http://127.0.0.1:"), "{}", read("during"));
            assert!(
                !read("set").contains("CO_CRED_FORMER") && !read("set").contains("CO_CRED_SHELL"),
                "{}",
                read("set")
            );
        }
    }
}

/// A program that reads the token under a name of its own finds the pass there, also in a shell that is started later.
#[test]
fn pass_replaces_the_token_under_every_name() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let sandbox =
        brokered(&deployment).with("API_SECRET", TOKEN).with("QUOTED", format!("\"{TOKEN}\"")).with("ELSE", OTHER);
    let ask = "eval \"$(co-cred agent --broker)\"; for token in \"$API_SECRET\" \"$QUOTED\"; do \
               curl -s -o /dev/null -w '%{http_code}\\n' -u \"$token:\" \"$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE\"; done; \
               echo \"<$ELSE>\"";
    for _ in 0..2 {
        let ran = sandbox.shell("sh", ask).expect(0);
        assert_eq!(ran.out, "200\n200\n<>\n", "{ran:?}");
    }
    // The same shell evaluates it again, as when its startup file is read again.
    let ran = sandbox.shell("sh", &format!("{ask}\n{ask}")).expect(0);
    assert_eq!(ran.out, "200\n200\n<>\n".repeat(2), "{ran:?}");
    sandbox.run(["agent", "stop"]).expect(0);
}

/// A shell started by the shell does not get the saved values: it unsets what it cannot restore.
#[test]
fn child_shell_does_not_get_saved_tokens() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let sandbox = brokered(&deployment).with("API_SECRET", TOKEN).with("NO_PROXY", "intern.example.org");
    // A variable of that name that was exported before is not exported again.
    let sandbox = sandbox.with("CO_CRED_FORMER_API_SECRET", "x");
    let script = "eval \"$(co-cred agent --broker)\"\nenv > \"$HOME/during\"\n\
                  sh -uc 'eval \"$(co-cred agent stop)\"; env > \"$HOME/after\"'";
    let ran = sandbox.shell("sh", script).expect(0);
    let read = |name: &str| fs::read_to_string(sandbox.path(&format!("home/{name}"))).unwrap();
    assert!(!read("during").contains(TOKEN) && !read("after").contains("cop_"), "{ran:?}");
    let has = |line: &str| read("after").lines().any(|each| each == line);
    assert!(
        has("NO_PROXY=intern.example.org") && has(&format!("CODEOCEAN_DOMAIN={}", deployment.url())),
        "{}",
        read("after")
    );
}

/// With a readonly variable, dash would end in the middle, and bash would go on with the token.
#[test]
fn variable_that_cannot_change_fails_the_shell() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    for shell in ["dash", "bash"] {
        for (readonly, options) in [
            ("readonly CODEOCEAN_TOKEN", ""),
            ("readonly API_SECRET", "set -eu;"),
            ("readonly IN_BASE64", "set -x;"),
            ("readonly IN_BASE64 CODEOCEAN_DOMAIN", "set -a;"),
        ] {
            let sandbox = brokered(&deployment)
                .with("CODEOCEAN_TOKEN", TOKEN)
                .with("API_SECRET", TOKEN)
                .with("IN_BASE64", "dXNlcjpjb3BfWng4MVFtVHo1NWFC");
            let start = "eval \"$(co-cred agent --broker --read-only || echo false)\"";
            let script = format!("{options} {readonly}; {start} || exit 7; echo it continued");
            let ran = sandbox.shell(shell, &script).expect(7);
            let names = readonly.split(' ').skip(1);
            assert!(!ran.out.contains("continued"), "{shell} {readonly}: {ran:?}");
            assert!(ran.err.contains("cannot change"), "{shell} {readonly}: {ran:?}");
            assert!(names.clone().all(|name| ran.err.contains(name)), "{shell} {readonly}: {ran:?}");
            assert!(!ran.err.contains(TOKEN) && !ran.err.contains("dXNlcj"), "{shell} {readonly}: {ran:?}");
            // Everything else is changed, and restored.
            let script = format!(
                "{readonly}; {start}; test \"$CO_CRED_KEPT\" && exit 1; env > \"$HOME/during\"\n\
                 eval \"$(co-cred agent stop)\"; env > \"$HOME/after\""
            );
            let ran = sandbox.shell(shell, &script).expect(0);
            let read = |name: &str| fs::read_to_string(sandbox.path(&format!("home/{name}"))).unwrap();
            let value = |text: &str, name: &str| {
                text.lines().find_map(|line| line.strip_prefix(&format!("{name}=")).map(str::to_owned))
            };
            for name in ["CODEOCEAN_TOKEN", "API_SECRET", "IN_BASE64", "CODEOCEAN_DOMAIN"] {
                let is_kept = names.clone().any(|kept| kept == name);
                let (during, before) = (value(&read("during"), name), sandbox.env.text(name).map(str::to_owned));
                assert_eq!(during == before, is_kept, "{shell} {readonly} {name}: {ran:?}");
                assert_eq!(value(&read("after"), name), before, "{shell} {readonly} {name}: {ran:?}");
            }
        }
    }
}

/// bash passes such variables on to its programs, and cannot unset them.
#[test]
fn token_under_a_name_that_no_shell_can_unset_is_an_error() {
    use std::os::unix::ffi::OsStrExt;
    let deployment = Plan::with_token(TOKEN).tls().start();
    let script = "eval \"$(co-cred agent --broker || echo false)\" || exit 7; echo it continued";
    for name in [&b"my.token"[..], b"t\xffken"] {
        let name = std::ffi::OsStr::from_bytes(name);
        let mut sandbox = brokered(&deployment);
        sandbox.env.set(name, TOKEN);
        let ran = sandbox.shell("bash", script).expect(7);
        assert!(ran.err.contains(&*name.to_string_lossy()) && ran.err.contains("env -u"), "{ran:?}");
        assert!(!ran.err.contains(TOKEN) && !ran.out.contains("continued"), "{ran:?}");
        // No agent is left.
        sandbox.run(["agent", "status"]).expect(3);
    }
}

#[test]
fn exported_function_that_holds_a_token_is_removed() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let sandbox = brokered(&deployment);
    let define = |more: &str| {
        format!(
            "ask-co() {{ echo {TOKEN}; }}; other() {{ echo other; }}; export -f ask-co other; {more}\n\
             eval \"$(co-cred agent --broker || echo false)\" || exit 7; env; bash -c other"
        )
    };
    let ran = sandbox.shell("bash", &define("")).expect(0);
    assert!(!ran.out.contains(TOKEN) && ran.out.ends_with("other\n"), "{ran:?}");
    let ran = sandbox.shell("bash", &define("readonly -f ask-co")).expect(7);
    assert!(ran.err.contains("cannot change ask-co()"), "{ran:?}");
    sandbox.run(["agent", "stop"]).expect(0);
}

/// The token is in no variable as it is, only its base64, which is removed as well.
#[test]
fn encoded_token_of_another_source_is_removed() {
    // Its shape is not that of a token.
    let (token, trace) = ("cop_lettersonlyhere", "dXNlcjpjb3BfbGV0dGVyc29ubHloZXJl");
    let deployment = Plan::with_token(token).tls().start();
    let sandbox = agent_sandbox().at(&deployment).with("IN_BASE64", trace);
    let config = format!(
        "[[deployment]]\ndomain = \"{}\"\ntoken_command = [\"rev\", \"{}\"]\n",
        deployment.url(),
        sandbox.path("work/reversed").display()
    );
    let reversed = token.chars().rev().collect::<String>();
    let sandbox = sandbox.file("work/reversed", reversed).file("home/.config/co-cred/config.toml", config);
    let ran = sandbox.shell("sh", "eval \"$(co-cred agent --broker)\"; env; co-cred agent stop > /dev/null").expect(0);
    assert!(ran.out.contains("CODEOCEAN_DOMAIN=http://127.0.0.1:") && !ran.out.contains("IN_BASE64="), "{ran:?}");
}

/// The program at the socket may send anything.
#[test]
fn responses_are_cleaned_before_they_are_shown() {
    let sandbox = agent_sandbox();
    let socket = sandbox.path("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let bad = format!("\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\u{200b}\r\n{OTHER}");
    let status = serde_json::json!({
        "answer": "status", "pid": 1, "deployment": bad, "place": bad, "fingerprint": bad, "since": "2026-01-01T00:00:00Z",
        "changes": 1, "trouble": bad, "broker": bad, "rules": [bad, bad],
    });
    let none = serde_json::json!({ "answer": "none", "message": bad });
    let token = serde_json::json!({ "answer": "token", "token": TOKEN, "place": bad, "deployment": null });
    let error = serde_json::json!({ "answer": "error", "message": bad });
    thread::spawn(move || {
        let mut token_answers = [&token, &none, &error].into_iter().cycle();
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            let _ = stream.read_line(&mut line);
            let answer = if line.contains("token") { token_answers.next().unwrap() } else { &status };
            let _ = stream.get_mut().write_all(format!("{answer}\n").as_bytes());
        }
    });
    let sandbox = sandbox.with("CO_CRED_AGENT_SOCK", &socket);
    for args in [
        &["agent", "status"][..],
        &["agent", "status", "--json"],
        &["agent", "stop"],
        &["agent"],
        &["agent", "--broker"],
        &["status", "--offline"],
        &["status", "--offline", "--json"],
        &["doctor", "--offline"],
        &["doctor", "--offline", "--json"],
        &["token", "--offline"],
        &["exec", "--offline", "--explain"],
        &["check", "--offline", "--json"],
    ] {
        // Once for each response to a request for the token.
        for _ in 0..3 {
            let ran = sandbox.spawn(args);
            for text in [&ran.out, &ran.err] {
                let raw =
                    text.chars().find(|c| (c.is_control() && *c != '\n') || "\u{202e}\u{2066}\u{200b}".contains(*c));
                assert!(raw.is_none() && !text.contains(OTHER), "{args:?} {ran:?}");
            }
        }
    }
}
