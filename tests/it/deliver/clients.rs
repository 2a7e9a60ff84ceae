//! Real clients under `exec`, with the token attached under a name that none of them knows.

use fake_deployment::{Deployment, Plan};

use crate::support::clients::python;
use crate::support::sandbox::{Sandbox, TOKEN};

fn world(deployment: &Deployment) -> Sandbox {
    Sandbox::new().with("MY_SECRET_NAME", TOKEN).at(deployment).with("CAPSULE", deployment.capsule())
}

#[test]
fn curl_reads_a_capsule_over_tls() {
    let deployment = Plan::with_token(TOKEN).tls().start();
    let script =
        r#"curl -sf --cacert "$SSL_CERT_FILE" -u "$CODEOCEAN_TOKEN:" "$CODEOCEAN_DOMAIN/api/v1/capsules/$CAPSULE""#;
    let ran = world(&deployment).spawn(["exec", "--", "sh", "-c", script]).expect(0);
    assert!(ran.out.contains("Spike sorting"), "{ran:?}");
}

#[test]
fn the_sdk_reads_a_capsule() {
    let Some(python) = python() else { return };
    let deployment = Plan::with_token(TOKEN).tls().start();
    let program = "import os\nfrom codeocean import CodeOcean\n\
                   client = CodeOcean(domain=os.environ['CODEOCEAN_DOMAIN'], token=os.environ['CODEOCEAN_TOKEN'])\n\
                   print(client.capsules.get_capsule(os.environ['CAPSULE']).name)\n";
    let world = world(&deployment).with("REQUESTS_CA_BUNDLE", deployment.authority()).file("work/run.py", program);
    let ran = world.spawn(["exec", "--", python.to_str().unwrap(), "run.py"]).expect(0);
    assert_eq!(ran.out, "Spike sorting\n");
}

#[test]
fn the_mcp_server_reads_a_capsule() {
    let Some(python) = python() else { return };
    let deployment = Plan::with_token(TOKEN).tls().start();
    // The protocol's own client starts the server through co-cred, as an editor or an agent would.
    let program = r#"
import asyncio, os, sys
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

async def main():
    server = StdioServerParameters(command=sys.argv[1], args=["exec", "--", sys.argv[2]], env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        result = await session.call_tool("get_capsule", {"capsule_id": os.environ["CAPSULE"]})
        print(result.isError, "Spike sorting" in result.content[0].text)

asyncio.run(main())
"#;
    let server = python.with_file_name("codeocean-mcp-server");
    let world = world(&deployment).with("REQUESTS_CA_BUNDLE", deployment.authority()).file("work/client.py", program);
    let output =
        world.program(&python).arg("client.py").arg(crate::support::sandbox::bin()).arg(server).output().unwrap();
    let ran: crate::support::sandbox::Ran = output.into();
    assert_eq!(ran.expect(0).out, "False True\n");
}
