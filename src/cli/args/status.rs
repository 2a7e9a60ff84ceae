//! The options of `co-cred status`, and its help.

use super::common::Common;

/// Show which token is used, where it comes from, and what the deployment says about it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  co-cred status\n  co-cred status --json | jq -r .verdict")]
pub struct Status {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}
