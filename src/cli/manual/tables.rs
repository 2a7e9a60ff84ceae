//! What the manual pages say about variables, files and exit codes.

use crate::error::Kind;
use crate::names::{DOMAINS, TOKENS};

/// A term and its explanation.
type Entry = (String, &'static str);

/// Commands that use no token.
const WITHOUT_TOKEN: [&str; 3] = ["completions", "man", "version"];

/// The variables that a command reads.
pub(super) fn environment(command: &str) -> Vec<Entry> {
    let log = ("CO_CRED_LOG", "Show log messages of this level: error, warn or info; never the token.");
    let colour = ("NO_COLOR", "Do not colour messages.");
    if WITHOUT_TOKEN.contains(&command) {
        return entries(&[log, colour]);
    }
    let token =
        "The token; the first that is set is used. Without any, other variables whose value looks like a token.";
    let deployment = "The deployment; the first that is set is used.";
    let mut all = vec![(TOKENS.join(", "), token), (DOMAINS.join(", "), deployment)];
    all.extend(entries(&[
        ("CODEOCEAN_EMAIL", "The account's e-mail, which Git and Docker need as user name."),
        ("CO_CRED_TOKEN_FILE, CO_CRED_TOKEN_ENV", "As the options --token-file and --token-env."),
        ("CO_CRED_AGENT_SOCK", "The socket of a running agent."),
        ("CO_CRED_SECRETS_DIR, CREDENTIALS_DIRECTORY", "Folders with secrets; the first replaces /run/secrets."),
        ("CODEOCEAN_CREDENTIALS_PATH", "The credentials file, instead of the one in the home folder."),
        ("HTTPS_PROXY, ALL_PROXY, NO_PROXY", "The proxy for calls to the deployment, and exceptions from it."),
        ("SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE", "Certificate authorities to trust."),
        ("XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_RUNTIME_DIR, XDG_CACHE_HOME", "Where the files below are."),
        log,
        colour,
    ]));
    all.extend(entries(match command {
        "agent" => &[("CO_CRED_BROKER_SOCK, CO_CRED_AGENT_PID", "Set for the shell, with CO_CRED_AGENT_SOCK.")],
        "env" => &[("GITHUB_ENV", "With --format gha: the file to which the variables are added.")],
        "setup" => &[("DOCKER_CONFIG, REGISTRY_AUTH_FILE", "The configuration of Docker, and of Podman and Skopeo.")],
        _ => &[],
    }));
    all
}

/// The files that a command reads and writes.
pub(super) fn files(command: &str) -> Vec<Entry> {
    if WITHOUT_TOKEN.contains(&command) {
        return entries(&[("none", "This command reads and writes no file.")]);
    }
    let mut all = entries(&[
        ("/run/secrets", "The secret mount: Code Ocean's shell file, or one file for each secret."),
        ("~/.codeocean/credentials.json", "The credentials file: domain and token."),
        ("~/.config/co-cred/config.toml", "The configuration: deployments, e-mails and token_command."),
        ("~/.local/share/co-cred/logins.json", "The list of logins. Their tokens are in the keyring."),
        (
            "$XDG_RUNTIME_DIR/co-cred, ~/.cache/co-cred",
            "What the deployment answered, for five minutes; never the token.",
        ),
    ]);
    all.extend(entries(match command {
        "agent" => &[("$XDG_RUNTIME_DIR/co-cred/agent.sock", "The agent's socket.")],
        "scan" => &[("/results", "The folder that is searched if none is named.")],
        "setup" => &[
            ("~/.config/co-cred/gitconfig", "Written by setup git; the user's Git configuration includes it."),
            ("~/.docker/config.json, ~/.config/containers/auth.json", "Changed by setup docker: credHelpers."),
        ],
        _ => &[],
    }));
    all
}

/// The exit codes of a command.
pub(super) fn exit_status(command: &str) -> Vec<Entry> {
    match command {
        "exec" => entries(&[
            ("0-255", "The exit code of the command. If a signal ended it, co-cred ends by the same signal."),
            ("9", "leaked: the command succeeded, and with --gate the token is in a file."),
            ("125", "co-cred failed; the message begins with the kind of error."),
            ("126", "The command cannot be executed."),
            ("127", "The command does not exist."),
        ]),
        "docker-credential" => entries(&[("0", "Success."), ("1", "An error, whose text is on standard output.")]),
        _ => {
            let kinds = Kind::ALL.map(|kind| (kind.code().to_string(), meaning(kind)));
            entries(&[("0", "fine: success.")]).into_iter().chain(kinds).collect()
        }
    }
}

/// The meaning of an exit code, which begins with its word.
fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Internal => "internal: a fault of co-cred, or a file that could not be written or searched.",
        Kind::Usage => "usage: the command line or the configuration cannot be used.",
        Kind::NotFound => "not found: no source has a token, or no deployment is known.",
        Kind::Rejected => "rejected: the deployment does not accept the token.",
        Kind::Unreachable => "unreachable: network, TLS, a server error, or not a Code Ocean deployment.",
        Kind::Unreadable => "unreadable: a source exists but cannot be read.",
        Kind::ScopeMissing => "scope missing: the token is valid but lacks a scope.",
        Kind::Ambiguous => "ambiguous: different tokens have the same claim to be used.",
        Kind::Leaked => "leaked: the token is in a file.",
    }
}

/// The pages to read next.
pub(super) fn see_also(command: &str) -> Vec<&'static str> {
    let mut pages = vec!["co-cred(1)"];
    pages.extend_from_slice(match command {
        "co-cred" => return vec!["git(1)", "gitcredentials(7)", "docker-login(1)"],
        "exec" => &["co-cred-env(1)", "co-cred-scan(1)", "co-cred-agent(1)"],
        "token" | "env" => &["co-cred-exec(1)"],
        "check" => &["co-cred-status(1)", "co-cred-doctor(1)"],
        "status" => &["co-cred-check(1)", "co-cred-doctor(1)"],
        "doctor" => &["co-cred-status(1)", "co-cred-check(1)"],
        "agent" => &["co-cred-exec(1)"],
        "scan" => &["co-cred-exec(1)"],
        "login" => &["co-cred-logout(1)", "co-cred-list(1)", "co-cred-setup(1)"],
        "list" => &["co-cred-login(1)", "co-cred-logout(1)"],
        "logout" => &["co-cred-login(1)", "co-cred-list(1)"],
        "setup" => &["co-cred-git-credential(1)", "co-cred-docker-credential(1)", "gitcredentials(7)"],
        "git-credential" => &["co-cred-setup(1)", "gitcredentials(7)", "git-credential(1)"],
        "docker-credential" => &["co-cred-setup(1)", "docker-login(1)"],
        "completions" => &["bash(1)", "zsh(1)", "fish(1)"],
        "man" => &["man(1)"],
        _ => &["co-cred-doctor(1)"],
    });
    pages
}

fn entries(entries: &[(&str, &'static str)]) -> Vec<Entry> {
    entries.iter().map(|(term, text)| ((*term).to_owned(), *text)).collect()
}
