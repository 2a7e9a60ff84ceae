//! The options of each command, with the text of its `--help` and manual page.

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

/// A broker between programs and the deployment
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Broker")]
pub struct BrokerOptions {
    /// Let programs use the API without the token: they get a local address, and a token for this run
    ///
    /// Only /api/v1/ of the deployment is reached in this way, not Git or images. It ends when co-cred ends.
    #[arg(long)]
    pub broker: bool,
    /// Allow only requests that read: GET, HEAD, searches and listings
    #[arg(long, requires = "broker")]
    pub read_only: bool,
    /// Allow only requests that match one of these rules, such as 'GET /api/v1/capsules/**'; may be repeated
    ///
    /// GET includes HEAD, and * is any method. In the path, * matches one or more characters of a segment, ** any number
    /// of segments (one or more at the end); a slash at the end makes no difference, and every other character matches
    /// itself. With --read-only, a request must be allowed by both.
    #[arg(long, value_name = "METHOD PATH-GLOB", requires = "broker")]
    pub allow: Vec<String>,
    /// At most this many requests, such as 5/s, 100/m or 1000/h; more of them wait
    ///
    /// A request that would wait for more than half a minute is answered with 429 and a Retry-After.
    #[arg(long, value_name = "N/s", requires = "broker")]
    pub rate: Option<String>,
    /// Record every request in this file, as lines of JSON: before it is forwarded, and once it is answered
    ///
    /// Both lines have the id of the request and a time; the first one has its method, its path and the rule that allows it,
    /// the second one the status and the duration in seconds. A refused request has one line with all of them; an aborted
    /// one has no second line. No query, header or body is recorded. While the file cannot be written, every request is
    /// refused.
    #[arg(long, value_name = "FILE", requires = "broker")]
    pub audit: Option<PathBuf>,
}

/// Print the token alone, on a line of its own
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  TOKEN=$(co-cred token) || exit\n  co-cred token --verify always | program --token-stdin"
)]
pub struct Token {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Print assignments for a shell or another program to evaluate
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  eval \"$(co-cred env)\"\n  co-cred env --format fish | source\n  \
                        co-cred env --format curl | curl -K - https://codeocean.example.org/api/v1/capsules/ID\n  \
                        (umask 077; co-cred env --only CODEOCEAN_TOKEN --format dotenv > .env)\n  \
                        (umask 077; co-cred env --format netrc >> ~/.netrc)")]
pub struct Env {
    /// The program that reads it
    #[arg(long, short, value_enum, default_value = "sh")]
    pub format: Format,
    /// Set this variable to the token as well; may be repeated
    #[arg(long = "as", value_name = "NAME")]
    pub names: Vec<String>,
    /// Print this variable and no others, for programs that refuse other names; may be repeated
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Check the token at startup: silent and 0 when all is well, else one line and an exit code
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  co-cred check\n  co-cred check --need capsule:read --wait 60s\n  \
                  co-cred check --verify auto     asks at most once in five minutes, for a HEALTHCHECK")]
pub struct Check {
    /// Fail unless the token has this scope; may be repeated
    #[arg(long = "need", value_name = "SCOPE", value_enum)]
    pub needs: Vec<Scope>,
    /// Keep retrying for this long while the network or the server is not ready
    #[arg(long, value_name = "DURATION")]
    pub wait: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Show which token is used, where it comes from, and what the deployment says about it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  co-cred status\n  co-cred status --json | jq -r .verdict")]
pub struct Status {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Show every source, what is wrong, and what to do
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  co-cred doctor\n  co-cred doctor --offline\n  co-cred doctor --json | jq .problems"
)]
pub struct Doctor {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

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

/// Look for the token in files
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Searches files of any kind for the token, whole or twelve characters of it in a row: as it is, in base64 (as in \
                  an Authorization header), as numbers (hexadecimal, decimal, octal, dumps), escaped (as in URLs, JSON, \
                  HTML), in UTF-16, with line breaks, colours or quotes inside, and in file names. Gzip, bzip2, xz, zstd, \
                  lz4, zip (npz, docx) and tar are unpacked, also inside each other, and base64 in notebooks and pages is \
                  decoded. Text that looks like a token unknown to co-cred is reported separately. A file that could not be \
                  searched is reported, and makes the exit code 1 (other compressed formats are only reported); a token that \
                  is found makes it 9.",
    after_help = "Examples:\n  co-cred scan                         /results, before they are kept\n  \
                  co-cred scan --redact ./output       overwrite the token there\n  \
                  co-cred scan --staged                in .git/hooks/pre-commit"
)]
pub struct Scan {
    /// Folders and files to search, or - for standard input [default: /results]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Overwrite the token where it is found, with the same length; packed files are not changed
    #[arg(long)]
    pub redact: bool,
    /// Search the staged files in Git's index, and the content that Git LFS pushes with them, as with --strict
    #[arg(long, conflicts_with_all = ["paths", "redact"])]
    pub staged: bool,
    /// Treat text that looks like a token and signed storage URLs as tokens, and other compressed formats as not searched
    #[arg(long)]
    pub strict: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Store a token in the system's keyring, once it is verified
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Reads an access token, verifies it, and stores it in the system's keyring: the Secret Service of a Linux \
                  desktop (else the kernel's keyring, until the next reboot), the Keychain, the Credential Manager. From \
                  then on co-cred finds it there, and so do Git and Docker after co-cred setup. The token is typed without \
                  echo, or read from standard input; a token in the variable that --token-env names is taken first.",
    after_help = "Examples:\n  co-cred login --deployment codeocean.example.org\n  \
                  pass show code-ocean | co-cred login --deployment codeocean.example.org\n  \
                  co-cred login --expires 2027-06-30      warns from two weeks before"
)]
pub struct Login {
    /// The account's e-mail [default: co-cred asks the deployment]
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// The last day on which the token is valid, as YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub expires: Option<String>,
    /// Store it in a file that only you can read, where there is no keyring
    #[arg(long)]
    pub insecure_storage: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Remove a login; the token itself stays valid until it is revoked at Account → Access Tokens
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  co-cred logout\n  co-cred logout --deployment codeocean.example.org --email ada@example.org"
)]
pub struct Logout {
    /// The account, where a deployment has several logins
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Remove it even if its keyring cannot be opened; the token stays in the keyring
    #[arg(long)]
    pub force: bool,
    /// Remove every login
    #[arg(long, conflicts_with_all = ["email", "deployment"])]
    pub all: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Show the stored logins, and where each is stored
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  co-cred list\n  co-cred list --json | jq -r '.[].email'")]
pub struct List {
    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
    /// Print the known deployments, one on each line, instead of logins; no keyring is opened
    #[arg(long, conflicts_with = "json")]
    pub deployments: bool,
    /// Print the e-mails of the logins, one on each line; no keyring is opened
    #[arg(long, conflicts_with_all = ["json", "deployments"])]
    pub emails: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Answer Git as a credential helper (gitcredentials(7))
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Answers Git as a credential helper, on standard input and output: the account's e-mail and the token, over \
                  https, for the known deployments alone. Git starts it after co-cred setup git, and under co-cred exec \
                  --git; as git-credential-co-cred, Git finds it by the name co-cred.",
    after_help = "Examples:\n  co-cred setup git\n  \
                  printf 'protocol=https\\nhost=codeocean.example.org\\n\\n' | co-cred git-credential get"
)]
pub struct GitCredential {
    /// What to do: get, store, erase or capability; any other action is ignored, as Git asks of a helper
    #[arg(value_name = "ACTION")]
    pub action: Option<String>,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Answer Docker, Podman and Skopeo as a credential helper
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Answers Docker, Podman and Skopeo as a credential helper, on standard input and output: the account's e-mail \
                  and the token, for the registries of the known deployments alone. They start it after co-cred setup \
                  docker, as docker-credential-co-cred. All texts, errors too, go to standard output.",
    after_help = "Examples:\n  co-cred setup docker\n  \
                  echo registry.codeocean.example.org | co-cred docker-credential get"
)]
pub struct DockerCredential {
    /// What to do: get, store, erase, list or version
    #[arg(value_name = "ACTION")]
    pub action: Option<String>,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Make Git or Docker ask co-cred, for the known deployments
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Makes Git, or Docker, Podman and Skopeo, ask co-cred for the credentials of the known deployments: those \
                  of logins, the configuration and the environment. Nothing changes for other hosts, and the rest of the \
                  changed files stays as it is.",
    after_help = "Examples:\n  co-cred setup git\n  co-cred setup docker\n  co-cred setup git --undo"
)]
pub struct Setup {
    /// The tool that is to ask co-cred
    #[arg(value_name = "TOOL")]
    pub tool: Tool,
    /// Undo it
    #[arg(long)]
    pub undo: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// A tool that co-cred can be set up for.
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

/// Answer a prompt of Git
#[derive(Debug, clap::Args)]
pub struct GitAskpass {
    /// The prompt.
    pub prompt: OsString,
}

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

/// Print a manual page
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  co-cred man exec | man -l -\n  co-cred man > ~/.local/share/man/man1/co-cred.1")]
pub struct Man {
    /// The command [default: the page of co-cred itself]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// Print the version
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  co-cred version\n  co-cred version --json | jq -r .target")]
pub struct Version {
    /// Print it as JSON, with the target and the features of the build
    #[arg(long)]
    pub json: bool,
}
