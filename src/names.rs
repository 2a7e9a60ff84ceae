//! Every environment variable that has a meaning here, in one table: what its value is, whose variable it is, and what it is for.
//!
//! Locating, delivering, `--clean`, `--broker` and the reference page (`docs/reference/environment.md`) take their names from
//! it. A new variable is one row. Names of tokens and of deployments are those that public code reads, counted in 58 public
//! files that use a token; their order is the order in which they are searched.

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub role: Role,
    /// Whose variable it is.
    pub owner: Owner,
    /// Whether the value is the path of a file or folder that co-cred uses. A process that leaves the folder in which it was
    /// started makes a relative one absolute first. (Relative paths in `XDG_*` and `SSL_CERT_DIR` are ignored.)
    pub is_path: bool,
    /// What it is for, as the reference page says it.
    pub about: &'static str,
}

/// What the value of a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A Code Ocean token, of any shape.
    Token,
    /// A token of Code Ocean or of another service: the shape of the value decides. Numbered forms (`API_KEY_2`) count too.
    GenericToken,
    /// A name from which some public file reads the token. Searched with all other variables; set by `--all-names`.
    RareToken,
    /// The deployment. As the name of a mounted secret, too.
    Domain,
    /// The account's e-mail.
    Email,
    /// Something else, which must not be overwritten with a token.
    Other,
}

/// Whose variable it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// co-cred itself.
    CoCred,
    /// Code Ocean, or code that is written for it alone.
    CodeOcean,
    /// Several services use the same name.
    Shared,
    /// Another program or the system.
    Tool,
}

use Owner::{CoCred, CodeOcean, Shared, Tool};
use Role::{Domain, Email, GenericToken, Other, RareToken, Token};

/// The variable that every delivery sets to the token.
pub const TOKEN: &str = "CODEOCEAN_TOKEN";

/// The variable that every delivery sets to the deployment, where one is known.
pub const DOMAIN: &str = "CODEOCEAN_DOMAIN";

/// The variable that names the account.
pub const EMAIL: &str = "CODEOCEAN_EMAIL";

/// The Git provider's token, by the platform's documentation; never Code Ocean's.
pub const GIT_TOKEN: &str = "GIT_ACCESS_TOKEN";

/// The table.
pub const VARIABLES: &[Variable] = &[
    row(TOKEN, Token, CodeOcean, "the token; set by `exec`, `env` and `agent --broker`"),
    row("CODEOCEAN_API_TOKEN", Token, CodeOcean, "the token"),
    row("CODE_OCEAN_API_TOKEN", Token, CodeOcean, "the token"),
    row("CODE_OCEAN_TOKEN", Token, CodeOcean, "the token"),
    row("API_SECRET", GenericToken, Shared, "the token, if the value looks like one"),
    row("API_KEY", GenericToken, Shared, "the token, if the value looks like one"),
    row("CUSTOM_KEY", GenericToken, Shared, "the token, if the value looks like one"),
    row("API_TOKEN", GenericToken, Shared, "the token, if the value looks like one"),
    row("CO_API_TOKEN", GenericToken, CodeOcean, "the token, if the value looks like one"),
    row("CO_TOKEN", GenericToken, Shared, "the token, if the value looks like one"),
    row("CUSTOM_KEY_2", RareToken, Shared, "the token, if the value looks like one"),
    row("CO_API_SECRET", RareToken, CodeOcean, "the token, if the value looks like one"),
    row("CO_API", RareToken, Shared, "the token, if the value looks like one"),
    row("code_ocean_api_key", RareToken, CodeOcean, "the token, if the value looks like one"),
    row("ACCESS_TOKEN", RareToken, Shared, "the token, if the value looks like one"),
    row(DOMAIN, Domain, CodeOcean, "the deployment; set by `exec`, `env` and `agent --broker`"),
    row("CODE_OCEAN_DOMAIN", Domain, CodeOcean, "the deployment"),
    row("CODEOCEAN_URL", Domain, CodeOcean, "the deployment"),
    row("CODEOCEAN_HOST", Domain, CodeOcean, "the deployment"),
    row("CO_DOMAIN", Domain, CodeOcean, "the deployment"),
    row("CODE_OCEAN_URL", Domain, CodeOcean, "the deployment"),
    row("CODEOCEAN_API_URL", Domain, CodeOcean, "the deployment"),
    row(EMAIL, Email, CodeOcean, "the account, where several are logged in; set by `exec`"),
    path("CODEOCEAN_CREDENTIALS_PATH", CodeOcean, "the credentials file, in place of `~/.codeocean/credentials.json`"),
    row(GIT_TOKEN, Other, CodeOcean, "the Git provider's token; the account's e-mail where `exec --git` sets it"),
    row("GIT_HOST", Other, CodeOcean, "the host that pipelines clone from; set by `exec --git`"),
    path("CO_CAPSULE_PATH", CodeOcean, "the capsule's folder, in place of `/root/capsule`"),
    row("CO_CAPSULE_ID", Other, CodeOcean, "the capsule, as `status` shows it"),
    row("CO_COMPUTATION_ID", Other, CodeOcean, "the computation, as `status` shows it"),
    row("CO_PIPELINE_ID", Other, CodeOcean, "the pipeline, as `status` shows it"),
    row("CO_CPUS", Other, CodeOcean, "not read, and no token is written to it"),
    row("CO_MEMORY", Other, CodeOcean, "not read, and no token is written to it"),
    row("CO_CAPSULE_URL", Other, CodeOcean, "not read, and no token is written to it"),
    row("CO_COMMIT", Other, CodeOcean, "not read, and no token is written to it"),
    row("CO_USERNAME", Other, CodeOcean, "not read, and no token is written to it"),
    path("CO_CRED_TOKEN_FILE", CoCred, "as `--token-file`"),
    row("CO_CRED_TOKEN_ENV", Other, CoCred, "as `--token-env`"),
    path("CO_CRED_SECRETS_DIR", CoCred, "the secret mount, in place of `/run/secrets`"),
    path("CO_CRED_AGENT_SOCK", CoCred, "the agent's socket; set by `agent`"),
    path("CO_CRED_BROKER_SOCK", CoCred, "the socket of an agent with a broker; set by `agent --broker`"),
    row("CO_CRED_AGENT_PID", Other, CoCred, "the agent's process; set by `agent`"),
    row("CO_CRED_LOG", Other, CoCred, "the level of the log: `info`, as `--verbose`"),
    row("CO_CRED_FORMER", Other, CoCred, "the variables that `agent stop` restores; set by `agent --broker`"),
    row("CO_CRED_WITHIN_TOKEN_COMMAND", Other, CoCred, "set for a `token_command`, which must not call co-cred"),
    row("CO_CRED_GIT_ASKPASS", Other, CoCred, "the program that answers Git for other hosts; set by `exec --git`"),
    path("CREDENTIALS_DIRECTORY", Tool, "systemd's credentials, a second secret mount"),
    path("SSL_CERT_FILE", Tool, "the certificate authorities that TLS trusts"),
    row("SSL_CERT_DIR", Other, Tool, "more certificate authorities"),
    path("REQUESTS_CA_BUNDLE", Tool, "the certificate authorities, where SSL_CERT_FILE is not set"),
    path("CURL_CA_BUNDLE", Tool, "the certificate authorities, where the two above are not set"),
    row("HTTPS_PROXY", Other, Tool, "the proxy to the deployment (`https_proxy` too)"),
    row("ALL_PROXY", Other, Tool, "the proxy, where HTTPS_PROXY is not set (`all_proxy` too)"),
    row("NO_PROXY", Other, Tool, "hosts that are reached without a proxy (`no_proxy` too); set behind a broker"),
    row("NO_COLOR", Other, Tool, "no colour in messages, where it is set"),
    path("HOME", Tool, "the home folder"),
    path("USERPROFILE", Tool, "the home folder on Windows"),
    row("XDG_CONFIG_HOME", Other, Tool, "where `co-cred/config.toml` lies, in place of `~/.config`"),
    row("XDG_DATA_HOME", Other, Tool, "where the list of logins is kept, in place of `~/.local/share`"),
    row("XDG_CACHE_HOME", Other, Tool, "where verdicts are remembered, in place of `~/.cache`"),
    row("XDG_RUNTIME_DIR", Other, Tool, "where verdicts and the agent's socket lie while a user is logged in"),
    row("APPDATA", Other, Tool, "the configuration's folder on Windows"),
    row("LOCALAPPDATA", Other, Tool, "the folder of the cache and of the list of logins on Windows"),
    row("DBUS_SESSION_BUS_ADDRESS", Other, Tool, "the bus on which the Secret Service answers"),
    row("NOTIFY_SOCKET", Other, Tool, "where systemd learns that the agent is ready"),
    row("SUDO_COMMAND", Other, Tool, "sudo was used, which drops variables"),
    path("DOCKER_CONFIG", Tool, "Docker's folder, which `setup docker` changes"),
    path("REGISTRY_AUTH_FILE", Tool, "the logins of Podman and Skopeo, which `setup docker` changes"),
    path("GITHUB_ENV", Tool, "where `env --format gha` writes variables"),
    path("GITHUB_OUTPUT", Tool, "a file that secrets are not written to"),
    path("GITHUB_PATH", Tool, "a file that secrets are not written to"),
    path("GITHUB_STATE", Tool, "a file that secrets are not written to"),
    path("GITHUB_STEP_SUMMARY", Tool, "a file that secrets are not written to"),
    row("GIT_ASKPASS", Other, Tool, "the program that Git asks; set by `exec --git`"),
    row("SSH_ASKPASS", Other, Tool, "the program that Git asks where GIT_ASKPASS has no answer"),
    row("GIT_CONFIG_PARAMETERS", Other, Tool, "settings for Git; set by `exec --git`"),
    row("GIT_NO_REPLACE_OBJECTS", Other, Tool, "set for the Git that `scan --staged` runs"),
    row("GIT_NO_LAZY_FETCH", Other, Tool, "set for the Git that `scan --staged` runs"),
    row("LC_ALL", Other, Tool, "set for the Git that co-cred runs"),
    row("AGENT_ID", Other, Tool, "not read, and no token is written to it"),
    row("LOG_LEVEL", Other, Tool, "not read, and no token is written to it"),
    row("LOG_FORMAT", Other, Tool, "not read, and no token is written to it"),
    row("PATH", Other, Tool, "where programs are looked for"),
    row("SHELL", Other, Tool, "not read, and no token is written to it"),
    row("IFS", Other, Tool, "not read, and no token is written to it"),
    row("TERM", Other, Tool, "not read, and no token is written to it"),
];

/// Prefixes of names that other programs read for something else.
const OTHER_PREFIXES: [&str; 10] =
    ["CO_CRED_", "CO_SOURCE_", "LD_", "LC_", "XDG_", "DBUS_", "SSL_CERT_", "GIT_CONFIG_", "GIT_ASKPASS", "PYTHON"];

/// Variables that hold a Code Ocean token of any shape, in the order in which they are searched.
pub const TOKENS: [&str; 4] = with_role(Token);

/// Names that other services use too, in the order in which they are searched.
pub const GENERIC_TOKENS: [&str; 6] = with_role(GenericToken);

/// Names from which some public file reads the token, beyond those above.
const RARE_TOKENS: [&str; 5] = with_role(RareToken);

/// Variables, and mounted secrets, that name the deployment, in the order in which they are searched.
pub const DOMAINS: [&str; 7] = with_role(Domain);

const fn row(name: &'static str, role: Role, owner: Owner, about: &'static str) -> Variable {
    Variable { name, role, owner, is_path: false, about }
}

const fn path(name: &'static str, owner: Owner, about: &'static str) -> Variable {
    Variable { name, role: Other, owner, is_path: true, about }
}

/// The names with a role. It does not compile where the table has another number of them.
const fn with_role<const N: usize>(role: Role) -> [&'static str; N] {
    let (mut names, mut found, mut row) = ([""; N], 0, 0);
    while row < VARIABLES.len() {
        if VARIABLES[row].role as u8 == role as u8 {
            names[found] = VARIABLES[row].name;
            found += 1;
        }
        row += 1;
    }
    assert!(found == N, "the array has another length than the rows with this role");
    names
}

/// The row of a variable.
pub fn variable(name: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|variable| variable.name == name)
}

/// Variables whose value is the path of a file or folder.
pub fn paths() -> impl Iterator<Item = &'static str> {
    VARIABLES.iter().filter(|variable| variable.is_path).map(|variable| variable.name)
}

/// What a name says of its value; none where it says nothing.
pub fn role(name: &str) -> Option<Role> {
    match variable(name) {
        Some(variable) => Some(variable.role),
        None if is_generic(name) => Some(GenericToken),
        None if name.to_ascii_uppercase().ends_with("_PROXY") => Some(Other),
        None => OTHER_PREFIXES.iter().any(|prefix| name.starts_with(prefix)).then_some(Other),
    }
}

/// Every name under which public code looks for the token. Names that only Code Ocean's users use come first.
pub fn all_tokens() -> impl Iterator<Item = &'static str> {
    TOKENS.into_iter().chain(GENERIC_TOKENS).chain(RARE_TOKENS)
}

/// Whether the value under this name may be another service's token.
pub fn is_shared(name: &str) -> bool {
    let is_of_code_ocean = variable(name).is_some_and(|variable| variable.owner == CodeOcean);
    matches!(role(name), Some(GenericToken | RareToken)) && !is_of_code_ocean
}

/// Whether two names are the same but for capitals and hyphens: as files, secrets are named `codeocean-token`.
pub fn is_same(one: &str, other: &str) -> bool {
    let plain = |byte: u8| if byte == b'-' { b'_' } else { byte.to_ascii_uppercase() };
    one.bytes().map(plain).eq(other.bytes().map(plain))
}

/// Whether it is the Git provider's token, as a variable or as a mounted file: never Code Ocean's.
pub fn is_git_token(name: &str) -> bool {
    is_same(name, GIT_TOKEN)
}

/// Whether it is one of [`GENERIC_TOKENS`], with or without a number.
pub fn is_generic(name: &str) -> bool {
    GENERIC_TOKENS.contains(&stem(name))
}

/// A name without the number that a second slot of its type gets: `API_KEY` of `API_KEY_2`.
pub fn stem(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((stem, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => name,
    }
}
