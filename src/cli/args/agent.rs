//! The options of `co-cred agent`, and its help.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;

use super::broker::BrokerOptions;
use super::common::Common;

/// Keep a token fresh, and serve it to other co-cred commands
#[derive(Clone, Debug, clap::Args)]
#[command(
    long_about = "Watches the files that the token comes from (secret mount, credentials file, configuration, slot files, \
                  logins), obtains and verifies it again when one changes, and serves it over a socket that only your user \
                  can open. Prints the variables that make every other co-cred ask the agent first, and goes to the \
                  background. If an agent is already running, prints the variables of that one.",
    after_help = "Examples:\n  eval \"$(co-cred agent)\"           start one, or find the one that is running\n  \
                  co-cred agent status\n  eval \"$(co-cred agent stop)\"\n  co-cred agent --foreground        \
                  for systemd and containers\n  \
                  eval \"$(co-cred agent --broker --read-only || echo false)\" || exit    programs of this shell never get the token"
)]
pub struct Agent {
    /// What to do with the running agent; without it, one is started
    #[arg(value_name = "ACTION", conflicts_with = "broker")]
    pub action: Option<AgentAction>,
    /// Stay in the foreground
    #[arg(long)]
    pub foreground: bool,
    /// The socket [default: CO_CRED_AGENT_SOCK, else one below $XDG_RUNTIME_DIR or the cache folder]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Keep the token in this file as well, readable by you alone, for programs that reread a file; it is removed while
    /// there is no token
    #[arg(long, value_name = "PATH", conflicts_with = "broker")]
    pub keep_file: Option<PathBuf>,
    /// Run this in a shell each time the token has changed; the token is not in its environment
    #[arg(long, value_name = "CMD")]
    pub on_change: Option<OsString>,
    /// Print the status as JSON
    #[arg(long)]
    pub json: bool,
    /// Read the options from standard input, and go to the background once ready: how co-cred starts an agent.
    #[arg(long, hide = true)]
    pub detach: bool,
    /// Whether programs get the token, or the broker's pass.
    #[command(flatten)]
    pub broker_options: BrokerOptions,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// What can be done with a running agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AgentAction {
    /// Show its state
    Status,
    /// End it
    Stop,
}
