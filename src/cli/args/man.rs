//! The options of `co-cred man`, and its help.

/// Print a manual page
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  co-cred man exec | man -l -\n  co-cred man > ~/.local/share/man/man1/co-cred.1")]
pub struct Man {
    /// The command [default: the page of co-cred itself]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}
