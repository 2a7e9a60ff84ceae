//! The fake deployment as a process: `fake-deployment [--tls] [--git] [--limit RATE] TOKEN`. Prints its address, and the file of
//! its authority where there is one; on a line from standard input or at its end, prints how many requests it answered with
//! which status, and ends.

use std::collections::BTreeMap;
use std::io::{self, Write};

use fake_deployment::{Limit, Plan};

fn main() -> io::Result<()> {
    let mut plan = Plan::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        plan = match arg.as_str() {
            "--tls" => plan.tls(),
            "--git" => plan.git(),
            "--limit" => {
                let rate = args.next().and_then(|rate| rate.parse().ok()).expect("a rate");
                plan.limit(Limit { rate, retry_after: 1 })
            }
            token => plan.account(fake_deployment::Account::new(token)),
        };
    }
    let deployment = plan.clone().start();
    let mut out = io::stdout().lock();
    writeln!(out, "{}", deployment.url())?;
    if deployment.url().starts_with("https:") {
        writeln!(out, "{}", deployment.authority().display())?;
    }
    out.flush()?;
    io::stdin().read_line(&mut String::new())?;
    let mut answers = BTreeMap::new();
    for seen in deployment.seen() {
        *answers.entry(seen.status).or_insert(0) += 1;
    }
    writeln!(out, "{}", serde_json::json!(answers))
}
