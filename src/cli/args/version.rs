//! The options of `co-cred version`, and its help.

/// Print the version
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  co-cred version\n  co-cred version --json | jq -r .target")]
pub struct Version {
    /// Print it as JSON, with the target and the features of the build
    #[arg(long)]
    pub json: bool,
}
