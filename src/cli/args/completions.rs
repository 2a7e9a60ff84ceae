//! The options of `co-cred completions`, and its help.

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  co-cred completions bash > ~/.local/share/bash-completion/completions/co-cred\n  \
                        co-cred completions fish > ~/.config/fish/completions/co-cred.fish"
)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}
