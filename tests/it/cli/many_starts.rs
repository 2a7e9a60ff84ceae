//! Five hundred starts at once, against a deployment that lets fifty a second through.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use fake_deployment::{Limit, Plan};

use crate::support::sandbox::{Sandbox, TOKEN};

const HERD: usize = 500;
const RATE: u32 = 50;

#[test]
fn many_starts_are_spread_over_time() {
    let deployment = Plan::with_token(TOKEN).limit(Limit { rate: RATE, retry_after: 1 }).start();
    // Only the deployment is shared, as among capsules on many machines: `check` asks each time.
    let world = Sandbox::new().with("CUSTOM_KEY", TOKEN).at(&deployment);
    let start = Instant::now();
    let spawn = |_| world.command().args(["check", "--wait", "60s"]).stderr(Stdio::piped()).spawn().unwrap();
    let herd: Vec<Child> = (0..HERD).map(spawn).collect();
    for child in herd {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let (took, asked) = (start.elapsed(), deployment.seen().len());
    let dictated = Duration::from_secs((HERD / RATE as usize) as u64);
    println!("{HERD} starts: {asked} requests, {took:.1?}; the limit dictates {dictated:?}");
    assert!(asked <= 2 * HERD, "{asked} requests");
    assert!(took <= 2 * dictated, "{took:?}");
}
