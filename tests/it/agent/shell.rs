//! An agent and the shell that starts it: what is restricted, what is set and set back, what is shown.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread;

use fake_deployment::{Deployment, Plan};

use crate::agent::serving::quiet;
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN};

/// With a deployment that has a token in a mount, and a shell function for requests.
fn brokered(deployment: &Deployment) -> Sandbox {
    quiet().at(deployment).file("mount/co", TOKEN).with("CAPSULE", deployment.capsule())
}

/// What comes of requests through a broker with these options, each "METHOD PATH" below /api/v1.
fn statuses(world: &Sandbox, options: &str, requests: &[&str]) -> Vec<String> {
    let mut script = format!("set -e\neval \"$(co-cred agent --broker {options} || echo false)\"\n");
    for request in requests {
        let (method, path) = request.split_once(' ').unwrap();
        script.push_str(&format!(
            "curl -s -o /dev/null -w '%{{http_code}}\\n' -X {method} -u \"$CODEOCEAN_TOKEN:\" \
             \"$CODEOCEAN_DOMAIN/api/v1/{path}\"\n"
        ));
    }
    script.push_str("co-cred agent status --json > \"$HOME/status\"\neval \"$(co-cred agent stop)\"\n");
    world.shell("sh", &script).expect(0).out.lines().map(str::to_owned).collect()
}

/// The agent is another process, to which every restriction must travel.
#[test]
fn each_restriction_of_a_broker_reaches_the_agent() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = brokered(&deployment);
    let (get, delete) =
        (format!("GET capsules/{}", deployment.capsule()), format!("DELETE capsules/{}", deployment.capsule()));
    let rules = || fs::read_to_string(world.path("home/status")).unwrap();
    assert_eq!(statuses(&world, "", &[&get])[0], "200");
    assert_eq!(statuses(&world, "--read-only", &[&get, &delete]), ["200", "403"]);
    assert!(rules().contains("--read-only"), "{}", rules());
    let allow = "--allow 'GET /api/v1/capsules/**' --allow 'GET /api/v1/other'";
    assert_eq!(statuses(&world, allow, &[&get, &delete, "POST capsules/search"]), ["200", "403", "403"]);
    assert!(rules().contains("--allow GET /api/v1/capsules/**") && rules().contains("/api/v1/other"), "{}", rules());
    assert_eq!(statuses(&world, "--rate 1/h", &[&get, &get]), ["200", "429"]);
    assert!(rules().contains("--rate 1/h"), "{}", rules());
    assert_eq!(statuses(&world, "--audit requests", &[&get, &delete]).len(), 2);
    assert!(rules().contains("--audit "), "{}", rules());
    assert_eq!(fs::read_to_string(world.path("work/requests")).unwrap().lines().count(), 4);
    let all = format!("--read-only {allow} --rate 1/h --audit all");
    assert_eq!(statuses(&world, &all, &[&delete, &get, &get]), ["403", "200", "429"]);
    assert_eq!(fs::read_to_string(world.path("work/all")).unwrap().lines().count(), 4);
}

/// A file of the same name in another folder is another one.
#[test]
fn a_broker_with_an_audit_file_elsewhere_is_not_joined() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = brokered(&deployment);
    let script = "eval \"$(co-cred agent --broker --audit log)\"\nco-cred agent --broker --audit log >/dev/null || exit 9\n\
                  cd \"$HOME\"\nco-cred agent --broker --audit log >/dev/null; echo $?\nco-cred agent stop >/dev/null";
    let ran = world.shell("sh", script).expect(0);
    assert!(ran.out == "2\n" && ran.err.contains("other rules"), "{ran:?}");
}

/// Whatever was set before: a token under several names, in base64, a proxy's exceptions, what leads to a token.
#[test]
fn after_stop_every_variable_is_what_it_was() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let set = |world: Sandbox| {
        world
            .with("CODEOCEAN_TOKEN", TOKEN)
            .with("API_SECRET", TOKEN)
            .with("IN_BASE64", "dXNlcjpjb3BfWng4MVFtVHo1NWFC")
            .with("CODEOCEAN_URL", format!("{}/", deployment.url()))
            .with("NO_PROXY", "intern.example.org, 10.0.0.0/8")
            .with("ODD", "it's \"odd\"\n$HOME `x` \\")
    };
    let bare = brokered(&deployment).with("HTTPS_PROXY", "");
    for (world, options) in [
        (set(brokered(&deployment)), ""),
        (bare, ""),
        (set(brokered(&deployment)), "-eux"),
        (set(brokered(&deployment)), "-ea"),
    ] {
        for shell in ["sh", "bash"] {
            let script = "seen() { env | grep -v '^_=\\|^SHLVL=\\|^EPOCH\\|RANDOM=\\|^LINENO=\\|^SECONDS=' | LC_ALL=C sort; }\nseen > \"$HOME/before\"\n\
                 eval \"$(co-cred agent --broker)\"\nseen > \"$HOME/during\"\neval \"$(co-cred agent --broker)\"\n\
                 seen >> \"$HOME/during\"\neval \"$(co-cred agent stop)\"\nseen > \"$HOME/after\"\nset > \"$HOME/set\"\n";
            let mut command = world.program(shell);
            let bin = PathBuf::from(crate::support::sandbox::bin());
            let paths = std::iter::once(bin.parent().unwrap().to_path_buf())
                .chain(std::env::split_paths(world.env.get("PATH").unwrap()));
            command.env("PATH", std::env::join_paths(paths).unwrap());
            if !options.is_empty() {
                command.arg(options);
            }
            let ran = Ran::from(command.args(["-c", script]).output().unwrap()).expect(0);
            let read = |name: &str| fs::read_to_string(world.path(&format!("home/{name}"))).unwrap();
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

/// The author's program reads the token under a name of its own: it finds the pass there, in a shell that comes later, too.
#[test]
fn the_pass_stands_under_every_name_that_held_the_token() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world =
        brokered(&deployment).with("API_SECRET", TOKEN).with("QUOTED", format!("\"{TOKEN}\"")).with("ELSE", OTHER);
    let ask = "eval \"$(co-cred agent --broker)\"; for token in \"$API_SECRET\" \"$QUOTED\"; do \
               curl -s -o /dev/null -w '%{http_code}\\n' -u \"$token:\" \"$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE\"; done; \
               echo \"<$ELSE>\"";
    for _ in 0..2 {
        let ran = world.shell("sh", ask).expect(0);
        assert_eq!(ran.out, "200\n200\n<>\n", "{ran:?}");
    }
    // The same shell once more, as where its startup file is read again.
    let ran = world.shell("sh", &format!("{ask}\n{ask}")).expect(0);
    assert_eq!(ran.out, "200\n200\n<>\n".repeat(2), "{ran:?}");
    world.run(["agent", "stop"]).expect(0);
}

/// A shell within the shell does not get what was put aside: it unsets what it cannot set back.
#[test]
fn a_child_shell_never_gets_what_was_put_aside() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let world = brokered(&deployment).with("API_SECRET", TOKEN).with("NO_PROXY", "intern.example.org");
    // A variable of that name, exported before, does not make it seen.
    let world = world.with("CO_CRED_FORMER_API_SECRET", "x");
    let script = "eval \"$(co-cred agent --broker)\"\nenv > \"$HOME/during\"\n\
                  sh -uc 'eval \"$(co-cred agent stop)\"; env > \"$HOME/after\"'";
    let ran = world.shell("sh", script).expect(0);
    let read = |name: &str| fs::read_to_string(world.path(&format!("home/{name}"))).unwrap();
    assert!(!read("during").contains(TOKEN) && !read("after").contains("cop_"), "{ran:?}");
    let has = |line: &str| read("after").lines().any(|each| each == line);
    assert!(
        has("NO_PROXY=intern.example.org") && has(&format!("CODEOCEAN_DOMAIN={}", deployment.url())),
        "{}",
        read("after")
    );
}

/// The first shell to evaluate it has the agent's own words: base64 of a token that no variable holds is removed as well.
#[test]
fn a_trace_of_a_token_from_elsewhere_is_removed_as_well() {
    // Nothing about it looks like a token.
    let (token, trace) = ("cop_lettersonlyhere", "dXNlcjpjb3BfbGV0dGVyc29ubHloZXJl");
    let deployment = Plan::with_token(token).tls().start();
    let world = quiet().at(&deployment).with("IN_BASE64", trace);
    let config = format!(
        "[[deployment]]\ndomain = \"{}\"\ntoken_command = [\"rev\", \"{}\"]\n",
        deployment.url(),
        world.path("work/reversed").display()
    );
    let reversed = token.chars().rev().collect::<String>();
    let world = world.file("work/reversed", reversed).file("home/.config/co-cred/config.toml", config);
    let ran = world.shell("sh", "eval \"$(co-cred agent --broker)\"; env; co-cred agent stop > /dev/null").expect(0);
    assert!(ran.out.contains("CODEOCEAN_DOMAIN=http://127.0.0.1:") && !ran.out.contains("IN_BASE64="), "{ran:?}");
}

/// Whoever answers at a socket may say anything.
#[test]
fn nothing_that_another_process_says_is_shown_as_it_is() {
    let world = quiet();
    let socket = world.path("said");
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
    let world = world.with("CO_CRED_AGENT_SOCK", &socket);
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
        // Each answer to a question for the token has its turn.
        for _ in 0..3 {
            let ran = world.spawn(args);
            for text in [&ran.out, &ran.err] {
                let raw =
                    text.chars().find(|c| (c.is_control() && *c != '\n') || "\u{202e}\u{2066}\u{200b}".contains(*c));
                assert!(raw.is_none() && !text.contains(OTHER), "{args:?} {ran:?}");
            }
        }
    }
}
