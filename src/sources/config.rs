//! The configuration, `config.toml`: deployments, each with the account's e-mail and the command that prints its token.
//!
//! It is read only where no source before it has a token. An unknown key is an error: with a misspelt key, the token would be
//! taken from another source without a warning.

use std::path::PathBuf;

use serde::Deserialize;
use toml::{Table, Value};

use crate::deployment::Deployment;
use crate::email::Email;
use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::files::{self, ReadError};

/// The most bytes that the file may have.
const LIMIT: usize = 64 * 1024;

/// The one key outside of a deployment's table, and those inside.
const TABLE: &str = "deployment";
const KEYS: [&str; 4] = ["domain", "email", "token_command", "default"];

/// What is configured.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) deployments: Vec<Configured>,
}

/// One `[[deployment]]`.
#[derive(Debug)]
pub(super) struct Configured {
    pub(super) deployment: Deployment,
    pub(super) email: Option<Email>,
    /// The program and its arguments.
    pub(super) token_command: Option<Vec<String>>,
    pub(super) default: bool,
}

#[derive(Deserialize)]
struct Raw {
    domain: String,
    email: Option<String>,
    token_command: Option<Vec<String>>,
    #[serde(default)]
    default: bool,
}

impl Config {
    /// Reads the file; none is an empty one.
    ///
    /// # Errors
    /// It is there but cannot be read, or not understood.
    pub(super) fn read(env: &Env) -> Result<Config> {
        let Some(path) = path(env) else { return Ok(Config::default()) };
        let shown = path.display().to_string();
        match files::read(&path, LIMIT) {
            // It says which programs are run, and where a token goes.
            Ok(contents) if !contents.owned => {
                Err(Error::new(Reason::Unreadable, format!("the configuration {shown} is another user's"))
                    .hint("XDG_CONFIG_HOME names a folder of your own; under sudo, sudo -H sets HOME"))
            }
            Ok(contents) if !contents.trusted => {
                Err(Error::new(Reason::Unreadable, format!("the configuration {shown} can be written by other users"))
                    .hint(format!("make it yours, and no one else's to write: chmod go-w {shown}")))
            }
            Ok(contents) => {
                let deployments = parse(&contents.bytes).map_err(|error| at(&shown, error))?;
                Ok(Config { deployments })
            }
            Err(ReadError::NotFound) => Ok(Config::default()),
            Err(ReadError::Hidden) if env.is_elsewhere("XDG_CONFIG_HOME") => Ok(Config::default()),
            Err(trouble) => Err(Error::new(Reason::Unreadable, format!("the configuration {shown} {trouble}"))
                .hint("make it a file that you can read, or remove it")),
        }
    }

    pub(super) fn of(&self, deployment: &Deployment) -> Option<&Configured> {
        self.deployments.iter().find(|configured| configured.deployment == *deployment)
    }

    pub(super) fn preferred(&self) -> Option<&Configured> {
        self.deployments.iter().find(|configured| configured.default)
    }
}

/// The file, `$XDG_CONFIG_HOME/co-cred/config.toml`.
pub(super) fn path(env: &Env) -> Option<PathBuf> {
    Some(env.config_dir()?.join("config.toml"))
}

/// What is wrong, and what to write instead.
struct Mistake {
    what: String,
    hint: String,
}

impl Mistake {
    fn new(what: impl Into<String>, hint: impl Into<String>) -> Mistake {
        Mistake { what: what.into(), hint: hint.into() }
    }
}

fn at(path: &str, mistake: Mistake) -> Error {
    Error::new(Reason::BadConfig, format!("the configuration {path} cannot be used: {}", mistake.what))
        .hint(mistake.hint)
}

fn parse(bytes: &[u8]) -> Result<Vec<Configured>, Mistake> {
    let text = std::str::from_utf8(bytes).map_err(|_| Mistake::new("it is not UTF-8 text", "save it as UTF-8"))?;
    // The parser's own words quote the line, which may hold anything.
    let table: Table = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        Mistake::new(format!("line {line} is not TOML"), "values are quoted: domain = \"codeocean.example.org\"")
    })?;
    known(&table, &[TABLE])?;
    let tables = match table.get(TABLE) {
        None => return Ok(Vec::new()),
        Some(Value::Array(tables)) => tables,
        Some(_) => return Err(Mistake::new("deployment is one table", "write [[deployment]], in double brackets")),
    };
    let deployments = tables.iter().map(configured).collect::<Result<Vec<_>, _>>()?;
    unique(&deployments)?;
    Ok(deployments)
}

fn configured(value: &Value) -> Result<Configured, Mistake> {
    let Value::Table(table) = value else {
        return Err(Mistake::new("deployment is no table", "write [[deployment]], in double brackets"));
    };
    known(table, &KEYS)?;
    let raw: Raw = value.clone().try_into().map_err(|_| {
        Mistake::new(
            "a deployment has no domain, or a value of the wrong kind",
            "domain and email are text, token_command is a list such as [\"pass\", \"show\", \"code-ocean\"], default is true",
        )
    })?;
    let (deployment, _) = Deployment::parse_address(&raw.domain)
        .map_err(|unusable| Mistake::new(format!("a domain {unusable}"), "write it as codeocean.example.org"))?;
    let email = raw.email.map(|text| {
        Email::parse(&text).ok_or_else(|| {
            Mistake::new(format!("the email of {deployment} is no e-mail address"), "write it as ada@example.org")
        })
    });
    if raw.token_command.as_ref().is_some_and(Vec::is_empty) {
        return Err(Mistake::new(
            format!("the token_command of {deployment} is empty"),
            "name a program, or leave it out",
        ));
    }
    Ok(Configured { email: email.transpose()?, token_command: raw.token_command, default: raw.default, deployment })
}

/// Every key is one of these, or an error that names the nearest.
fn known(table: &Table, keys: &[&str]) -> Result<(), Mistake> {
    let Some(unknown) = table.keys().find(|key| !keys.contains(&key.as_str())) else { return Ok(()) };
    let nearness = |key: &str| strsim::jaro_winkler(unknown, key);
    let nearest = keys.iter().max_by(|one, other| nearness(one).total_cmp(&nearness(other)));
    let nearest = nearest.copied().unwrap_or_default();
    Err(Mistake::new(format!("there is no key {unknown:?}"), format!("did you mean {nearest}?")))
}

/// No deployment is named twice, and no two are the default.
fn unique(deployments: &[Configured]) -> Result<(), Mistake> {
    for (index, one) in deployments.iter().enumerate() {
        let others = &deployments[..index];
        if others.iter().any(|other| other.deployment == one.deployment) {
            return Err(Mistake::new(format!("{} is there twice", one.deployment), "keep one of the two"));
        }
        if one.default && others.iter().any(|other| other.default) {
            return Err(Mistake::new("two deployments are the default", "keep default = true in one of them"));
        }
    }
    Ok(())
}
