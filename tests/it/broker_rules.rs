//! What a program behind the broker may ask: `--read-only`, `--allow` and `--rate`, with the SDK and the MCP server.

use std::time::{Duration, Instant};

use stand_in::Plan;

use super::broker::{Broker, FINE, Recorder, world};
use super::clients::python;
use super::world::{Ran, TOKEN, World, bin};

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
                ("POST", "capsules/%73earch", "--read-only"),
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
    let world = World::new().with("CUSTOM_KEY", TOKEN).with("CODEOCEAN_DOMAIN", "https://co.example.org");
    let cases: [(&[&str], &str); 10] = [
        (&["--read-only"], "--broker"),
        (&["--broker", "--git"], "do not go together"),
        (&["--broker", "--allow", "GET"], "--allow takes a method and a path"),
        (&["--broker", "--allow", "FETCH /api/v1/x"], "the method must be"),
        (&["--broker", "--allow", "GET /capsules"], "must begin with /api/v1/"),
        (&["--broker", "--allow", "GET /api/v1/{x"], "no valid pattern"),
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
    let ran = World::new().with("CUSTOM_KEY", TOKEN).spawn(["exec", "--offline", "--broker", "--", "true"]).expect(125);
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
