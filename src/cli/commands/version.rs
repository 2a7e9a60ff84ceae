//! `co-cred version`: which version this is, and what it was built for.

use std::io::Write;

use serde_json::json;

use crate::error::Result;

use crate::cli::{args, closed};

/// What is built in only where it is wanted.
const FEATURES: &[&str] = if cfg!(feature = "keyring") { &["keyring"] } else { &[] };

pub(super) fn run(typed: &args::Version, out: &mut dyn Write) -> Result<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let written = match typed.json {
        true => {
            let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
            let json =
                json!({"schema": "co-cred/version/1", "version": version, "target": target, "features": FEATURES});
            writeln!(out, "{json}")
        }
        false => writeln!(out, "co-cred {version}"),
    };
    written.and_then(|()| out.flush()).map(|()| 0).or_else(closed)
}
