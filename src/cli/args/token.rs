//! The options of `co-cred token`, and its help.

use super::common::Common;

/// Print the token alone, on a line of its own
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  TOKEN=$(co-cred token) || exit\n  co-cred token --verify always | program --token-stdin"
)]
pub struct Token {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}
