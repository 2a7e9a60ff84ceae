//! The SDK and the MCP server behind `--read-only` and `--allow`.

use std::path::Path;

use fake_deployment::Plan;
use serde_json::Value;

use super::support::{OK, Recorder, audit_entries, world};
use crate::support::clients::python;
use crate::support::sandbox::{Ran, TOKEN, bin};

#[test]
fn sdk_reads_pass_and_a_refused_write_gives_the_reason() {
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
    // A proxy that does not exist: the broker is reached without it.
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
fn mcp_server_reads_pass_and_a_refused_write_gives_the_reason() {
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

/// Each method of the SDK, its request by the API's documentation, and whether it reads.
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

/// Calls every method of the SDK behind a broker; returns the status of each, and the requests of the audit.
fn every_method(python: &Path, rules: &[String]) -> (Vec<(String, String)>, Vec<Value>) {
    let recorder = Recorder::new(OK);
    let world = recorder.sandbox().file("work/methods.py", include_str!("../../fixtures/broker/sdk_methods.py"));
    let args = [&["exec", "--offline", "--broker", "--audit", "log"].map(str::to_owned)[..], rules];
    let command = ["--", python.to_str().unwrap(), "methods.py"].map(str::to_owned);
    let ran = world.spawn([&args.concat()[..], &command].concat()).expect(0);
    let answers = ran.out.lines().map(|line| line.split_once(' ').unwrap());
    let answers = answers.map(|(name, status)| (name.to_owned(), status.to_owned())).collect();
    (answers, audit_entries(&world.path("work/log")))
}

#[test]
fn every_sdk_method_passes_by_its_documented_rule() {
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
fn read_only_passes_exactly_the_sdk_methods_that_read() {
    let Some(python) = python() else { return };
    let status = |reads| if reads { "200" } else { "403" };
    let expected: Vec<(String, String)> =
        METHODS.iter().map(|(name, _, reads)| ((*name).to_owned(), status(*reads).to_owned())).collect();
    assert_eq!(every_method(&python, &["--read-only".to_owned()]).0, expected);
}
