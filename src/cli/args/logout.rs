//! The options of `co-cred logout`, and its help.

use super::common::Common;

/// Remove a login; the token itself stays valid until it is revoked at Account → Access Tokens
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  co-cred logout\n  co-cred logout --deployment codeocean.example.org --email ada@example.org"
)]
pub struct Logout {
    /// The account, where a deployment has several logins
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Remove it even if its keyring cannot be opened; the token stays in the keyring
    #[arg(long)]
    pub force: bool,
    /// Remove every login
    #[arg(long, conflicts_with_all = ["email", "deployment"])]
    pub all: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}
