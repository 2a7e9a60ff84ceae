//! What is typed. Whatever may hold a secret or a URL stays plain text here and is understood later, by its own room:
//! clap would repeat it in its errors.

mod commands;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::credential::Mode;
use crate::deliver::git::prompt;

pub use commands::{
    Agent, AgentAction, BrokerOptions, Check, Completions, Doctor, Env, Exec, Helper, List, Login, Logout, Man,
    Prompted, Scan, Setup, Status, Supervised, Token, Tool, Version,
};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "co-cred",
    bin_name = "co-cred",
    version,
    about = "Locates, verifies and delivers a Code Ocean access token",
    long_about = "Locates the Code Ocean access token (secret mount, environment, credentials file, keyring), verifies it \
                  with one call, and hands it to whoever needs it: scripts, Git, Docker.",
    after_help = "In a capsule:      co-cred exec -- ./script.sh\n\
                  On your desk:      co-cred login, then co-cred setup git\n\
                  What is wrong?     co-cred doctor\n\
                  More of a command: co-cred help exec\n\
                  At startup:        co-cred check --wait 60s",
    after_long_help = "Examples:\n  \
        co-cred exec -- python analysis.py       run it with CODEOCEAN_TOKEN and CODEOCEAN_DOMAIN set\n  \
        co-cred exec --git -- git clone URL      with nothing set up\n  \
        co-cred login --deployment co.example    keep a token in the system's keyring\n  \
        co-cred check --wait 60s                 at startup: silent and 0 when all is well\n  \
        co-cred doctor                           every source, what it holds, and what to do\n  \
        co-cred scan /results                    is the token in a file?\n\n\
        Exit codes:\n  \
        0 fine   1 internal   2 usage   3 not found   4 rejected   5 unreachable   6 unreadable   7 scope missing   \
        8 ambiguous   9 leaked: the token is in a file\n\n\
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
    /// How long the deployment may take, and a token_command, such as 10s or 1m [default: 10s]
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

/// The commands that other programs start again and again, without options before them: quicker to build than all.
#[derive(Debug, Parser)]
#[command(name = "co-cred", bin_name = "co-cred", max_term_width = 100, disable_help_subcommand = true)]
struct Hot {
    #[command(subcommand)]
    command: HotCommand,
}

/// See [`Command`].
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum HotCommand {
    /// Run a command with the token in its environment
    Exec(Exec),
    /// Git's credential helper protocol
    GitCredential(Helper),
    /// The launcher: the process between supervisor and command
    Supervised(Supervised),
    /// Mask the output of a program that a supervised command has left running
    ResumeMasking,
}

impl From<Hot> for Args {
    fn from(Hot { command }: Hot) -> Args {
        let command = match command {
            HotCommand::Exec(exec) => Command::Exec(exec),
            HotCommand::GitCredential(helper) => Command::GitCredential(helper),
            HotCommand::Supervised(supervised) => Command::Supervised(supervised),
            HotCommand::ResumeMasking => Command::ResumeMasking,
        };
        Args { command, common: Common::default() }
    }
}

impl Args {
    /// Reads the command line, the program's name first.
    ///
    /// # Errors
    /// clap's, which may repeat what was typed: [`super::messages::Messages::usage`] tells it without.
    pub fn read(args: &[OsString]) -> Result<Args, clap::Error> {
        let args = &alias(args);
        match args.get(1).and_then(|first| first.to_str()) {
            Some("exec" | "git-credential" | "supervised" | "resume-masking") => {
                Hot::try_parse_from(args).map(Args::from)
            }
            _ => Args::try_parse_from(args),
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
            | Command::Doctor(Doctor { common, .. })
            | Command::Agent(Agent { common, .. })
            | Command::Scan(Scan { common, .. })
            | Command::Login(Login { common, .. })
            | Command::Logout(Logout { common, .. })
            | Command::List(List { common, .. })
            | Command::GitCredential(Helper { common, .. })
            | Command::DockerCredential(Helper { common, .. })
            | Command::Setup(Setup { common, .. }) => common.or(&self.common),
            Command::Supervised(_)
            | Command::ResumeMasking
            | Command::GitAskpass(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Version(_) => self.common.clone(),
        }
    }
}

/// The command line as it is meant where Git or Docker calls: under the name of a helper, or with a prompt of Git's in
/// place of a command. `help CMD` is `CMD --help`.
fn alias(args: &[OsString]) -> Vec<OsString> {
    let name = args.first().and_then(|name| Path::new(name).file_name()?.to_str());
    let command = match name {
        Some("git-credential-co-cred") => "git-credential",
        Some("docker-credential-co-cred") => "docker-credential",
        _ => match args {
            [_, prompt] if prompt::is_one(&prompt.to_string_lossy()) => "git-askpass",
            [program, help, of @ ..] if help == "help" => {
                return [program].into_iter().chain(of).cloned().chain(["--help".into()]).collect();
            }
            _ => return args.to_vec(),
        },
    };
    args.iter().take(1).cloned().chain([command.into()]).chain(args.iter().skip(1).cloned()).collect()
}

/// When to ask the deployment.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
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
    /// Keep a token fresh, and serve it to whoever asks
    Agent(Agent),
    /// Look for the token in files: results before they are kept, what is staged before it is committed
    Scan(Scan),
    /// Keep a token in the system's keyring
    Login(Login),
    /// Forget a login
    Logout(Logout),
    /// Show the logins that are kept
    List(List),
    /// Wire co-cred into Git or Docker, and out again
    Setup(Setup),
    /// Git's credential helper protocol
    GitCredential(Helper),
    /// The credential helper protocol of Docker, Podman and Skopeo
    DockerCredential(Helper),
    /// The launcher: the process between supervisor and command
    #[command(hide = true)]
    Supervised(Supervised),
    /// See `HotCommand`: none to complete
    #[command(skip)]
    ResumeMasking,
    /// Answer a prompt of Git's, as GIT_ASKPASS
    #[command(hide = true)]
    GitAskpass(Prompted),
    /// Print completions for a shell
    Completions(Completions),
    /// Print a manual page
    Man(Man),
    /// Print the version
    Version(Version),
}
