//! The options of `co-cred docker-credential`, and its help.

use super::common::Common;

/// Answer Docker, Podman and Skopeo as a credential helper
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Answers Docker, Podman and Skopeo as a credential helper, on standard input and output: the account's e-mail \
                  and the token, for the registries of the known deployments alone. They start it after co-cred setup \
                  docker, as docker-credential-co-cred. All texts, errors too, go to standard output.",
    after_help = "Examples:\n  co-cred setup docker\n  \
                  echo registry.codeocean.example.org | co-cred docker-credential get"
)]
pub struct DockerCredential {
    /// What to do: get, store, erase, list or version
    #[arg(value_name = "ACTION")]
    pub action: Option<String>,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}
