//! The options of every command.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::credential::Mode;

/// Options of every command, before or after its name. They are not clap's global arguments: clap would copy those into
/// every command at each start, while a deferred command is built only when it is used.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Token and deployment")]
pub struct Common {
    /// The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and similar variables, the capsule's Git remote]
    #[arg(long, value_name = "URL")]
    pub deployment: Option<String>,
    /// Take the token from this file [also: CO_CRED_TOKEN_FILE]
    #[arg(long, value_name = "PATH")]
    pub token_file: Option<PathBuf>,
    /// Take the token from this variable [also: CO_CRED_TOKEN_ENV]
    #[arg(long, value_name = "NAME", conflicts_with = "token_file")]
    pub token_env: Option<String>,
    /// When to ask the deployment whether the token is valid [default: always for check, status, doctor and login, else auto]
    #[arg(long, value_name = "WHEN")]
    pub verify: Option<Verify>,
    /// Send nothing; the same as --verify never
    #[arg(long, conflicts_with = "verify")]
    pub offline: bool,
    /// Time limit for the deployment's answer, and for token_command, such as 30s or 1m [default: 10s]
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,
    /// Print no warnings
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
    /// Show each step on standard error, never the token [also: CO_CRED_LOG=info]
    #[arg(long, short, help_heading = "Output")]
    pub verbose: bool,
}

impl Common {
    /// These options; one that was not typed is taken from `other`.
    pub fn or(&self, other: &Common) -> Common {
        let here = self.clone();
        let token_is_named = here.token_file.is_some() || here.token_env.is_some();
        Common {
            deployment: here.deployment.or_else(|| other.deployment.clone()),
            token_file: here.token_file.or_else(|| other.token_file.clone().filter(|_| !token_is_named)),
            token_env: here.token_env.or_else(|| other.token_env.clone().filter(|_| !token_is_named)),
            verify: here.verify.or(other.verify.filter(|_| !here.offline)),
            offline: here.offline || (other.offline && here.verify.is_none()),
            timeout: here.timeout.or_else(|| other.timeout.clone()),
            quiet: here.quiet || other.quiet,
            verbose: here.verbose || other.verbose,
        }
    }
}

/// When to ask the deployment.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
pub enum Verify {
    /// Ask; fail unless the token is accepted
    Always,
    /// Ask at most once in five minutes; fail if the token is rejected, warn if the deployment is unreachable
    Auto,
    /// Send nothing
    Never,
}

impl From<Verify> for Mode {
    fn from(verify: Verify) -> Mode {
        match verify {
            Verify::Always => Mode::Always,
            Verify::Auto => Mode::Auto,
            Verify::Never => Mode::Never,
        }
    }
}
