//! The options of `co-cred list`, and its help.

use super::common::Common;

/// Show the stored logins, and where each is stored
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  co-cred list\n  co-cred list --json | jq -r '.[].email'")]
pub struct List {
    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
    /// Print the known deployments, one on each line, instead of logins; no keyring is opened
    #[arg(long, conflicts_with = "json")]
    pub deployments: bool,
    /// Print the e-mails of the logins, one on each line; no keyring is opened
    #[arg(long, conflicts_with_all = ["json", "deployments"])]
    pub emails: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}
