//! The options of `co-cred git-credential`, and its help.

use super::common::Common;

/// Answer Git as a credential helper (gitcredentials(7))
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Answers Git as a credential helper, on standard input and output: the account's e-mail and the token, over \
                  https, for the known deployments alone. Git starts it after co-cred setup git, and under co-cred exec \
                  --git; as git-credential-co-cred, Git finds it by the name co-cred.",
    after_help = "Examples:\n  co-cred setup git\n  \
                  printf 'protocol=https\\nhost=codeocean.example.org\\n\\n' | co-cred git-credential get"
)]
pub struct GitCredential {
    /// What to do: get, store, erase or capability; any other action is ignored, as Git asks of a helper
    #[arg(value_name = "ACTION")]
    pub action: Option<String>,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}
