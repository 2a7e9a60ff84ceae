//! `co-cred version`: which version this is, and what it was built for.

use std::io::Write;

use serde_json::json;

use crate::cli::args;
use crate::cli::exit::Outcome;

/// The optional features of this build.
const FEATURES: &[&str] = if cfg!(feature = "keyring") { &["keyring"] } else { &[] };

pub(super) fn run(typed: &args::Version, out: &mut dyn Write) -> Outcome {
    let version = env!("CARGO_PKG_VERSION");
    match typed.json {
        true => {
            let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
            let json =
                json!({"schema": "co-cred/version/1", "version": version, "target": target, "features": FEATURES});
            writeln!(out, "{json}")?;
        }
        false => writeln!(out, "co-cred {version}")?,
    }
    out.flush()?;
    Ok(0)
}
