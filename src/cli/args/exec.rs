//! The options of `co-cred exec`, and its help.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueHint;

use super::broker::BrokerOptions;
use super::common::Common;

/// Run a command with the token in its environment
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "co-cred exec [OPTIONS] -- CMD [ARG]...",
    long_about = "Runs CMD with CODEOCEAN_TOKEN and CODEOCEAN_DOMAIN set, and CODEOCEAN_EMAIL where the account is known \
                  and the variable is not set. CMD takes the place of co-cred: its exit code and its signals are what \
                  you see. co-cred's own failures are 125 (the message says why), 126 (CMD cannot be executed) and 127 \
                  (CMD not found). With --gate, 9 means that CMD succeeded and the token is in a folder.",
    after_help = "Examples:\n  co-cred exec -- python analysis.py\n  co-cred exec --as API_SECRET -- ./old-script.sh\n  \
                  co-cred exec --git -- git clone https://codeocean.example.org/capsule-1234567.git\n  \
                  co-cred exec --mask --gate /results -- ./main.sh\n  \
                  co-cred exec --broker --read-only -- codeocean-mcp-server\n  \
                  co-cred exec --explain"
)]
pub struct Exec {
    /// Set this variable to the token as well; may be repeated
    #[arg(long = "as", value_name = "NAME")]
    pub names: Vec<String>,
    /// Set every variable that Code Ocean clients are known to read, except one that holds something else
    #[arg(long)]
    pub all_names: bool,
    /// Set this variable to the deployment as well, as https://host or, with =host, as the bare host; may be repeated
    ///
    /// With --broker, both forms are http://127.0.0.1:PORT: the broker speaks plain HTTP on this machine.
    #[arg(long = "domain-as", value_name = "NAME[=host|url]")]
    pub domains: Vec<String>,
    /// Remove every other variable that holds the token, in any encoding
    #[arg(long)]
    pub clean: bool,
    /// Let Git, in CMD and its children, ask co-cred for this deployment's credential; no file is changed
    #[arg(long, conflicts_with = "broker")]
    pub git: bool,
    /// Mask the token, in any encoding, in the output of CMD as it streams; CMD then runs as a child of co-cred
    #[arg(long)]
    pub mask: bool,
    /// Mask the signatures of signed storage URLs as well: S3, Google Cloud Storage, Azure
    #[arg(long, requires = "mask")]
    pub mask_urls: bool,
    /// Search DIR for the token once CMD has ended: exit with 9 if it is there and CMD succeeded; may be repeated
    #[arg(long, value_name = "DIR")]
    pub gate: Vec<PathBuf>,
    /// Show what would be set, and from where; run nothing
    #[arg(long)]
    pub explain: bool,
    /// The command and its arguments
    #[arg(value_name = "CMD", required_unless_present = "explain", trailing_var_arg = true)]
    #[arg(value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
    /// Whether CMD gets the token, or the broker's pass.
    #[command(flatten)]
    pub broker_options: BrokerOptions,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}
