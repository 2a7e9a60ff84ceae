//! `token_command`: a program, such as a password manager, that prints the token. It runs without a shell, at most for
//! `--timeout`; the user sees its standard error.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::env::Env;
use crate::error::{Error, Reason, Result};
use crate::patterns::{Encodings, holds_token};
use crate::process::{self, Failure};
use crate::token::{self, Token, is_token_like};

use super::candidates::{Candidate, choose};
use super::config::{Config, Configured, path};
use super::search::Search;
use super::source::{Found, Place, PlaceKind, Source, TokenScope};

/// Set for the command: a co-cred that it calls does not call it again.
const WITHIN: &str = "CO_CRED_WITHIN_TOKEN_COMMAND";

/// The command that is configured for the deployment of the search.
pub(super) struct TokenCommand<'a> {
    pub(super) search: &'a Search<'a>,
}

impl TokenCommand<'_> {
    /// The command that is configured for the deployment of the search.
    fn configured(&self) -> Result<Option<(&Configured, &[String])>> {
        let config = self.search.config()?;
        if config.deployments.iter().all(|configured| configured.token_command.is_none()) {
            return Ok(None);
        }
        let Some(resolved) = self.search.meant()? else { return unresolved(config) };
        let configured = config.of(&resolved.deployment);
        Ok(configured.and_then(|configured| Some((configured, configured.token_command.as_deref()?))))
    }
}

/// No deployment is known: of several commands, none can be chosen.
fn unresolved<T>(config: &Config) -> Result<Option<T>> {
    let mut with_command = config.deployments.iter().filter(|configured| configured.token_command.is_some());
    match (with_command.next(), with_command.next()) {
        (Some(one), Some(other)) => {
            let (one, other) = (&one.deployment, &other.deployment);
            let what = format!("{one} and {other} both have a token_command, and nothing says which is meant");
            Err(Error::new(Reason::Ambiguous, what)
                .hint(format!("choose with --deployment {one}, or write default = true below one of them")))
        }
        _ => Ok(None),
    }
}

impl Source for TokenCommand<'_> {
    fn token_scope(&self) -> TokenScope {
        TokenScope::Bound
    }

    fn named_by(&self) -> &'static [&'static str] {
        &[]
    }

    fn files(&self) -> Vec<PathBuf> {
        path(self.search.env()).into_iter().collect()
    }

    fn place(&self) -> Place {
        let file = path(self.search.env()).map_or_else(String::new, |path| format!(" in {}", path.display()));
        Place::new(PlaceKind::Command, format!("token_command{file}"))
    }

    fn find(&self) -> Result<Option<Found>> {
        let Some((configured, command)) = self.configured()? else { return Ok(None) };
        let place = Place::new(PlaceKind::Command, format!("token_command ({})", command[0]));
        let output = run(self.search, command).map_err(|why| {
            failed(&place.place, &why).hint(format!(
                "run it by hand and see; it is started without a shell, and has {} (--timeout)",
                in_words(self.search.options.timeout)
            ))
        })?;
        let raw = first_line(&output);
        let found = choose([Candidate { place: place.clone(), raw }])?;
        let mut found = found.ok_or_else(|| {
            failed(&place.place, "printed nothing").hint("it must print the token on standard output")
        })?;
        found.deployment = Some(configured.deployment.clone());
        Ok(Some(found))
    }

    fn at_a_glance(&self) -> Option<String> {
        Some(match self.configured() {
            Ok(Some((configured, command))) => format!("{} is run for {}", command[0], configured.deployment),
            Ok(None) => "nothing".to_owned(),
            Err(error) => error.what,
        })
    }
}

fn failed(place: &str, why: &str) -> Error {
    Error::new(Reason::Command, format!("{place} {why}"))
}

/// Password managers keep the password on the first line, and notes below it.
fn first_line(output: &[u8]) -> &[u8] {
    let line = output.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The environment without tokens: a password manager needs none, and the configuration decides which program runs.
fn without_tokens(env: &Env) -> impl Iterator<Item = (&OsStr, &OsStr)> {
    let tokens = env.iter().filter(|(_, value)| is_token_like(value.as_encoded_bytes()));
    let tokens = tokens.filter_map(|(_, value)| Some(Token::parse(value.as_encoded_bytes()).ok()?.token));
    let encodings: Vec<Encodings> = tokens.map(|token| Encodings::of(&token)).collect();
    env.iter().filter(move |(_, value)| !holds_token(value, &encodings))
}

fn run(search: &Search, command: &[String]) -> Result<Zeroizing<Vec<u8>>, String> {
    if search.env().get(WITHIN).is_some() {
        return Err("calls co-cred, which would call it again".to_owned());
    }
    let [program, args @ ..] = command else { return Err("is empty".to_owned()) };
    let is_path = Path::new(program).components().nth(1).is_some();
    if is_path && !Path::new(program).is_absolute() {
        return Err("is a relative path, which means another program in every folder".to_owned());
    }
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(without_tokens(search.env())).env(WITHIN, "1");
    match process::output(&mut command, search.options.timeout, token::LIMIT) {
        Ok(output) if output.status.success() => Ok(output.stdout),
        Ok(output) => Err(format!("failed ({})", output.status)),
        Err(Failure::NotStarted(ErrorKind::NotFound)) if is_path => Err("does not exist".to_owned()),
        Err(Failure::NotStarted(ErrorKind::NotFound)) => Err("is not on PATH".to_owned()),
        Err(Failure::NotStarted(kind)) => Err(format!("cannot be started ({kind})")),
        Err(Failure::TimedOut) => Err(format!("did not finish within {}", in_words(search.options.timeout))),
        Err(Failure::TooLong) => Err("printed more than 8 KiB".to_owned()),
    }
}

fn in_words(time: Duration) -> String {
    if time.subsec_millis() == 0 { format!("{} s", time.as_secs()) } else { format!("{} ms", time.as_millis()) }
}
