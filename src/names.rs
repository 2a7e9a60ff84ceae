//! Every variable name that has a meaning here, in one table: what its value is, as far as the name says.
//!
//! Locating, delivering, `--clean` and `--broker` read their names here. The names that public code reads, and how often,
//! were counted in 58 public files that use a token.

/// What the value of a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The token, whatever it looks like.
    Token,
    /// A token of Code Ocean's or of another service: the shape of the value tells.
    AnyToken,
    /// The deployment.
    Domain,
    /// The account's e-mail.
    Email,
    /// Something else, which must not be overwritten with a token.
    Other,
}

/// The variable that every delivery sets to the token.
pub const TOKEN: &str = "CODEOCEAN_TOKEN";

/// The variable that every delivery sets to the deployment, where one is known.
pub const DOMAIN: &str = "CODEOCEAN_DOMAIN";

/// The variable that names the account.
pub const EMAIL: &str = "CODEOCEAN_EMAIL";

/// Variables that hold a Code Ocean token whatever their value looks like.
pub const TOKENS: [&str; 4] = [TOKEN, "CODEOCEAN_API_TOKEN", "CODE_OCEAN_API_TOKEN", "CODE_OCEAN_TOKEN"];

/// Names that other services use too, in the order in which a token is looked for there. Numbered forms (`API_KEY_2`)
/// count as well.
pub const GENERIC_TOKENS: [&str; 6] = ["API_SECRET", "API_KEY", "CUSTOM_KEY", "API_TOKEN", "CO_API_TOKEN", "CO_TOKEN"];

/// Names from which some public file reads the token, beyond those above.
const RARE_TOKENS: [&str; 5] = ["CUSTOM_KEY_2", "CO_API_SECRET", "CO_API", "code_ocean_api_key", "ACCESS_TOKEN"];

/// Of the names from which public code reads the token, those that no other service uses.
const OWN_TOKENS: [&str; 3] = ["CO_API_TOKEN", "CO_API_SECRET", "code_ocean_api_key"];

/// Variables, and mounted secrets, that name the deployment, in the order in which they are looked at.
pub const DOMAINS: [&str; 7] = [
    DOMAIN,
    "CODE_OCEAN_DOMAIN",
    "CODEOCEAN_URL",
    "CODEOCEAN_HOST",
    "CO_DOMAIN",
    "CODE_OCEAN_URL",
    "CODEOCEAN_API_URL",
];

/// Variables that name a file or a folder for co-cred: a process that leaves the folder in which it was started reads a
/// relative one from there. Relative names in `XDG_*` and in `SSL_CERT_DIR` are ignored.
pub const PATHS: [&str; 19] = [
    "CODEOCEAN_CREDENTIALS_PATH",
    "CO_CAPSULE_PATH",
    "CO_CRED_AGENT_SOCK",
    "CO_CRED_BROKER_SOCK",
    "CO_CRED_SECRETS_DIR",
    "CO_CRED_TOKEN_FILE",
    "CREDENTIALS_DIRECTORY",
    "CURL_CA_BUNDLE",
    "DOCKER_CONFIG",
    "GITHUB_ENV",
    "GITHUB_OUTPUT",
    "GITHUB_PATH",
    "GITHUB_STATE",
    "GITHUB_STEP_SUMMARY",
    "HOME",
    "REGISTRY_AUTH_FILE",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "USERPROFILE",
];

/// The Git provider's token, by the platform's documentation; never Code Ocean's.
pub const GIT_TOKEN: &str = "GIT_ACCESS_TOKEN";

/// Names of the platform, of Git, and of the system that look as if they could be a token's to a person in a hurry.
const OTHERS: [&str; 21] = [
    GIT_TOKEN,
    "GIT_HOST",
    "CODEOCEAN_CREDENTIALS_PATH",
    "CREDENTIALS_DIRECTORY",
    "AGENT_ID",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "CO_CPUS",
    "CO_MEMORY",
    "CO_COMPUTATION_ID",
    "CO_CAPSULE_ID",
    "CO_CAPSULE_PATH",
    "CO_CAPSULE_URL",
    "CO_COMMIT",
    "CO_PIPELINE_ID",
    "CO_USERNAME",
    "PATH",
    "HOME",
    "SHELL",
    "IFS",
    "TERM",
];

/// Prefixes of names that other programs read for something else.
const OTHER_PREFIXES: [&str; 10] =
    ["CO_CRED_", "CO_SOURCE_", "LD_", "LC_", "XDG_", "DBUS_", "SSL_CERT_", "GIT_CONFIG_", "GIT_ASKPASS", "PYTHON"];

/// What a name says of its value; none where it says nothing.
pub fn role(name: &str) -> Option<Role> {
    let upper = name.to_ascii_uppercase();
    let is_proxy = upper.ends_with("_PROXY");
    match name {
        name if TOKENS.contains(&name) => Some(Role::Token),
        name if GENERIC_TOKENS.contains(&stem(name)) || RARE_TOKENS.contains(&name) => Some(Role::AnyToken),
        name if DOMAINS.contains(&name) => Some(Role::Domain),
        EMAIL => Some(Role::Email),
        name if OTHERS.contains(&name) || is_proxy => Some(Role::Other),
        name if OTHER_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) => Some(Role::Other),
        _ => None,
    }
}

/// Every name under which public code looks for the token. Names that only Code Ocean's users use come first.
pub fn all_tokens() -> impl Iterator<Item = &'static str> {
    TOKENS.into_iter().chain(GENERIC_TOKENS).chain(RARE_TOKENS)
}

/// Whether the name may well be another service's.
pub fn is_shared(name: &str) -> bool {
    role(name) == Some(Role::AnyToken) && !OWN_TOKENS.contains(&name)
}

/// Whether two names are the same but for capitals and hyphens: as files, secrets are named `codeocean-token`.
pub fn is_same(one: &str, other: &str) -> bool {
    let plain = |byte: u8| if byte == b'-' { b'_' } else { byte.to_ascii_uppercase() };
    one.bytes().map(plain).eq(other.bytes().map(plain))
}

/// A name without the number that a second slot of its type gets: `API_KEY` of `API_KEY_2`.
pub fn stem(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((stem, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => name,
    }
}
