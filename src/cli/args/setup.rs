//! The options of `co-cred setup`, and its help.

use clap::ValueEnum;

use super::common::Common;

/// Make Git or Docker ask co-cred, for the known deployments
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Makes Git, or Docker, Podman and Skopeo, ask co-cred for the credentials of the known deployments: those \
                  of logins, the configuration and the environment. Nothing changes for other hosts, and the rest of the \
                  changed files stays as it is.",
    after_help = "Examples:\n  co-cred setup git\n  co-cred setup docker\n  co-cred setup git --undo"
)]
pub struct Setup {
    /// The tool that is to ask co-cred
    #[arg(value_name = "TOOL")]
    pub tool: Tool,
    /// Undo it
    #[arg(long)]
    pub undo: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// A tool that co-cred can be set up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tool {
    /// Git
    Git,
    /// Docker, Podman, Skopeo and Buildah
    Docker,
}
