//! The command line. An argument that may hold a secret or a URL stays text here and is parsed later: clap would repeat it
//! in its errors.

mod commands;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::credential::Mode;
use crate::deliver::git::prompt;

pub use commands::{
    Agent, AgentAction, BrokerOptions, Check, Completions, DockerCredential, Doctor, Env, Exec, GitAskpass,
    GitCredential, List, Login, Logout, Man, Scan, Setup, Status, Supervised, Token, Tool, Version,
};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "co-cred",
    bin_name = "co-cred",
    version,
    about = "Locates, verifies and delivers a Code Ocean access token",
    long_about = "Locates the Code Ocean access token (secret mount, environment, credentials file, keyring), verifies it \
                  with one call, and hands it to scripts, Git and Docker.",
    override_usage = "co-cred [OPTIONS] COMMAND [ARG]...",
    after_help = "In a capsule:          co-cred exec -- ./script.sh\n\
                  On your own computer:  co-cred login, then co-cred setup git\n\
                  Something is wrong:    co-cred doctor\n\
                  Help for a command:    co-cred help exec\n\
                  At startup:            co-cred check --wait 60s",
    after_long_help = "Examples:\n  \
        co-cred exec -- python analysis.py       run it with CODEOCEAN_TOKEN and CODEOCEAN_DOMAIN set\n  \
        co-cred exec --git -- git clone URL      without any setup\n  \
        co-cred login --deployment co.example    store a token in the system's keyring\n  \
        co-cred check --wait 60s                 at startup: silent and 0 when all is well\n  \
        co-cred doctor                           every source, what is wrong, and what to do\n  \
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
    /// Options before the command; those after it take precedence.
    #[command(flatten)]
    pub common: Common,
}

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

/// The commands that programs start often, without options before them: clap builds these four faster than all.
#[derive(Debug, Parser)]
#[command(name = "co-cred", bin_name = "co-cred", max_term_width = 100, disable_help_subcommand = true)]
struct Frequent {
    #[command(subcommand)]
    command: FrequentCommand,
}

/// The same commands as in [`Command`].
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum FrequentCommand {
    /// Run a command with the token in its environment
    Exec(Exec),
    /// Answer Git as a credential helper
    GitCredential(GitCredential),
    /// The launcher: the process between supervisor and command
    Supervised(Supervised),
    /// Mask the output of a program that a supervised command has left running
    ResumeMasking,
}

impl From<Frequent> for Args {
    fn from(Frequent { command }: Frequent) -> Args {
        let command = match command {
            FrequentCommand::Exec(exec) => Command::Exec(exec),
            FrequentCommand::GitCredential(helper) => Command::GitCredential(helper),
            FrequentCommand::Supervised(supervised) => Command::Supervised(supervised),
            FrequentCommand::ResumeMasking => Command::ResumeMasking,
        };
        Args { command, common: Common::default() }
    }
}

impl Args {
    /// Reads the command line, the program's name first.
    ///
    /// # Errors
    /// clap's error, which may repeat what was typed: [`super::messages::Messages::usage`] reports it without.
    pub fn read(args: &[OsString]) -> Result<Args, clap::Error> {
        let args = &alias(args);
        match args.get(1).and_then(|first| first.to_str()) {
            Some("exec" | "git-credential" | "supervised" | "resume-masking") => {
                Frequent::try_parse_from(args).map(Args::from)
            }
            _ => Args::try_parse_from(args),
        }
    }

    /// The options of every command, from before and after the command's name.
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
            | Command::GitCredential(GitCredential { common, .. })
            | Command::DockerCredential(DockerCredential { common, .. })
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

/// Adds the command where Git or Docker starts co-cred: under the name of a helper, or as `GIT_ASKPASS` with a prompt as
/// its only argument. `help CMD` becomes `CMD --help`.
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

/// The commands.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Run a command with the token in its environment
    Exec(Exec),
    /// Print the token alone
    Token(Token),
    /// Print assignments for a shell or another program to evaluate
    Env(Env),
    /// Check the token at startup: silent and 0 when all is well, else one line and an exit code
    Check(Check),
    /// Show which token is used, where it comes from, and what the deployment says about it
    Status(Status),
    /// Show every source, what is wrong, and what to do
    Doctor(Doctor),
    /// Keep a token fresh, and serve it to other co-cred commands
    Agent(Agent),
    /// Look for the token in files: results before they are kept, what is staged before it is committed
    Scan(Scan),
    /// Store a token in the system's keyring
    Login(Login),
    /// Remove a login
    Logout(Logout),
    /// Show the stored logins
    List(List),
    /// Make Git or Docker ask co-cred, or undo that
    Setup(Setup),
    /// Answer Git as a credential helper
    GitCredential(GitCredential),
    /// Answer Docker, Podman and Skopeo as a credential helper
    DockerCredential(DockerCredential),
    /// The process between a supervisor and its command
    #[command(hide = true)]
    Supervised(Supervised),
    /// Only in `FrequentCommand`, so that it is not completed
    #[command(skip)]
    ResumeMasking,
    /// Answer a prompt of Git, as GIT_ASKPASS
    #[command(hide = true)]
    GitAskpass(GitAskpass),
    /// Print completions for a shell
    Completions(Completions),
    /// Print a manual page
    Man(Man),
    /// Print the version
    Version(Version),
}
