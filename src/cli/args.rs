//! What is typed. Whatever may hold a secret or a URL stays plain text here and is understood later, by its own room:
//! clap would repeat it in its errors.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueEnum};

use crate::credential::Mode;
use crate::deliver::env::Format;
use crate::deliver::git::prompt;
use crate::verify::Scope;

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
                  At startup:        co-cred check --wait 60s",
    after_long_help = "Examples:\n  \
        co-cred exec -- python analysis.py       run it with CODEOCEAN_TOKEN and CODEOCEAN_DOMAIN set\n  \
        co-cred exec --git -- git clone URL      with nothing set up\n  \
        co-cred login --deployment co.example    keep a token in the system's keyring\n  \
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
    /// What a supervised child is before it becomes the command
    Supervised(Supervised),
}

impl From<Hot> for Args {
    fn from(Hot { command }: Hot) -> Args {
        let command = match command {
            HotCommand::Exec(exec) => Command::Exec(exec),
            HotCommand::GitCredential(helper) => Command::GitCredential(helper),
            HotCommand::Supervised(supervised) => Command::Supervised(supervised),
        };
        Args { command, common: Common::default() }
    }
}

impl Args {
    /// Reads the command line, the program's name first.
    ///
    /// # Errors
    /// clap's, which may repeat what was typed: [`super::tell::Tell::usage`] tells it without.
    pub fn read(args: &[OsString]) -> Result<Args, clap::Error> {
        let args = &alias(args);
        match args.get(1).and_then(|first| first.to_str()) {
            Some("exec" | "git-credential" | "supervised") => Hot::try_parse_from(args).map(Args::from),
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
            | Command::Login(Login { common, .. })
            | Command::Logout(Logout { common, .. })
            | Command::List(List { common, .. })
            | Command::GitCredential(Helper { common, .. })
            | Command::DockerCredential(Helper { common, .. })
            | Command::Setup(Setup { common, .. }) => common.or(&self.common),
            Command::Supervised(_) | Command::GitAskpass(_) | Command::Completions(_) | Command::Man(_) => {
                self.common.clone()
            }
        }
    }
}

/// The command line as it is meant where Git or Docker calls: under the name of a helper, or with a prompt of Git's in
/// place of a command.
fn alias(args: &[OsString]) -> Vec<OsString> {
    let name = args.first().and_then(|name| Path::new(name).file_name()?.to_str());
    let command = match name {
        Some("git-credential-co-cred") => "git-credential",
        Some("docker-credential-co-cred") => "docker-credential",
        _ => match args {
            [_, prompt] if prompt.to_str().is_some_and(prompt::is_one) => "git-askpass",
            _ => return args.to_vec(),
        },
    };
    args.iter().take(1).cloned().chain([command.into()]).chain(args.iter().skip(1).cloned()).collect()
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
    /// What a supervised child is before it becomes the command
    #[command(hide = true)]
    Supervised(Supervised),
    /// Answer a prompt of Git's, as GIT_ASKPASS
    #[command(hide = true)]
    GitAskpass(Prompted),
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
                  co-cred exec --git -- git clone https://codeocean.example.org/capsule-1234567.git\n  \
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
    /// Let Git, in CMD and its children, ask co-cred for this deployment's credential; no file is touched
    #[arg(long)]
    pub git: bool,
    /// Mask every trace of the token in what CMD prints, as it streams; CMD then stays a child of co-cred's
    #[arg(long)]
    pub mask: bool,
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

/// Keep a token in the system's keyring, once it is proven
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Reads an access token, without echo or from standard input, proves it, and keeps it in the system's \
                  keyring: the Secret Service of a Linux desktop (else the kernel's keyring, until the next reboot), the \
                  Keychain, the Credential Manager. From then on co-cred, and what is wired to it with co-cred setup, \
                  finds it there.",
    after_help = "Examples:\n  co-cred login --deployment codeocean.example.org\n  \
                  pass show code-ocean | co-cred login --deployment codeocean.example.org\n  \
                  co-cred login --expires 2027-06-30      be warned two weeks ahead"
)]
pub struct Login {
    /// The account's e-mail [default: the deployment is asked]
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// The last day on which the token is good, as YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub expires: Option<String>,
    /// Keep it in a file that only you can read, for want of a keyring
    #[arg(long)]
    pub insecure_storage: bool,
    /// What goes with every command.
    #[command(flatten)]
    pub common: Common,
}

/// Forget a login; the token itself stays good until it is revoked at Account → Access Tokens
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  co-cred logout\n  co-cred logout --deployment codeocean.example.org --email ada@example.org"
)]
pub struct Logout {
    /// Whose login, where a deployment has several
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Forget it even where its keyring cannot be asked; the token stays there
    #[arg(long)]
    pub force: bool,
    /// Every login
    #[arg(long, conflicts_with_all = ["email", "deployment"])]
    pub all: bool,
    /// What goes with every command.
    #[command(flatten)]
    pub common: Common,
}

/// Show the logins that are kept, and where
#[derive(Debug, clap::Args)]
pub struct List {
    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
    /// What goes with every command.
    #[command(flatten)]
    pub common: Common,
}

/// Speak a credential helper's protocol, on standard input and output
#[derive(Debug, clap::Args)]
pub struct Helper {
    /// What to do: get, store, erase, and for Git capability, for Docker list and version
    #[arg(value_name = "ACTION")]
    pub action: Option<String>,
    /// What goes with every command.
    #[command(flatten)]
    pub common: Common,
}

impl Helper {
    /// The action; empty where none was typed: each protocol has its own words for that.
    pub fn action(&self) -> &str {
        self.action.as_deref().unwrap_or_default()
    }
}

/// Wire co-cred into Git or Docker, for the deployments that are known
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Makes Git, or Docker, Podman and Skopeo, ask co-cred for the credentials of the deployments that are \
                  known: logins, the configuration, the environment. All other hosts are left alone, and so is \
                  everything else in the files that are changed.",
    after_help = "Examples:\n  co-cred setup git\n  co-cred setup docker\n  co-cred setup git --undo"
)]
pub struct Setup {
    /// What is to ask co-cred
    #[arg(value_name = "TOOL")]
    pub tool: Tool,
    /// Take it out again
    #[arg(long)]
    pub undo: bool,
    /// What goes with every command.
    #[command(flatten)]
    pub common: Common,
}

/// What can be wired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tool {
    /// Git
    Git,
    /// Docker, Podman, Skopeo and Buildah
    Docker,
}

/// What a supervised child is before it becomes the command
#[derive(Debug, clap::Args)]
pub struct Supervised {
    /// The process that it must not outlive.
    #[arg(long)]
    pub parent: i32,
    /// It has a terminal of its own on its standard output.
    #[arg(long)]
    pub terminal: bool,
    /// The command and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    pub command: Vec<OsString>,
}

/// Answer a prompt of Git's
#[derive(Debug, clap::Args)]
pub struct Prompted {
    /// The prompt.
    pub prompt: String,
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
