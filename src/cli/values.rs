//! Parses values of options. No error repeats what was typed: it may be a token on the wrong side of an option.

use std::time::Duration;

use clap::ValueEnum;
use jiff::civil::Date;

use crate::deliver::env::{FORMATS, Format};
use crate::deployment::Form;
use crate::email::Email;
use crate::error::{Error, Reason, Result};
use crate::names::{self, Role};
use crate::parse::shell::is_name;
use crate::token;
use crate::verify::Scope;

impl ValueEnum for Scope {
    fn value_variants<'a>() -> &'a [Scope] {
        &Scope::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.word()))
    }
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Format] {
        FORMATS
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.word).help(self.help))
    }
}

/// Parses a duration, more than 0 and at most a day: `90` (seconds), `90s`, `1m 30s`, `2h`.
///
/// # Errors
/// Usage.
pub fn duration(option: &str, typed: &str) -> Result<Duration> {
    let seconds = typed.trim().parse::<u32>().map(|seconds| Duration::from_secs(seconds.into())).ok();
    let parse = || typed.parse::<jiff::SignedDuration>().ok().and_then(|signed| Duration::try_from(signed).ok());
    let day = Duration::from_secs(24 * 60 * 60);
    seconds.or_else(parse).filter(|duration| !duration.is_zero() && *duration <= day).ok_or_else(|| {
        Error::new(Reason::Usage, format!("{option} takes a duration of more than 0s and at most 1 day"))
            .hint("write it as 30s, 5m or 1h")
    })
}

/// Parses a day: `2027-06-30`.
///
/// # Errors
/// Usage.
pub fn day(option: &str, typed: &str) -> Result<Date> {
    typed.trim().parse::<Date>().map_err(|_| {
        Error::new(Reason::Usage, format!("{option} takes a date")).hint("write it as YYYY-MM-DD, such as 2027-06-30")
    })
}

/// Parses an e-mail address.
///
/// # Errors
/// Usage.
pub fn email(option: &str, typed: &str) -> Result<Email> {
    Email::parse(typed).filter(|_| !token::is_token_like(typed.as_bytes())).ok_or_else(|| {
        Error::new(Reason::Usage, format!("{option} takes an e-mail address")).hint("write it as ada@example.org")
    })
}

/// Checks the names of `--as`.
///
/// # Errors
/// Usage; what was typed is not repeated where it looks like a token.
pub fn variable_names(typed: &[String]) -> Result<()> {
    let is_for_tokens = |name: &str| !matches!(names::role(name), Some(Role::Domain | Role::Email | Role::Other));
    match typed.iter().find(|name| !is_free(name) || !is_for_tokens(name)) {
        None => Ok(()),
        Some(_) => Err(Error::new(
            Reason::Usage,
            "--as takes the name of a variable for the token: letters, digits and _, and not a name with another meaning",
        )
        .hint("write it as --as API_SECRET; --domain-as names a variable for the deployment")),
    }
}

/// Parses a `--domain-as`: `NAME`, `NAME=host` or `NAME=url`.
///
/// # Errors
/// Usage, as [`variable_names`].
pub fn domain_name(typed: &str) -> Result<(String, Form)> {
    let (name, form) = match typed.split_once('=') {
        None => (typed, Some(Form::Url)),
        Some((name, "url")) => (name, Some(Form::Url)),
        Some((name, "host")) => (name, Some(Form::Host)),
        Some((name, _)) => (name, None),
    };
    let is_for_domains = matches!(names::role(name), None | Some(Role::Domain)) || name == "GIT_HOST";
    match form.filter(|_| is_free(name) && is_for_domains) {
        Some(form) => Ok((name.to_owned(), form)),
        None => Err(Error::new(
            Reason::Usage,
            "--domain-as takes the name of a variable for the deployment, optionally followed by =host or =url",
        )
        .hint("write it as --domain-as CO_HOST=host, for code that puts https:// before it")),
    }
}

/// Whether a name may be set: a shell can name it, and it is not a token in the wrong place.
fn is_free(name: &str) -> bool {
    is_name(name) && !token::is_token_like(name.as_bytes())
}
