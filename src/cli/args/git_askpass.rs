//! The options of `co-cred git-askpass`, and its help.

use std::ffi::OsString;

/// Answer a prompt of Git
#[derive(Debug, clap::Args)]
pub struct GitAskpass {
    /// The prompt.
    pub prompt: OsString,
}
