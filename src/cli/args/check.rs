//! The options of `co-cred check`, and its help.

use crate::verify::Scope;

use super::common::Common;

/// Check the token at startup: silent and 0 when all is well, else one line and an exit code
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  co-cred check\n  co-cred check --need capsule:read --wait 60s\n  \
                  co-cred check --verify auto     asks at most once in five minutes, for a HEALTHCHECK")]
pub struct Check {
    /// Fail unless the token has this scope; may be repeated
    #[arg(long = "need", value_name = "SCOPE", value_enum)]
    pub needs: Vec<Scope>,
    /// Keep retrying for this long while the network or the server is not ready
    #[arg(long, value_name = "DURATION")]
    pub wait: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}
