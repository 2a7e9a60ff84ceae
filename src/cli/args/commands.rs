//! The options of each command, and what its `--help` teaches.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};

use crate::deliver::env::Format;
use crate::verify::Scope;

use super::Common;

/// Run a command with the token in its environment
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "co-cred exec [OPTIONS] -- CMD [ARG]...",
    long_about = "Runs CMD with CODEOCEAN_TOKEN and CODEOCEAN_DOMAIN set. CMD takes co-cred's place: its exit code and its \
                  signals are what you see. co-cred's own failures are 125 (the reason in words), 126 (CMD cannot be \
                  executed) and 127 (CMD not found); 9 is the gate's.",
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
    /// Set every variable that Code Ocean clients are known to read, but leave alone what holds something else
    #[arg(long)]
    pub all_names: bool,
    /// Set this variable to the deployment as well, as https://host or, with =host, as the bare host; may be repeated
    #[arg(long = "domain-as", value_name = "NAME[=host|url]")]
    pub domains: Vec<String>,
    /// Remove every other variable that holds a trace of the token
    #[arg(long)]
    pub clean: bool,
    /// Let Git, in CMD and its children, ask co-cred for this deployment's credential; no file is touched
    #[arg(long, conflicts_with = "broker")]
    pub git: bool,
    /// Mask every trace of the token in what CMD prints, as it streams; CMD then stays a child of co-cred's
    #[arg(long)]
    pub mask: bool,
    /// Search DIR for the token once CMD has ended, and fail with 9 if it is there; may be repeated
    #[arg(long, value_name = "DIR")]
    pub gate: Vec<PathBuf>,
    /// Say what would be set, and from where, and run nothing
    #[arg(long)]
    pub explain: bool,
    /// The command and its arguments
    #[arg(value_name = "CMD", required_unless_present = "explain", trailing_var_arg = true)]
    #[arg(value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
    /// Whether CMD is to hold the token at all.
    #[command(flatten)]
    pub broker_options: BrokerOptions,
    /// What goes with every command.
    #[command(flatten)]
    pub common: Common,
}

/// A broker between programs and the deployment
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Broker")]
pub struct BrokerOptions {
    /// Let programs call the API without having the token: they get a local address, and a token for this run
    ///
    /// It forwards requests for paths below /api/v1/ only: not Git, and no images. It ends when co-cred does.
    #[arg(long)]
    pub broker: bool,
    /// Forward only requests that read: GET, HEAD, searches and listings
    #[arg(long, requires = "broker")]
    pub read_only: bool,
    /// Forward only requests that match one of these, such as 'GET /api/v1/capsules/**'; may be repeated
    ///
    /// GET includes HEAD, and * is any method. In the path, * stands for one or more characters of a segment, ** for any
    /// number of segments (one or more at the end); a slash at the end changes nothing, and nothing else has a meaning of
    /// its own. With --read-only, both must let a request pass.
    #[arg(long, value_name = "METHOD PATH-GLOB", requires = "broker")]
    pub allow: Vec<String>,
    /// Limit the requests to a rate, such as 5/s, 100/m or 1000/h; others wait for their turn
    ///
    /// A request that would wait for more than half a minute is answered with 429 and Retry-After.
    #[arg(long, value_name = "N/s", requires = "broker")]
    pub rate: Option<String>,
    /// Record every request in this file, in lines of JSON: before it is forwarded, and once it is answered
    ///
    /// Both lines have the id of the request and a time; the first one has its method, its path and the rule that lets it
    /// pass, the second one the status and the duration in seconds. A refused request has one line with all of them; an
    /// aborted one has no second line. No query, header or body is recorded. As long as the file cannot be written, no
    /// request passes.
    #[arg(long, value_name = "FILE", requires = "broker")]
    pub audit: Option<PathBuf>,
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
                        co-cred env --format curl | curl -K - https://codeocean.example.org/api/v1/capsules/ID\n  \
                        (umask 077; co-cred env --only CODEOCEAN_TOKEN --format dotenv > .env)")]
pub struct Env {
    /// Who will read it
    #[arg(long, short, value_enum, default_value_t = Format::Sh)]
    pub format: Format,
    /// Set this variable to the token as well; may be repeated
    #[arg(long = "as", value_name = "NAME")]
    pub names: Vec<String>,
    /// Print this variable and no others, for programs that refuse names they do not know; may be repeated
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
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

/// Keep a token fresh, and serve it to whoever asks
#[derive(Clone, Debug, clap::Args)]
#[command(
    long_about = "Watches the files that the token comes from (secret mount, credentials file, configuration, slot files, logins), \
                  obtains and proves it again when one changes, and serves it over a socket that is yours alone. Prints the \
                  variables that make every other co-cred ask there first, and goes to the background; where an agent runs \
                  already, prints that one's.",
    after_help = "Examples:\n  eval \"$(co-cred agent)\"           start it, or find the one that runs\n  \
                  co-cred agent status\n  eval \"$(co-cred agent stop)\"\n  co-cred agent --foreground        \
                  for systemd and containers\n  \
                  eval \"$(co-cred agent --broker --read-only || echo false)\" || exit    what runs in this shell never holds the token"
)]
pub struct Agent {
    /// What to do, else to start one
    #[arg(value_name = "ACTION", conflicts_with = "broker")]
    pub action: Option<AgentAction>,
    /// Stay in the foreground
    #[arg(long)]
    pub foreground: bool,
    /// The socket [default: CO_CRED_AGENT_SOCK, else one below $XDG_RUNTIME_DIR or the cache folder]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Keep the token in this file as well, for your eyes only, for programs that read one again and again; without a token,
    /// the file is removed
    #[arg(long, value_name = "PATH", conflicts_with = "broker")]
    pub keep_file: Option<PathBuf>,
    /// Run this in a shell whenever the token has changed; the token is not in its environment
    #[arg(long, value_name = "CMD")]
    pub on_change: Option<OsString>,
    /// Print the status as JSON
    #[arg(long)]
    pub json: bool,
    /// Read the options from standard input, and go to the background once ready: how co-cred starts an agent.
    #[arg(long, hide = true)]
    pub detach: bool,
    /// Whether programs are to hold the token at all.
    #[command(flatten)]
    pub broker_options: BrokerOptions,
    /// What goes with every command.
    #[command(flatten)]
    pub common: Common,
}

/// What can be done with an agent that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AgentAction {
    /// Show what it has
    Status,
    /// End it
    Stop,
}

/// Look for the token in files
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Searches files, whatever they are, for the token: as it is, in base64 (as an Authorization header has it), \
                  in hexadecimal, as in URLs and in JSON, over line breaks, in names. Gzip, zip (npz, docx) and tar are \
                  unpacked on the way, in each other too, and base64 in notebooks and pages is decoded. What looks like a \
                  token that is not known here is told apart. What could not be searched is told, and makes the exit code 1 \
                  (what is compressed in another way is told only); \
                  a token that is found makes it 9.",
    after_help = "Examples:\n  co-cred scan                         /results, before they are kept\n  \
                  co-cred scan --redact ./output       overwrite it there\n  \
                  co-cred scan --staged                in .git/hooks/pre-commit"
)]
pub struct Scan {
    /// Folders and files to search, or - for standard input [default: /results]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Overwrite the token where it is found, with the same length; packed files stay as they are
    #[arg(long)]
    pub redact: bool,
    /// Search what is staged in Git's index, and the content that Git LFS pushes with it, as with --strict
    #[arg(long, conflicts_with_all = ["paths", "redact"])]
    pub staged: bool,
    /// Treat what looks like a token as one, and what is compressed in other ways as not searched
    #[arg(long)]
    pub strict: bool,
    /// Print the report as JSON
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
    /// Print the deployments that are known here in place of logins, one on each line; no keyring is asked
    #[arg(long, conflicts_with = "json")]
    pub deployments: bool,
    /// Print the e-mails of the logins alone, one on each line; no keyring is asked
    #[arg(long, conflicts_with_all = ["json", "deployments"])]
    pub emails: bool,
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

/// The launcher: the process between supervisor and command
#[derive(Debug, clap::Args)]
pub struct Supervised {
    /// The supervisor's process number: the command ends with it.
    #[arg(long)]
    pub parent: i32,
    /// Lead a session on the terminal that is standard output.
    #[arg(long)]
    pub terminal: bool,
    /// Wait there for the foreground.
    #[arg(long)]
    pub foreground: bool,
    /// The command and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    pub command: Vec<OsString>,
}

/// Answer a prompt of Git's
#[derive(Debug, clap::Args)]
pub struct Prompted {
    /// The prompt.
    pub prompt: OsString,
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

/// Print the version
#[derive(Debug, clap::Args)]
pub struct Version {
    /// Print it as JSON, with what the program was built for and with
    #[arg(long)]
    pub json: bool,
}
