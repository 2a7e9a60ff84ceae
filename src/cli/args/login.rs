//! The options of `co-cred login`, and its help.

use super::common::Common;

/// Store a token in the system's keyring, once it is verified
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Reads an access token, verifies it, and stores it in the system's keyring: the Secret Service of a Linux \
                  desktop (else the kernel's keyring, until the next reboot), the Keychain, the Credential Manager. From \
                  then on co-cred finds it there, and so do Git and Docker after co-cred setup. The token is typed without \
                  echo, or read from standard input; a token in the variable that --token-env names is taken first.",
    after_help = "Examples:\n  co-cred login --deployment codeocean.example.org\n  \
                  pass show code-ocean | co-cred login --deployment codeocean.example.org\n  \
                  co-cred login --expires 2027-06-30      warns from two weeks before"
)]
pub struct Login {
    /// The account's e-mail [default: co-cred asks the deployment]
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// The last day on which the token is valid, as YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub expires: Option<String>,
    /// Store it in a file that only you can read, where there is no keyring
    #[arg(long)]
    pub insecure_storage: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}
