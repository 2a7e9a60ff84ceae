//! `--read-only`, `--allow` and `--rate`.

use std::time::{Duration, Instant};

use super::support::{Broker, OK, Recorder};
use crate::support::sandbox::{OTHER, Sandbox, TOKEN};

#[test]
fn each_rule_narrows_and_refusals_name_it() {
    let recorder = Recorder::new(OK);
    let read_only = &["--read-only"][..];
    let allow = &["--allow", "GET /api/v1/capsules/*", "--allow", "post /api/v1/computations"][..];
    let both = &["--read-only", "--allow", "* /api/v1/data_assets/**"][..];
    let cases: [(&[&str], &[(&str, &str, &str)]); 4] = [
        (
            &[],
            &[
                ("GET", "x", ""),
                ("POST", "computations", ""),
                ("PUT", "x", ""),
                ("DELETE", "x", ""),
                ("PATCH", "x", ""),
                ("OPTIONS", "x", ""),
                ("TRACE", "x", "no such method"),
                ("BREW", "x", "no such method"),
            ],
        ),
        (
            read_only,
            &[
                ("GET", "capsules/x", ""),
                ("HEAD", "capsules/x", ""),
                ("POST", "capsules/search", ""),
                ("POST", "pipelines/search", ""),
                ("POST", "data_assets/search", ""),
                ("POST", "data_assets/ID/files", ""),
                ("POST", "computations/ID/results", ""),
                ("POST", "capsules/search/", ""),
                ("POST", "capsules/search/x", "--read-only"),
                ("POST", "capsules/%73earch", ""),
                ("POST", "computations", "--read-only"),
                ("POST", "data_assets", "--read-only"),
                ("DELETE", "capsules/x", "--read-only"),
                ("PUT", "data_assets/x", "--read-only"),
                ("PATCH", "capsules/x/archive", "--read-only"),
                ("OPTIONS", "capsules/x", "--read-only"),
            ],
        ),
        (
            allow,
            &[
                ("GET", "capsules/x", ""),
                ("HEAD", "capsules/x", ""),
                ("POST", "computations", ""),
                ("GET", "capsules/x/computations", "--allow"),
                ("GET", "capsulesx", "--allow"),
                ("POST", "capsules/search", "--allow"),
                ("DELETE", "computations", "--allow"),
            ],
        ),
        (
            both,
            &[
                ("GET", "data_assets/x/permissions", ""),
                ("GET", "capsules/x", "--allow"),
                ("DELETE", "data_assets/x", "--read-only"),
            ],
        ),
    ];
    for (args, requests) in cases {
        let args = [&["--offline"], args].concat();
        let broker = Broker::new(recorder.sandbox(), &args);
        for (method, endpoint, refusal) in requests {
            let reply = broker.send(method, &format!("/api/v1/{endpoint}"), "", "");
            match refusal.is_empty() {
                true => assert_eq!(reply.status, 200, "{args:?} {method} {endpoint}: {reply:?}"),
                false => {
                    assert_eq!(reply.status, 403, "{args:?} {method} {endpoint}: {reply:?}");
                    assert!(reply.message().contains(refusal), "{args:?} {method} {endpoint}: {reply:?}");
                }
            }
        }
    }
}

#[test]
fn invalid_options_fail_before_the_command_starts() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "https://co.example.org");
    let cases: [(&[&str], &str); 10] = [
        (&["--read-only"], "--broker"),
        (&["--broker", "--git"], "cannot be used together"),
        (&["--broker", "--allow", "GET"], "--allow takes a method and a path"),
        (&["--broker", "--allow", "FETCH /api/v1/x"], "the method must be"),
        (&["--broker", "--allow", "GET /capsules"], "must begin with /api/v1/"),
        (&["--broker", "--allow", "GET /api/v1/{x"], "* and **"),
        (&["--broker", "--rate", "5"], "--rate takes"),
        (&["--broker", "--rate", "0/s"], "--rate takes"),
        (&["--broker", "--audit", "/nowhere/log"], "/nowhere/log cannot be written to (its folder does not exist)"),
        (&["--broker", "--audit", "/dev/null"], "it is not a file"),
    ];
    for (args, words) in cases {
        let args = [&["exec", "--offline"], args, &["--", "touch", "started"]].concat();
        let ran = world.spawn(&args).expect(125);
        assert!(ran.err.contains(words), "{args:?} {ran:?}");
    }
    assert!(!world.path("work/started").exists());
    let ran =
        Sandbox::new().with("CUSTOM_KEY", TOKEN).spawn(["exec", "--offline", "--broker", "--", "true"]).expect(125);
    assert!(ran.err.contains("the broker needs the deployment") && ran.err.contains("--deployment"), "{ran:?}");
}

#[test]
fn a_runaway_loop_is_slowed_down() {
    let recorder = Recorder::new(OK);
    let broker = Broker::new(recorder.sandbox(), &["--offline", "--rate", "10/s"]);
    let start = Instant::now();
    for _ in 0..25 {
        assert_eq!(broker.get("/api/v1/x").status, 200);
    }
    assert!(start.elapsed() >= Duration::from_millis(1400), "{:?}", start.elapsed());
    let broker = Broker::new(recorder.sandbox(), &["--offline", "--rate", "1/h"]);
    assert_eq!(broker.get("/api/v1/x").status, 200);
    let reply = broker.get("/api/v1/x");
    assert!(reply.status == 429 && reply.message().contains("--rate 1/h"), "{reply:?}");
    assert!(reply.head.contains("retry-after: 3"), "{reply:?}");
}

/// A path with a slash at its end is the same as one without, in rules and in requests.
#[test]
fn a_final_slash_changes_no_rule() {
    let recorder = Recorder::new(OK);
    for rule in ["DELETE /api/v1/capsules/*/data_assets", "DELETE /api/v1/capsules/*/data_assets/"] {
        let broker = Broker::new(recorder.sandbox(), &["--offline", "--allow", rule]);
        for path in ["/api/v1/capsules/ID/data_assets", "/api/v1/capsules/ID/data_assets/"] {
            assert_eq!(broker.send("DELETE", path, "", "").status, 200, "{rule} {path}");
        }
        for path in ["/api/v1/capsules/ID/data_assets/x", "/api/v1/capsules/data_assets/", "/api/v1/capsules/ID"] {
            assert_eq!(broker.send("DELETE", path, "", "").status, 403, "{rule} {path}");
        }
    }
}

/// `*` is at least one character, and `**` at the end at least one segment: neither matches the folder itself.
#[test]
fn a_star_matches_at_least_one_character() {
    let recorder = Recorder::new(OK);
    let cases: [(&str, &[&str], &[&str]); 6] = [
        ("data_assets/*", &["data_assets/x", "data_assets/x/"], &["data_assets/", "data_assets", "data_assets/x/y"]),
        ("data_assets/**", &["data_assets/x", "data_assets/x/y/"], &["data_assets/", "data_assets", "data_assetsx"]),
        ("data_assets/x*", &["data_assets/xy"], &["data_assets/x", "data_assets/x/", "data_assets/yx"]),
        ("data_assets/*x", &["data_assets/yx", "data_assets/xx"], &["data_assets/x", "data_assets/xy"]),
        ("data_assets/a*b*c", &["data_assets/axbxc"], &["data_assets/abc", "data_assets/axbc", "data_assets/abxc"]),
        (
            "**/permissions",
            &["permissions", "x/permissions", "x/y/permissions"],
            &["x", "permissions/x", "x/permissionsx"],
        ),
    ];
    for (rule, passing, refused) in cases {
        let rule = format!("DELETE /api/v1/{rule}");
        let broker = Broker::new(recorder.sandbox(), &["--offline", "--allow", &rule]);
        for (endpoints, status) in [(passing, 200), (refused, 403)] {
            for endpoint in endpoints {
                let reply = broker.send("DELETE", &format!("/api/v1/{endpoint}"), "", "");
                assert_eq!(reply.status, status, "{rule}: {endpoint}");
            }
        }
    }
}

/// Only `*` and `**` are documented: a rule with other wildcards would let other requests pass than its author meant.
#[test]
fn other_wildcards_and_impossible_paths_are_refused() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "https://co.example.org");
    for path in [
        "{capsules,pipelines}/x",
        "capsules/{x",
        "capsules/}",
        "capsules/[a-z]",
        "capsules/[!x]",
        "capsules/]",
        "capsules/?",
        "capsules/x?path=y",
        "!capsules",
        "capsules/\\*",
        "capsules/***",
        "capsules/x**",
        "**x/y",
        // No request has such a path.
        "",
        "/",
        "capsules//x",
        "capsules/x//",
        "capsules/../x",
        "./capsules",
        "capsules/%78",
        "capsules/x;y",
        "capsules/\u{7}",
    ] {
        let rule = format!("GET /api/v1/{path}");
        let args = ["exec", "--offline", "--broker", "--allow", &rule, "--", "touch", "started"];
        let ran = world.spawn(args).expect(125);
        assert!(ran.err.contains("--allow") && ran.err.contains("hint: "), "{path}: {ran:?}");
    }
    assert!(!world.path("work/started").exists());
}

/// A rule or a file name may be a token by mistake.
#[test]
fn explain_masks_tokens_in_rules() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "https://co.example.org");
    let rule = format!("GET /api/v1/capsules/{OTHER}");
    let args = ["exec", "--offline", "--broker", "--allow", &rule, "--audit", OTHER, "--explain"];
    let ran = world.spawn(args).expect(0);
    assert!(ran.out.contains("--allow GET /api/v1/capsules/cop_…") && ran.out.contains("--audit"), "{ran:?}");
    assert!(!ran.out.contains(OTHER) && !ran.err.contains(OTHER), "{ran:?}");
}

/// A program may print the message: it must neither control a terminal nor show a token.
#[test]
fn refusals_show_the_path_encoded_and_masked() {
    let recorder = Recorder::new(OK);
    let broker = Broker::new(recorder.sandbox(), &["--offline", "--read-only"]);
    let refused = |path: &str| broker.send("DELETE", path, "", "").message();
    assert!(refused("/api/v1/%e2%80%aex%20y/").contains("refuses DELETE /api/v1/%E2%80%AEx%20y/:"));
    let token = refused(&format!("/api/v1/%e2%80%ae/%63op_{}", &OTHER[4..]));
    assert!(token.is_ascii() && token.contains("/cop_?") && !token.contains(&OTHER[4..8]), "{token}");
}
