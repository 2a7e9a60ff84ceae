//! The options of `co-cred doctor`, and its help.

use super::common::Common;

/// Show every source, what is wrong, and what to do
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  co-cred doctor\n  co-cred doctor --offline\n  co-cred doctor --json | jq .problems"
)]
pub struct Doctor {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}
