//! What a program behind the broker may ask: `--read-only`, `--allow` and `--rate`, with the SDK and the MCP server.

use std::path::Path;
use std::time::{Duration, Instant};

use fake_deployment::Plan;
use serde_json::Value;

use crate::broker::access::{Broker, FINE, Recorder, world};
use crate::broker::audit::lines;
use crate::deliver::clients::python;
use crate::support::sandbox::{OTHER, Ran, Sandbox, TOKEN, bin};

#[test]
fn each_rule_narrows_and_a_refusal_names_it() {
    let recorder = Recorder::new(FINE);
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
        let broker = Broker::new(recorder.world(), &args);
        for (method, endpoint, refusal) in requests {
            let reply = broker.ask(method, &format!("/api/v1/{endpoint}"), "", "");
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
fn the_sdk_reads_and_is_told_why_it_may_not_write() {
    let Some(python) = python() else { return };
    let deployment = Plan::with_token(TOKEN).tls().start();
    let program = r#"
import os
from codeocean import CodeOcean
from codeocean.capsule import CapsuleSearchParams
client = CodeOcean(domain=os.environ["CODEOCEAN_DOMAIN"], token=os.environ["CODEOCEAN_TOKEN"])
print(client.capsules.get_capsule(os.environ["CAPSULE"]).name)
print(client.capsules.search_capsules(CapsuleSearchParams(limit=1)).results[0].name)
try:
    client.capsules.delete_capsule(os.environ["CAPSULE"])
except Exception as error:
    print(error.status_code, error.message)
"#;
    // A proxy that is not there: the broker is reached without.
    let world = world(&deployment).with("HTTP_PROXY", "http://127.0.0.1:9").file("work/run.py", program);
    let ran = world.spawn(["exec", "--broker", "--read-only", "--", python.to_str().unwrap(), "run.py"]).expect(0);
    let expected = format!(
        "Spike sorting\nSpike sorting\n403 co-cred's broker: --read-only refuses DELETE /api/v1/capsules/{}: only GET, HEAD, \
         searches and listings pass\n",
        deployment.capsule()
    );
    assert_eq!(ran.out, expected);
    assert!(deployment.seen().iter().all(|seen| !seen.request.starts_with("DELETE")));
}

#[test]
fn the_mcp_server_reads_and_shows_why_it_may_not_write() {
    let Some(python) = python() else { return };
    let deployment = Plan::with_token(TOKEN).tls().start();
    let program = r#"
import asyncio, os, sys
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

async def main():
    args = ["exec", "--broker", "--read-only", "--", sys.argv[2]]
    server = StdioServerParameters(command=sys.argv[1], args=args, env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        result = await session.call_tool("get_capsule", {"capsule_id": os.environ["CAPSULE"]})
        print(result.isError, "Spike sorting" in result.content[0].text)
        result = await session.call_tool("run_capsule", {"run_params": {"capsule_id": os.environ["CAPSULE"]}})
        print(result.isError, "--read-only refuses POST /api/v1/computations" in result.content[0].text)

asyncio.run(main())
"#;
    let server = python.with_file_name("codeocean-mcp-server");
    let world = world(&deployment).file("work/client.py", program);
    let output = world.program(&python).arg("client.py").arg(bin()).arg(server).output().unwrap();
    assert_eq!(Ran::from(output).expect(0).out, "False True\nTrue True\n");
}

#[test]
fn what_cannot_be_used_is_said_before_anything_starts() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "https://co.example.org");
    let cases: [(&[&str], &str); 10] = [
        (&["--read-only"], "--broker"),
        (&["--broker", "--git"], "do not go together"),
        (&["--broker", "--allow", "GET"], "--allow takes a method and a path"),
        (&["--broker", "--allow", "FETCH /api/v1/x"], "the method must be"),
        (&["--broker", "--allow", "GET /capsules"], "must begin with /api/v1/"),
        (&["--broker", "--allow", "GET /api/v1/{x"], "* and **"),
        (&["--broker", "--rate", "5"], "--rate takes"),
        (&["--broker", "--rate", "0/s"], "--rate takes"),
        (&["--broker", "--audit", "/nowhere/log"], "/nowhere/log cannot be written to (its folder is not there)"),
        (&["--broker", "--audit", "/dev/null"], "it is no file"),
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
fn a_loop_that_runs_away_is_slowed_down() {
    let recorder = Recorder::new(FINE);
    let broker = Broker::new(recorder.world(), &["--offline", "--rate", "10/s"]);
    let start = Instant::now();
    for _ in 0..25 {
        assert_eq!(broker.get("/api/v1/x").status, 200);
    }
    assert!(start.elapsed() >= Duration::from_millis(1400), "{:?}", start.elapsed());
    let broker = Broker::new(recorder.world(), &["--offline", "--rate", "1/h"]);
    assert_eq!(broker.get("/api/v1/x").status, 200);
    let reply = broker.get("/api/v1/x");
    assert!(reply.status == 429 && reply.message().contains("--rate 1/h"), "{reply:?}");
    assert!(reply.head.contains("retry-after: 3"), "{reply:?}");
}

/// A request or a rule that ends in a slash is the same as one that does not.
#[test]
fn a_rule_means_the_same_with_and_without_a_final_slash() {
    let recorder = Recorder::new(FINE);
    for rule in ["DELETE /api/v1/capsules/*/data_assets", "DELETE /api/v1/capsules/*/data_assets/"] {
        let broker = Broker::new(recorder.world(), &["--offline", "--allow", rule]);
        for path in ["/api/v1/capsules/ID/data_assets", "/api/v1/capsules/ID/data_assets/"] {
            assert_eq!(broker.ask("DELETE", path, "", "").status, 200, "{rule} {path}");
        }
        for path in ["/api/v1/capsules/ID/data_assets/x", "/api/v1/capsules/data_assets/", "/api/v1/capsules/ID"] {
            assert_eq!(broker.ask("DELETE", path, "", "").status, 403, "{rule} {path}");
        }
    }
}

/// `*` is at least one character, and `**` at least one segment at the end: neither reaches what holds them.
#[test]
fn a_star_matches_at_least_one_character() {
    let recorder = Recorder::new(FINE);
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
        let broker = Broker::new(recorder.world(), &["--offline", "--allow", &rule]);
        for (endpoints, status) in [(passing, 200), (refused, 403)] {
            for endpoint in endpoints {
                let reply = broker.ask("DELETE", &format!("/api/v1/{endpoint}"), "", "");
                assert_eq!(reply.status, status, "{rule}: {endpoint}");
            }
        }
    }
}

/// Only `*` and `**` are documented: a rule that seems to say more would let something else pass than what was meant.
#[test]
fn a_rule_that_matches_nothing_or_something_else_is_refused() {
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

/// Each method of the SDK, the request of which the API's documentation speaks, and whether it reads.
const METHODS: [(&str, &str, bool); 56] = [
    ("capsules.archive_capsule", "PATCH /api/v1/capsules/*/archive", false),
    ("capsules.attach_data_assets", "POST /api/v1/capsules/*/data_assets", false),
    ("capsules.delete_capsule", "DELETE /api/v1/capsules/*", false),
    ("capsules.detach_data_assets", "DELETE /api/v1/capsules/*/data_assets", false),
    ("capsules.get_capsule", "GET /api/v1/capsules/*", true),
    ("capsules.get_capsule_app_panel", "GET /api/v1/capsules/*/app_panel", true),
    ("capsules.get_permissions", "GET /api/v1/capsules/*/permissions", true),
    ("capsules.get_release_job", "GET /api/v1/capsules/*/release/*", true),
    ("capsules.list_computations", "GET /api/v1/capsules/*/computations", true),
    ("capsules.release_capsule", "POST /api/v1/capsules/*/release", false),
    ("capsules.search_capsules", "POST /api/v1/capsules/search", true),
    ("capsules.search_capsules_iterator", "POST /api/v1/capsules/search", true),
    ("capsules.sync_capsule", "POST /api/v1/capsules/*/sync", false),
    ("capsules.update_permissions", "POST /api/v1/capsules/*/permissions", false),
    ("capsules.wait_until_release_completed", "GET /api/v1/capsules/*/release/*", true),
    ("computations.attach_data_assets", "POST /api/v1/computations/*/data_assets", false),
    ("computations.delete_computation", "DELETE /api/v1/computations/*", false),
    ("computations.detach_data_assets", "DELETE /api/v1/computations/*/data_assets", false),
    ("computations.get_computation", "GET /api/v1/computations/*", true),
    ("computations.get_result_file_download_url", "GET /api/v1/computations/*/results/download_url", true),
    ("computations.get_result_file_urls", "GET /api/v1/computations/*/results/urls", true),
    ("computations.list_computation_results", "POST /api/v1/computations/*/results", true),
    ("computations.rename_computation", "PATCH /api/v1/computations/*", false),
    ("computations.run_capsule", "POST /api/v1/computations", false),
    ("computations.run_pipeline", "POST /api/v1/computations", false),
    ("computations.wait_until_completed", "GET /api/v1/computations/*", true),
    ("custom_metadata.get_custom_metadata", "GET /api/v1/custom_metadata", true),
    ("data_assets.archive_data_asset", "PATCH /api/v1/data_assets/*/archive", false),
    ("data_assets.create_data_asset", "POST /api/v1/data_assets", false),
    ("data_assets.delete_data_asset", "DELETE /api/v1/data_assets/*", false),
    ("data_assets.get_data_asset", "GET /api/v1/data_assets/*", true),
    ("data_assets.get_data_asset_file_download_url", "GET /api/v1/data_assets/*/files/download_url", true),
    ("data_assets.get_data_asset_file_urls", "GET /api/v1/data_assets/*/files/urls", true),
    ("data_assets.get_permissions", "GET /api/v1/data_assets/*/permissions", true),
    ("data_assets.list_data_asset_files", "POST /api/v1/data_assets/*/files", true),
    ("data_assets.search_data_assets", "POST /api/v1/data_assets/search", true),
    ("data_assets.search_data_assets_iterator", "POST /api/v1/data_assets/search", true),
    ("data_assets.transfer_data_asset", "POST /api/v1/data_assets/*/transfer", false),
    ("data_assets.update_metadata", "PUT /api/v1/data_assets/*", false),
    ("data_assets.update_permissions", "POST /api/v1/data_assets/*/permissions", false),
    ("data_assets.wait_until_ready", "GET /api/v1/data_assets/*", true),
    ("pipelines.archive_pipeline", "PATCH /api/v1/pipelines/*/archive", false),
    ("pipelines.attach_data_assets", "POST /api/v1/pipelines/*/data_assets", false),
    ("pipelines.delete_pipeline", "DELETE /api/v1/pipelines/*", false),
    ("pipelines.detach_data_assets", "DELETE /api/v1/pipelines/*/data_assets", false),
    ("pipelines.get_permissions", "GET /api/v1/pipelines/*/permissions", true),
    ("pipelines.get_pipeline", "GET /api/v1/pipelines/*", true),
    ("pipelines.get_pipeline_app_panel", "GET /api/v1/pipelines/*/app_panel", true),
    ("pipelines.get_release_job", "GET /api/v1/pipelines/*/release/*", true),
    ("pipelines.list_computations", "GET /api/v1/pipelines/*/computations", true),
    ("pipelines.release_pipeline", "POST /api/v1/pipelines/*/release", false),
    ("pipelines.search_pipelines", "POST /api/v1/pipelines/search", true),
    ("pipelines.search_pipelines_iterator", "POST /api/v1/pipelines/search", true),
    ("pipelines.sync_pipeline", "POST /api/v1/pipelines/*/sync", false),
    ("pipelines.update_permissions", "POST /api/v1/pipelines/*/permissions", false),
    ("pipelines.wait_until_release_completed", "GET /api/v1/pipelines/*/release/*", true),
];

/// Calls every method of the SDK behind a broker; returns what each was answered with, and the lines of the audit.
fn every_method(python: &Path, rules: &[String]) -> (Vec<(String, String)>, Vec<Value>) {
    let recorder = Recorder::new(FINE);
    let world = recorder.world().file("work/methods.py", include_str!("../../fixtures/broker/sdk_methods.py"));
    let args = [&["exec", "--offline", "--broker", "--audit", "log"].map(str::to_owned)[..], rules];
    let command = ["--", python.to_str().unwrap(), "methods.py"].map(str::to_owned);
    let ran = world.spawn([&args.concat()[..], &command].concat()).expect(0);
    let answers = ran.out.lines().map(|line| line.split_once(' ').unwrap());
    let answers = answers.map(|(name, status)| (name.to_owned(), status.to_owned())).collect();
    (answers, lines(&world.path("work/log")))
}

#[test]
fn every_method_of_the_sdk_passes_by_the_rule_that_its_documentation_names() {
    let Some(python) = python() else { return };
    let expected: Vec<(String, String)> =
        METHODS.iter().map(|(name, ..)| ((*name).to_owned(), "200".to_owned())).collect();
    for end in ["", "/"] {
        let rules: Vec<String> =
            METHODS.iter().flat_map(|(_, rule, _)| ["--allow".to_owned(), format!("{rule}{end}")]).collect();
        let (answers, audit) = every_method(&python, &rules);
        assert_eq!(answers, expected);
        let passed: Vec<&str> = audit.iter().map(|line| line["rule"].as_str().unwrap()).collect();
        let documented: Vec<String> = METHODS.iter().map(|(_, rule, _)| format!("--allow {rule}")).collect();
        assert_eq!(passed, documented);
    }
}

#[test]
fn every_method_of_the_sdk_that_reads_passes_read_only_and_no_other() {
    let Some(python) = python() else { return };
    let status = |reads| if reads { "200" } else { "403" };
    let expected: Vec<(String, String)> =
        METHODS.iter().map(|(name, _, reads)| ((*name).to_owned(), status(*reads).to_owned())).collect();
    assert_eq!(every_method(&python, &["--read-only".to_owned()]).0, expected);
}

/// A rule may name a token by mistake, as a file's name may.
#[test]
fn what_explains_the_rules_shows_no_token() {
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "https://co.example.org");
    let rule = format!("GET /api/v1/capsules/{OTHER}");
    let args = ["exec", "--offline", "--broker", "--allow", &rule, "--audit", OTHER, "--explain"];
    let ran = world.spawn(args).expect(0);
    assert!(ran.out.contains("--allow GET /api/v1/capsules/cop_…") && ran.out.contains("--audit"), "{ran:?}");
    assert!(!ran.out.contains(OTHER) && !ran.err.contains(OTHER), "{ran:?}");
}

/// What a program prints of a refusal drives no terminal, and shows no token.
#[test]
fn a_refusal_repeats_the_path_as_it_may_be_shown() {
    let recorder = Recorder::new(FINE);
    let broker = Broker::new(recorder.world(), &["--offline", "--read-only"]);
    let refused = |path: &str| broker.ask("DELETE", path, "", "").message();
    assert!(refused("/api/v1/%e2%80%aex%20y/").contains("refuses DELETE /api/v1/%E2%80%AEx%20y/:"));
    let token = refused(&format!("/api/v1/%e2%80%ae/%63op_{}", &OTHER[4..]));
    assert!(token.is_ascii() && token.contains("/cop_?") && !token.contains(&OTHER[4..8]), "{token}");
}
