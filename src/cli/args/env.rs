//! The options of `co-cred env`, and its help.

use crate::deliver::env::Format;

use super::common::Common;

/// Print assignments for a shell or another program to evaluate
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  eval \"$(co-cred env)\"\n  co-cred env --format fish | source\n  \
                        co-cred env --format curl | curl -K - https://codeocean.example.org/api/v1/capsules/ID\n  \
                        (umask 077; co-cred env --only CODEOCEAN_TOKEN --format dotenv > .env)\n  \
                        (umask 077; co-cred env --format netrc >> ~/.netrc)")]
pub struct Env {
    /// The program that reads it
    #[arg(long, short, value_enum, default_value = "sh")]
    pub format: Format,
    /// Set this variable to the token as well; may be repeated
    #[arg(long = "as", value_name = "NAME")]
    pub names: Vec<String>,
    /// Print this variable and no others, for programs that refuse other names; may be repeated
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}
