//! What is typed. Whatever may hold a secret or a URL stays plain text here and is understood later, by its own room:
//! clap would repeat it in its errors.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::credential::Mode;
use crate::deliver::DOMAIN_NAMES;
use crate::deliver::env::Format;
use crate::error::{Error, Reason, Result};
use crate::locate::shell::is_name;
use crate::token;
use crate::verify::Scope;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "co-cred",
    bin_name = "co-cred",
    version,
    about = "Locates, verifies and delivers a Code Ocean access token",
    long_about = "Locates the Code Ocean access token (secret mount, environment, credentials file), verifies it with \
                  one call, and hands it to whoever needs it.",
    after_help = "In a capsule:      co-cred exec -- ./script.sh\n\
                  What is wrong?     co-cred doctor\n\
                  At startup:        co-cred check --wait 60s",
    after_long_help = "Examples:\n  \
        co-cred exec -- python analysis.py       run it with CODEOCEAN_TOKEN and CODEOCEAN_DOMAIN set\n  \
        co-cred check --wait 60s                 at startup: silent and 0 when all is well\n  \
        co-cred doctor                           every source, what it holds, and what to do\n\n\
        Exit codes:\n  \
        0 fine   1 internal   2 usage   3 not found   4 rejected   5 unreachable   6 unreadable   7 scope missing   \
        8 ambiguous\n\n\
        CO_CRED_LOG=info shows each step on standard error, never the token.",
    max_term_width = 100,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options before the command: those behind it come first.
    #[command(flatten)]
    pub common: Common,
}

/// Options of every command, on either side of its name. They are not clap's global arguments, which it would copy into
/// all commands at every start: a command is only built when it is the one that was typed.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Token and deployment")]
pub struct Common {
    /// The deployment, such as codeocean.example.org [else: CODEOCEAN_DOMAIN and its kin, the capsule's Git remote]
    #[arg(long, value_name = "URL")]
    pub deployment: Option<String>,
    /// Take the token from this file [also: CO_CRED_TOKEN_FILE]
    #[arg(long, value_name = "PATH")]
    pub token_file: Option<PathBuf>,
    /// Take the token from this variable [also: CO_CRED_TOKEN_ENV]
    #[arg(long, value_name = "NAME", conflicts_with = "token_file")]
    pub token_env: Option<String>,
    /// How sure to be of the token [default: always for check, status and doctor, auto for the rest]
    #[arg(long, value_name = "WHEN")]
    pub verify: Option<Verify>,
    /// Send nothing; the same as --verify never
    #[arg(long, conflicts_with = "verify")]
    pub offline: bool,
    /// How long the deployment may take, such as 10s or 1m [default: 10s]
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,
    /// No warnings
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
    /// Show each step on standard error, never the token [also: CO_CRED_LOG=info]
    #[arg(long, short, help_heading = "Output")]
    pub verbose: bool,
}

impl Common {
    /// These options, and where one of them was not typed, the other's.
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

/// The same without options before the command: what nearly every call needs, and quicker to build.
#[derive(Debug, Parser)]
#[command(name = "co-cred", bin_name = "co-cred", max_term_width = 100, disable_help_subcommand = true)]
struct Plain {
    #[command(subcommand)]
    command: Command,
}

impl Args {
    /// Reads the command line, the program's name first.
    ///
    /// # Errors
    /// clap's, which may repeat what was typed: [`super::tell::Tell::usage`] tells it without.
    pub fn read(args: &[OsString]) -> Result<Args, clap::Error> {
        match args.get(1).is_some_and(|first| !first.as_encoded_bytes().starts_with(b"-")) {
            true => Plain::try_parse_from(args).map(|Plain { command }| Args { command, common: Common::default() }),
            false => Args::try_parse_from(args),
        }
    }

    /// The options of every command, from both sides of the command's name.
    pub fn all_common(&self) -> Common {
        match &self.command {
            Command::Exec(Exec { common, .. })
            | Command::Token(Token { common })
            | Command::Env(Env { common, .. })
            | Command::Check(Check { common, .. })
            | Command::Status(Status { common, .. })
            | Command::Doctor(Doctor { common, .. }) => common.or(&self.common),
            Command::Completions(_) | Command::Man(_) => self.common.clone(),
        }
    }
}

/// When to ask the deployment.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Verify {
    /// Prove the token, or fail
    Always,
    /// Fail if the token is rejected; warn if the deployment is unreachable; ask once in five minutes
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

/// One for each thing to do.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Run a command with the token in its environment
    Exec(Exec),
    /// Print the token alone
    Token(Token),
    /// Print assignments for a shell or another program to evaluate
    Env(Env),
    /// The startup check: silent and 0 when all is well, else one line and an exit code
    Check(Check),
    /// Show which token is used, where it comes from, and what the deployment says of it
    Status(Status),
    /// Look at every source, and say what is wrong and what to do
    Doctor(Doctor),
    /// Print completions for a shell
    Completions(Completions),
    /// Print a manual page
    Man(Man),
}

/// Run a command with the token in its environment
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "co-cred exec [OPTIONS] -- CMD [ARG]...",
    long_about = "Runs CMD with CODEOCEAN_TOKEN and CODEOCEAN_DOMAIN set. CMD takes co-cred's place: its exit code and its \
                  signals are what you see. co-cred's own failures are 125 (the reason in words), 126 (CMD cannot be \
                  executed) and 127 (CMD not found).",
    after_help = "Examples:\n  co-cred exec -- python analysis.py\n  co-cred exec --as API_SECRET -- ./old-script.sh\n  \
                  co-cred exec --explain"
)]
pub struct Exec {
    /// Set this variable to the token as well; may be repeated
    #[arg(long = "as", value_name = "NAME")]
    pub names: Vec<String>,
    /// Set every variable that Code Ocean clients are known to read, but leave alone what holds something else
    #[arg(long)]
    pub all_names: bool,
    /// Remove every other variable that holds a trace of the token
    #[arg(long)]
    pub clean: bool,
    /// Say what would be set, and from where, and run nothing
    #[arg(long)]
    pub explain: bool,
    /// The command and its arguments
    #[arg(value_name = "CMD", required_unless_present = "explain", trailing_var_arg = true)]
    pub command: Vec<OsString>,
    /// What goes with every command.
    #[command(flatten)]
    pub common: Common,
}

/// Print the token alone, on a line of its own
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  TOKEN=$(co-cred token) || exit")]
pub struct Token {
    /// What goes with every command.
    #[command(flatten)]
    pub common: Common,
}

/// Print assignments for a shell or another program to evaluate
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  eval \"$(co-cred env)\"\n  co-cred env --format fish | source\n  \
                        co-cred env --format curl | curl -K - https://codeocean.example.org/api/v1/capsules/ID")]
pub struct Env {
    /// Who will read it
    #[arg(long, short, value_enum, default_value_t = Format::Sh)]
    pub format: Format,
    /// Set this variable to the token as well; may be repeated
    #[arg(long = "as", value_name = "NAME")]
    pub names: Vec<String>,
    /// What goes with every command.
    #[command(flatten)]
    pub common: Common,
}

/// The startup check: silent and 0 when all is well, else one line and an exit code
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  co-cred check\n  co-cred check --need capsule:read --wait 60s\n  co-cred check --verify auto   \
                        asks at most once in five minutes, for a HEALTHCHECK"
)]
pub struct Check {
    /// Fail unless the token has this scope; may be repeated
    #[arg(long = "need", value_name = "SCOPE", value_enum)]
    pub needs: Vec<Scope>,
    /// Retry for so long whatever may pass: no network yet, a busy or restarting server
    #[arg(long, value_name = "DURATION")]
    pub wait: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// What goes with every command.
    #[command(flatten)]
    pub common: Common,
}

/// Show which token is used, where it comes from, and what the deployment says of it
#[derive(Debug, clap::Args)]
pub struct Status {
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
    /// What goes with every command.
    #[command(flatten)]
    pub common: Common,
}

/// Look at every source, and say what is wrong and what to do
#[derive(Debug, clap::Args)]
pub struct Doctor {
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
    /// What goes with every command.
    #[command(flatten)]
    pub common: Common,
}

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  co-cred completions bash > /usr/share/bash-completion/completions/co-cred")]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Print a manual page
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  co-cred man exec | man -l -")]
pub struct Man {
    /// The command whose page is wanted [default: co-cred itself]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

impl ValueEnum for Scope {
    fn value_variants<'a>() -> &'a [Scope] {
        &Scope::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.word()))
    }
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Format] {
        use Format::{Curl, Docker, Dotenv, Fish, Gha, Json, Netrc, Powershell, R, Sh};
        &[Sh, Fish, Powershell, Json, Dotenv, Docker, Gha, Netrc, Curl, R]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        let (word, help) = match self {
            Format::Sh => ("sh", "POSIX shells, bash, zsh"),
            Format::Fish => ("fish", "fish"),
            Format::Powershell => ("powershell", "PowerShell"),
            Format::Json => ("json", "one JSON object"),
            Format::Dotenv => ("dotenv", "a .env file"),
            Format::Docker => ("docker", "docker run --env-file"),
            Format::Gha => ("gha", "GitHub Actions, with ::add-mask::"),
            Format::Netrc => ("netrc", ".netrc, for curl and Python's requests"),
            Format::Curl => ("curl", "curl -K"),
            Format::R => ("r", "R"),
        };
        Some(clap::builder::PossibleValue::new(word).help(help))
    }
}

/// A duration as typed: `90` are seconds, else `90s`, `1m 30s`, `2h`.
///
/// # Errors
/// Usage.
pub fn duration(option: &str, typed: &str) -> Result<Duration> {
    let seconds = typed.trim().parse::<u32>().map(|seconds| Duration::from_secs(seconds.into())).ok();
    let parse = || typed.parse::<jiff::SignedDuration>().ok().and_then(|signed| Duration::try_from(signed).ok());
    let day = Duration::from_secs(24 * 60 * 60);
    seconds.or_else(parse).filter(|duration| !duration.is_zero() && *duration <= day).ok_or_else(|| {
        Error::new(Reason::Usage, format!("{option} takes a duration of up to a day")).hint("write it as 30s, 5m or 1h")
    })
}

/// Checks the names of `--as`.
///
/// # Errors
/// Usage; what was typed is not repeated where it looks like a token.
pub fn variable_names(typed: &[String]) -> Result<()> {
    let taken = |name: &str| {
        let ours = name.starts_with("CO_CRED_") || DOMAIN_NAMES.contains(&name);
        ours || name.starts_with("LD_") || matches!(name, "PATH" | "HOME" | "SHELL" | "IFS" | "TERM")
    };
    match typed.iter().find(|name| !is_name(name) || taken(name) || token::is_token_like(name.as_bytes())) {
        None => Ok(()),
        Some(_) => Err(Error::new(
            Reason::Usage,
            "--as takes the name of a variable for the token: letters, digits and _, and no name that means something else",
        )
        .hint("write it as --as API_SECRET")),
    }
}
