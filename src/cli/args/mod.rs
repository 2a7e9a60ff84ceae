//! The command line. An argument that may hold a secret or a URL stays text here and is parsed later: clap would repeat it
//! in its errors.

mod agent;
mod broker;
mod check;
mod common;
mod completions;
mod docker_credential;
mod doctor;
mod env;
mod exec;
mod frequent;
mod git_askpass;
mod git_credential;
mod list;
mod login;
mod logout;
mod man;
mod scan;
mod setup;
mod status;
mod supervised;
mod token;
mod version;

use std::ffi::OsString;
use std::path::Path;

use clap::{Parser, Subcommand};

use crate::deliver::git::prompt;

use frequent::FrequentCommand;

pub use agent::{Agent, AgentAction};
pub use broker::BrokerOptions;
pub use check::Check;
pub use common::{Common, Verify};
pub use completions::Completions;
pub use docker_credential::DockerCredential;
pub use doctor::Doctor;
pub use env::Env;
pub use exec::Exec;
pub use git_askpass::GitAskpass;
pub use git_credential::GitCredential;
pub use list::List;
pub use login::Login;
pub use logout::Logout;
pub use man::Man;
pub use scan::Scan;
pub use setup::{Setup, Tool};
pub use status::Status;
pub use supervised::Supervised;
pub use token::Token;
pub use version::Version;

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

impl Args {
    /// Reads the command line, the program's name first.
    ///
    /// # Errors
    /// clap's error, which may repeat what was typed: [`super::messages::Messages::usage`] reports it without.
    pub fn read(args: &[OsString]) -> Result<Args, clap::Error> {
        let args = &alias(args);
        match args.get(1).and_then(|first| first.to_str()) {
            Some(name) if frequent::NAMES.contains(&name) => frequent::read(args).map(Args::from),
            _ => Args::try_parse_from(args),
        }
    }

    /// The options of every command, from before and after the command's name.
    pub fn all_common(&self) -> Common {
        match self.command.common() {
            Some(after) => after.or(&self.common),
            None => self.common.clone(),
        }
    }
}

impl From<FrequentCommand> for Args {
    fn from(command: FrequentCommand) -> Args {
        let command = match command {
            FrequentCommand::Exec(exec) => Command::Exec(exec),
            FrequentCommand::GitCredential(helper) => Command::GitCredential(helper),
            FrequentCommand::Supervised(supervised) => Command::Supervised(supervised),
            FrequentCommand::ResumeMasking => Command::ResumeMasking,
        };
        Args { command, common: Common::default() }
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

impl Command {
    /// The options of every command that were typed after the command's name; `None` where a command has none of them.
    fn common(&self) -> Option<&Common> {
        match self {
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
            | Command::Setup(Setup { common, .. }) => Some(common),
            Command::Supervised(_)
            | Command::ResumeMasking
            | Command::GitAskpass(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Version(_) => None,
        }
    }
}
